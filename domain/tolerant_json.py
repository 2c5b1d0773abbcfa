"""JSON as spreadsheets, word processors and Python leave it; every deviation is named, none is guessed."""

import re

from domain.json_text import MAX_DEPTH, Json, NotJson, finite, unique_keys

_SPACE = re.compile(r"[ \t\r\n\u00a0\ufeff]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![\w.])")
_WORD = re.compile(r"[A-Za-z]+")
_WORDS: dict[str, tuple[Json, bool]] = {
    "true": (True, True), "false": (False, True), "null": (None, True),
    "True": (True, False), "False": (False, False), "None": (None, False),
}  # fmt: skip
_CLOSERS = {'"': '"', "'": "'", "“": "“”", "”": "“”", "„": "“”", "‘": "‘’", "’": "‘’"}
_PLAIN = {opener: re.compile(rf"[^\\{closers}]+") for opener, closers in _CLOSERS.items()}
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f]")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX = {"x": 2, "u": 4, "U": 8}


def read_values(text: str) -> tuple[list[Json], list[str]]:
    """The values that stand one after the other in the text, and what had to be repaired.

    Accepted beside JSON: single and typographic quotes around a text, Python's words and escapes, a comma
    before a closing bracket, line breaks within a text, and several values (texts need commas between them).

    Raises:
        NotJson: anything else, with the character where reading stopped.
    """
    reader = _Reader(text)
    values: list[Json] = []
    is_parted = True
    while not reader.at_end():
        values.append(reader.value(1))
        if not is_parted and any(isinstance(value, str) for value in values[-2:]):
            raise reader.stop("two texts stand side by side")
        is_parted = reader.skip(",") or reader.skip(";")
        if is_parted and reader.at_end():
            reader.repair("comma at the end left out")
    return values, list(reader.repairs)


def read_quoted_objects(text: str) -> tuple[list[Json], list[str]]:
    """The objects of a list whose items were put in quotes without escaping, as in ["{"role": "user"}"].

    Raises:
        NotJson: the text is not of that form.
    """
    reader = _Reader(text)
    values: list[Json] = []
    in_list = reader.skip("[")
    while True:
        quote = reader.take_quote()
        if not reader.sees("{"):
            raise reader.stop("an object was expected within the quotes")
        values.append(reader.value(1))
        if not any(reader.skip(closer) for closer in _CLOSERS[quote]):
            raise reader.stop("the quote around an object is not closed")
        if not reader.skip(","):
            break
    if in_list and not reader.skip("]"):
        raise reader.stop("the list is not closed")
    if not reader.at_end():
        raise reader.stop("something stands after the end")
    return values, [*reader.repairs, "quotes around whole objects removed"]


class _Reader:
    """Reads a text from left to right and remembers what it forgave."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self.repairs: dict[str, None] = {}

    def repair(self, name: str) -> None:
        self.repairs[name] = None

    def stop(self, why: str) -> NotJson:
        return NotJson(f"Not JSON: {why} at character {self._place + 1}.")

    def at_end(self) -> bool:
        self._skip_space()
        return self._place == len(self._text)

    def sees(self, character: str) -> bool:
        self._skip_space()
        return self._text.startswith(character, self._place)

    def skip(self, character: str) -> bool:
        is_there = self.sees(character)
        self._place += is_there
        return is_there

    def take_quote(self) -> str:
        quote = next((opener for opener in _CLOSERS if self.skip(opener)), None)
        if quote is None:
            raise self.stop("a quote was expected")
        return quote

    def value(self, level: int) -> Json:
        if level > MAX_DEPTH:
            raise NotJson(f"Nested deeper than {MAX_DEPTH} levels.")
        if self.skip("{"):
            return self._object(level)
        if self.skip("["):
            return self._list(level)
        if any(self.sees(opener) for opener in _CLOSERS):
            return self._string()
        return self._number_or_word()

    def _object(self, level: int) -> Json:
        pairs: list[tuple[str, Json]] = []
        while not self._closes("}", has_items=bool(pairs)):
            key = self._string()
            if not self.skip(":"):
                raise self.stop("a colon was expected")
            pairs.append((key, self.value(level + 1)))
        return unique_keys(pairs)

    def _list(self, level: int) -> Json:
        items: list[Json] = []
        while not self._closes("]", has_items=bool(items)):
            items.append(self.value(level + 1))
        return items

    def _closes(self, closer: str, *, has_items: bool) -> bool:
        """Whether the bracket closes here; between two items, the comma is taken."""
        if self.skip(closer):
            return True
        if not has_items:
            return False
        if not self.skip(","):
            raise self.stop(f"a comma or {closer} was expected")
        if self.skip(closer):
            self.repair("comma before a closing bracket left out")
            return True
        return False

    def _string(self) -> str:
        opener = self.take_quote()
        if opener != '"':
            self.repair("single quotes made double" if opener == "'" else "typographic quotes made straight")
        parts: list[str] = []
        while True:
            if plain := _PLAIN[opener].match(self._text, self._place):
                parts.append(self._checked(plain.group(), opener))
                self._place = plain.end()
            mark = self._text[self._place : self._place + 1]
            if not mark:
                raise self.stop("a text is not closed")
            self._place += 1
            if mark != "\\":
                return _joined_halves("".join(parts))
            parts.append(self._escape(opener))

    def _checked(self, part: str, opener: str) -> str:
        if opener not in "\"'" and '"' in part:
            raise self.stop("straight and typographic quotes are mixed")
        if _CONTROL.search(part):
            self.repair("line breaks and tabs within a text escaped")
        return part

    def _escape(self, opener: str) -> str:
        mark = self._text[self._place : self._place + 1]
        self._place += 1
        if mark in _ESCAPES and mark and not (mark == "/" and opener == "'"):
            return _ESCAPES[mark]
        if mark and opener not in "\"'" and mark in _CLOSERS[opener]:
            return '"' if opener in "“”„" else "'"
        if mark == "'":
            self.repair("Python's escapes rewritten")
            return mark
        if mark not in _HEX or not mark:
            raise self.stop("an unknown escape stands")
        digits = self._text[self._place : self._place + _HEX[mark]]
        if (
            len(digits) < _HEX[mark]
            or not re.fullmatch(r"[0-9a-fA-F]+", digits)
            or int(digits, 16) > 0x10FFFF
        ):
            raise self.stop("a broken escape stands")
        self._place += _HEX[mark]
        if mark != "u":
            self.repair("Python's escapes rewritten")
        return chr(int(digits, 16))

    def _number_or_word(self) -> Json:
        if number := _NUMBER.match(self._text, self._place):
            self._place = number.end()
            return finite(number.group()) if number[1] or number[2] else int(number.group())
        word = _WORD.match(self._text, self._place)
        if word is None or word.group() not in _WORDS:
            raise self.stop("a value was expected")
        self._place = word.end()
        value, is_json = _WORDS[word.group()]
        if not is_json:
            self.repair("Python's True, False and None rewritten")
        return value

    def _skip_space(self) -> None:
        space = _SPACE.match(self._text, self._place)
        if space and space.end() > self._place:
            if "\u00a0" in space.group() or "\ufeff" in space.group():
                self.repair("invisible characters between values left out")
            self._place = space.end()


def _joined_halves(text: str) -> str:
    r"""The text with two escaped halves of a character put together, as JSON means \ud83d\ude00."""
    if not _HALF_CHARACTER.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")

"""Pure rules about the text of a comment: keys to compare it by, and ways to show it unharmed."""

import re
import unicodedata

TEXT_RULES_VERSION = "text-1"

_LINK = re.compile(r"(?:https?://|www\.)\S+")
_HANDLE = re.compile(r"(?<!\w)@\w+")
_DIGITS = re.compile(r"\d+")
_ZEROS = re.compile(r"00+")
_SPACE = re.compile(r"\s+")
_REPEAT = re.compile(r"(.)\1{2,}", re.DOTALL)

# On ASCII, lower case, 0 for any digit and a space for any white space is all that folding comes to.
_ASCII_FOLD = bytes(
    ord(" " if chr(code).isspace() else "0" if chr(code).isdigit() else chr(code).lower())
    for code in range(128)
) + bytes(range(128, 256))

_NAMED_CONTROLS = {
    0x200B: "ZWSP", 0x200C: "ZWNJ", 0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM", 0x2060: "WJ", 0xFEFF: "BOM",
    0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO",
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI",
}  # fmt: skip
_ZWJ = 0x200D
_FORMULA_STARTS = "=+-@\t\r＝＋－＠"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^])")


def match_key(text: str) -> str:
    """What two comments share when a person would call them the same text.

    Case, width, accents on Latin letters, invisible characters, repeated letters and white space do not
    count; links, handles and numbers count only as such. Empty for a text with nothing to see in it.

    Source: the first layer of near-duplicate search in `docs/decisions/0003-splits.md`.
    """
    return without_repeats(folded(text))


def folded(text: str) -> str:
    """The match key before its repeated letters are shortened; `without_repeats` completes it."""
    if text.isascii():
        kept = text.encode("ascii").translate(_ASCII_FOLD).decode("ascii")
    else:
        kept = _DIGITS.sub("0", _SPACE.sub(" ", _without_invisible(text)))
    if "://" in kept or "www." in kept:
        kept = _LINK.sub("<link>", kept)
    if "@" in kept:
        kept = _HANDLE.sub("@", kept)
    if "00" in kept:
        kept = _ZEROS.sub("0", kept)
    if "  " in kept:
        kept = _SPACE.sub(" ", kept)
    return kept.strip(" ")


def without_repeats(kept: str) -> str:
    """The text with three or more of the same character in a row shortened to two."""
    return _REPEAT.sub(r"\1\1", kept)


def _without_invisible(text: str) -> str:
    kept = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    for character in set(kept):
        if character > "\x7f" and unicodedata.category(character) in ("Mn", "Cf"):
            kept = kept.replace(character, "")
    return kept


def visible(text: str) -> str:
    """The text with invisible and direction-changing characters written out, as in `⟦RLO⟧`.

    A joiner between two emoji stays as it is: without it the picture would fall apart.
    """
    shown = []
    for place, character in enumerate(text):
        name = _NAMED_CONTROLS.get(ord(character))
        if name is None and unicodedata.category(character) == "Cc" and character not in "\n\r\t":
            name = f"U+{ord(character):04X}"
        joins_emoji = ord(character) == _ZWJ and place > 0 and _is_symbol(text[place - 1])
        shown.append(character if name is None or joins_emoji else f"⟦{name}⟧")
    return "".join(shown)


def escape_markdown(text: str) -> str:
    """The text such that Markdown shows it letter by letter, on one line."""
    return _MARKDOWN.sub(r"\\\1", _SPACE.sub(" ", visible(text)))


def without_formula(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run as a formula."""
    first = cell.lstrip(" \"'\u200b\ufeff\n\u00a0\u3000")[:1]
    risky = first and first in _FORMULA_STARTS
    return f"'{cell}" if risky or cell[:1] in ("\t", "\r") else cell


def shortened(text: str, length: int = 80) -> str:
    """The text on one line, at most `length` characters, invisible characters written out."""
    line = _SPACE.sub(" ", visible(text)).strip()
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _is_symbol(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sk", "Mn", "Sm")

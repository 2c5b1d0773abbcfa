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
    0x061C: "ALM", 0x00AD: "SHY", 0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI",
}  # fmt: skip
_ZWJ = 0x200D
_FLAG, _TAGS = "\U0001f3f4", frozenset(map(chr, range(0xE0020, 0xE0080)))
_FORMULA_STARTS = "=+-@"
# What Markdown renderers look for once the escapes are gone: links, addresses, icons, arrows and dashes.
_FOUND_ANYWAY = re.compile(
    r"(?<=:)(?=//|material/|streamlit:)|(?<=www)(?=\.)|(?<=\S)(?=@\w)"
    r"|(?<=[-<>~])(?=[-=>]+(?:\s|$))",
    re.IGNORECASE,
)
_WORD_JOINER = "\u2060"
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

    A joiner between two emoji and the letters inside a flag stay as they are: without them the picture would
    fall apart.
    """
    shown = []
    before, in_flag = "", False
    for character in text:
        in_flag = character == _FLAG or (in_flag and character in _TAGS)
        in_emoji = in_flag or (ord(character) == _ZWJ and _is_symbol(before))
        name = None if in_emoji else _control_name(character)
        shown.append(character if name is None else f"⟦{name}⟧")
        before = character
    return "".join(shown)


def _control_name(character: str) -> str | None:
    if character < "\x7f":
        shows_nothing = character < " " and character not in "\n\r\t"
    else:
        kind = unicodedata.category(character)
        # Other format characters, such as the Arabic number signs, can be seen.
        shows_nothing = kind == "Cc" or (kind == "Cf" and unicodedata.bidirectional(character) == "BN")
    fallback = f"U+{ord(character):04X}" if shows_nothing else None
    return _NAMED_CONTROLS.get(ord(character), fallback)


def escape_markdown(text: str) -> str:
    """The text such that Markdown shows it letter by letter, on one line.

    Inside links, addresses and icon names stands a word joiner, which nobody sees: an escape alone does not
    keep a renderer from finding them.
    """
    line = _SPACE.sub(" ", visible(text))
    return _MARKDOWN.sub(r"\\\1", _FOUND_ANYWAY.sub(_WORD_JOINER, line))


def without_formula(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run as a formula.

    Quotes, white space and invisible characters before the sign do not hide it, nor do wide and small forms.
    """
    first = next((c for c in cell if c not in "\"'" and unicodedata.category(c)[0] not in "ZC"), "")
    risky = first and unicodedata.normalize("NFKC", first)[0] in _FORMULA_STARTS
    return f"'{cell}" if risky or cell[:1] in ("\t", "\r") else cell


def shortened(text: str, length: int = 80) -> str:
    """The text on one line, at most `length` characters, invisible characters written out."""
    line = _SPACE.sub(" ", visible(text)).strip()
    return line if len(line) <= length else f"{line[: length - 1]}…"


def sentence(text: str) -> str:
    """The text with a full stop, where it does not end with a mark of its own."""
    text = text.rstrip()
    return text if not text or text[-1] in ".!?:…" else f"{text}."


def with_hint(message: str, hint: str) -> str:
    """What went wrong and what to do about it, as sentences one after the other."""
    return f"{sentence(message)} {hint}".strip() if hint else message


def _is_symbol(character: str) -> bool:
    return character != "" and unicodedata.category(character) in ("So", "Sk", "Mn", "Sm")

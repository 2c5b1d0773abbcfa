"""Personal data replaced by typed placeholders, such as <EMAIL_1>: equal finds of a text get one number."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from unicodedata import category, normalize

import phonenumbers

from domain.personal_data import (
    EMAIL,
    HANDLE,
    IBAN,
    IPV4,
    IPV6,
    LONG_DIGITS,
    PHONE,
    STREET,
    URL,
    is_card,
    is_iban,
    is_ip,
    is_phone,
)

PERSONAL_VERSION = "personal-1"
KINDS = ("EMAIL", "INVITE", "URL", "IBAN", "CARD", "IP", "PHONE", "HANDLE", "ADDRESS")

_INVITE = re.compile(
    r"(?:https?://)?(?:www\.)?(?:discord(?:app)?\.(?:gg|com/invite|me)|t(?:elegram)?\.me|chat\.whatsapp\.com"
    r"|wa\.me|join\.slack\.com|signal\.group|snapchat\.com/add|kik\.me)/[^\s<>\"')]+",
    re.IGNORECASE,
)
# Seven to fifteen digits and what people write between them, with an extension behind.
_NUMBER = re.compile(
    r"(?<![\w.,$€£#])(?:\+|00)?[\s(]{0,2}\d(?:[\s().\-/]{0,3}\d){6,16}(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?!\w)",
    re.IGNORECASE,
)
_PATH = re.compile(r"[/?#:][^\s<>\"')]*")
_EXTENSION = re.compile(r"\s?(?:x|ext\.?)\s?\d{1,6}$", re.IGNORECASE)
_DATE = re.compile(
    r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b|(?:19|20)\d\d\s?[-/]\s?(?:19|20)\d\d|\d{4}-\d{2}-\d{2}"
)
# Where a number without a country code is at home; valid in one of them is enough.
_REGIONS = ("US", "GB", "DE", "FR", "ES", "BR", "IT", "JP", "IN")

# What a text must look like for a rule to be tried: most comments have none of it, and are through at once.
_DIGIT = re.compile(r"\d")
_DOTTED = re.compile(r"[^\W_]\.[^\W_]|:\s?/|\bwww\b")
_SEVEN = re.compile(r"\d(?:\D{0,3}\d){6}")
_ACCOUNT = re.compile(r"[A-Za-z]{2}\d\d(?:[ -]?[A-Za-z0-9]){11}")


@dataclass(frozen=True)
class Found:
    """One find: its kind (one of KINDS), and where it stands in the text."""

    kind: str
    start: int
    end: int


def find_all(text: str) -> list[Found]:
    """Every find in the text, from left to right; none overlaps another.

    Width and invisible characters hide none. Names of people are not looked for: their form does not tell.
    """
    folded, places = _folded(text)
    shapes = _shapes(folded)
    if not shapes:
        return []
    taken: list[Found] = []
    for kind, shape, finds in _RULES:
        if shape not in shapes:
            continue
        for start, end in finds(folded):
            if not any(start < one.end and one.start < end for one in taken):
                taken.append(Found(kind, start, end))
    taken.sort(key=lambda one: one.start)
    if places is None:
        return taken
    return [Found(one.kind, places[one.start], places[one.end - 1] + 1) for one in taken]


def without_personal_data(text: str) -> str:
    """The text with each find replaced by its kind and number, as in `<PHONE_1>`."""
    finds = find_all(text)
    if not finds:
        return text
    numbers: dict[str, dict[str, int]] = {}
    parts, end = [], 0
    for one in finds:
        known = numbers.setdefault(one.kind, {})
        number = known.setdefault(text[one.start : one.end].casefold(), len(known) + 1)
        parts += [text[end : one.start], f"<{one.kind}_{number}>"]
        end = one.end
    return "".join([*parts, text[end:]])


def _shapes(text: str) -> set[str]:
    shapes = set()
    if "@" in text or "at)" in text.casefold() or "at]" in text.casefold():
        shapes.add("@")
    if _DOTTED.search(text):
        shapes.add(".")
    if "::" in text or text.count(":") > 6:
        shapes.add("::")
    if _DIGIT.search(text):
        shapes.add("1")
        if _SEVEN.search(text):
            shapes.add("7")
        if _ACCOUNT.search(text):
            shapes.add("account")
    return shapes


def _folded(text: str) -> tuple[str, list[int] | None]:
    """The text in plain width without invisible characters, and where each of its characters came from."""
    if text.isascii():
        return text, None
    kept, places = [], []
    for place, character in enumerate(text):
        if character < "\x80":
            kept.append(character)
            places.append(place)
        elif category(character) != "Cf":
            wide = normalize("NFKC", character)
            kept.append(wide)
            places += [place] * len(wide)
    return "".join(kept), places


def _each(
    pattern: re.Pattern[str], is_one: Callable[[str], bool] = bool
) -> Callable[[str], Iterator[tuple[int, int]]]:
    def finds(text: str) -> Iterator[tuple[int, int]]:
        for match in pattern.finditer(text):
            if is_one(match.group()):
                yield match.span()

    return finds


def _is_address(found: str) -> bool:
    """Whether the domain ends in letters ("me @ 5.30" is none), and no handle is meant ("Hi @some.body")."""
    if re.search(r"\s@\S", found):
        return False
    return found.rstrip(")]").rsplit(".", 1)[-1].strip().isalpha() or "dot" in found.casefold()


def _urls(text: str) -> Iterator[tuple[int, int]]:
    """Web addresses, each with the path behind its domain."""
    for match in URL.finditer(text):
        behind = _PATH.match(text, match.end())
        yield match.start(), behind.end() if behind else match.end()


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _NUMBER.finditer(text):
        found = match.group()
        plain = _EXTENSION.sub("", found).strip()
        if not _DATE.search(found) and is_phone(found) and (PHONE.fullmatch(plain) or _is_known(plain)):
            lead = len(found) - len(found.lstrip())
            yield match.start() + lead, match.end()
    for match in PHONE.finditer(text):
        if is_phone(match.group()) and not _DATE.search(match.group()):
            yield match.span()


@cache
def _is_known(found: str) -> bool:
    """Whether it is a possible number with a country code, or a valid one somewhere."""
    for region in _REGIONS:
        try:
            number = phonenumbers.parse(found, region)
        except phonenumbers.NumberParseException:
            continue
        if found.lstrip(" (").startswith("+") and phonenumbers.is_possible_number(number):
            return True
        if phonenumbers.is_valid_number(number):
            return True
    return False


_RULES: tuple[tuple[str, str, Callable[[str], Iterator[tuple[int, int]]]], ...] = (
    ("EMAIL", "@", _each(EMAIL, _is_address)),
    ("INVITE", ".", _each(_INVITE)),
    ("URL", ".", _urls),
    ("IBAN", "account", _each(IBAN, is_iban)),
    ("CARD", "7", _each(LONG_DIGITS, is_card)),
    ("IP", "1", _each(IPV4, is_ip)),
    ("IP", "::", _each(IPV6, is_ip)),
    ("PHONE", "7", _phones),
    ("HANDLE", "@", _each(HANDLE)),
    ("ADDRESS", "1", _each(STREET)),
)

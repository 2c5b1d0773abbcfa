"""Personal data in a text, as far as its form gives it away: names of people do not.

One set of rules for both: what is replaced for models, and what stops a text before it leaves for a provider.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category, is_normalized, normalize

import phonenumbers

from domain.personal_patterns import (
    DOTTED_EMAIL,
    EMAIL,
    HANDLE,
    IBAN,
    IPV4,
    IPV6,
    LONG_DIGITS,
    NAMED_HANDLE,
    PHONE,
    SERVICES,
    STREET,
    URL,
    is_card,
    is_iban,
    is_ip,
    is_phone,
)

# Every kind, and how a message names it.
KINDS = {
    "EMAIL": "an e-mail address",
    "INVITE": "an invite link",
    "URL": "a web address",
    "IBAN": "a bank account number",
    "CARD": "a payment card number",
    "IP": "an IP address",
    "PHONE": "a phone number",
    "HANDLE": "an @handle",
    "ADDRESS": "a street address",
}

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

    @property
    def named(self) -> str:
        """Its kind as a message names it."""
        return KINDS[self.kind]


def find_all(text: str) -> list[Found]:
    """Every find in the text, from left to right; none overlaps another.

    Width and invisible characters hide none. Names of people are not looked for: their form does not tell.
    """
    taken: list[Found] = []
    for one in _finds(text):
        if not any(one.start < other.end and other.start < one.end for other in taken):
            taken.append(one)
    return sorted(taken, key=lambda one: one.start)


def find_personal_data(text: str) -> Found | None:
    """A find in the text, or None: quicker than all of them where one is enough."""
    return next(_finds(text), None)


def place_of(found: Found, text: str) -> str:
    """Where the find stands in the text, such as "line 7, characters 12 to 20"; both count from 1."""
    (line, start), (last_line, end) = (
        _line_and_character(place, text) for place in (found.start, found.end - 1)
    )
    if line == last_line:
        return f"line {line:,}, characters {start:,} to {end:,}"
    return f"line {line:,}, character {start:,}, to line {last_line:,}, character {end:,}"


def _line_and_character(place: int, text: str) -> tuple[int, int]:
    return text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)


def _finds(text: str) -> Iterator[Found]:
    """Finds of one rule after another; those of different rules may overlap."""
    folded, places = _folded(text)
    shapes = _shapes(folded)
    if not shapes:
        return
    for kind, shape, finds in _RULES:
        if shape in shapes:
            for start, end in finds(folded):
                yield (
                    Found(kind, start, end)
                    if places is None
                    else Found(kind, places[start], places[end - 1] + 1)
                )


def _shapes(text: str) -> set[str]:
    shapes = set()
    small = text.casefold()
    if "@" in text or "at)" in small or "at]" in small:
        shapes.add("@")
        if "dot)" in small or "dot]" in small:
            shapes.add("dot")
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
    if (shapes & {".", "1"} or "_" in text) and any(service in small for service in SERVICES):
        shapes.add("service")
    return shapes


def _folded(text: str) -> tuple[str, list[int] | None]:
    """The text in plain width without invisible characters, and where each of its characters came from."""
    if text.isascii() or (is_normalized("NFKC", text) and text.replace("\n", " ").isprintable()):
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


def _named_handles(text: str) -> Iterator[tuple[int, int]]:
    """Names of accounts behind the name of their service, which stays."""
    return (match.span("name") for match in NAMED_HANDLE.finditer(text))


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


@lru_cache(maxsize=100_000)
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
    ("EMAIL", "dot", _each(DOTTED_EMAIL, _is_address)),
    ("EMAIL", "@", _each(EMAIL, _is_address)),
    ("INVITE", ".", _each(_INVITE)),
    ("URL", ".", _urls),
    ("IBAN", "account", _each(IBAN, is_iban)),
    ("CARD", "7", _each(LONG_DIGITS, is_card)),
    ("IP", "1", _each(IPV4, is_ip)),
    ("IP", "::", _each(IPV6, is_ip)),
    ("PHONE", "7", _phones),
    ("HANDLE", "@", _each(HANDLE)),
    ("HANDLE", "service", _named_handles),
    ("ADDRESS", "1", _each(STREET)),
)

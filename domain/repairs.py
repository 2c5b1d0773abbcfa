"""The steps that make a text cleaner for a model: pure functions with a version each; no original is touched.

A step applied twice gives what it gave once, so that a text that was repaired before may come by again.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import ftfy
from ftfy.badness import is_bad
from ftfy.fixes import decode_inconsistent_utf8, remove_control_chars, remove_terminal_escapes

from domain.placeholders import PERSONAL_VERSION, without_personal_data

_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_MOST_TIMES = 5  # a text escaped more often than that was made to waste time
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]|\x1b")

# Letters of other scripts that look like Latin ones, and what they look like.
# Source: a part of the confusables of Unicode Technical Standard 39.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝɡ" "АВЕКМНОРСТУХІЈЅ" "αορνικτυχ" "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhqwg" "ABEKMHOPCTYXIJS" "aopviktux" "ABEZHIKMNOPTYX",
)  # fmt: skip
_OTHER_SCRIPT = re.compile(r"[\u0370-\u052f\u0261]")
_MIXED_WORD = re.compile(r"\w*(?:[A-Za-z]\w*[\u0370-\u052f\u0261]|[\u0370-\u052f\u0261]\w*[A-Za-z])\w*")
_HIDDEN = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0020-\U000e007f]"
)
_JOINERS = re.compile(r"(?<=[A-Za-z\u0400-\u04ff])[\u200c\u200d]+(?=[A-Za-z\u0400-\u04ff])")
_FLAG = "\U0001f3f4"
_WIDE = re.compile(r"[\uff01-\uff5e\U0001d400-\U0001d7ff\u24b6-\u24e9]+")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_]([ .\-_*]))(?:[^\W\d_]\1){2,}[^\W\d_](?![^\W_])")
_LEET = str.maketrans("013457$@!", "oieastsai")
_LEET_WORD = re.compile(r"(?<![\w.@#$:/!-])[A-Za-z]+(?:[013457$@!]{1,2}[A-Za-z]+)+(?![\w@#:/$-]|\.\w)")
_BANG_WORD = re.compile(r"[^\W\daeiou]{1,2}![a-z]", re.IGNORECASE)  # "sh!t", and not "me!lol"
_REAL_CODES = re.compile(r"mp[345]s?|[A-Z]+\d+[A-Z]+", re.ASCII)


@dataclass(frozen=True)
class Step:
    """One way to repair a text: its name, version, what is wrong where it changes something, what it does."""

    name: str
    version: str
    problem: str
    does: str
    repair: Callable[[str], str]


def whole_characters(text: str) -> str:
    """The text with wrongly read encodings mended, letters in one piece (NFC) and no control characters.

    Source: ftfy; Unicode Standard Annex 15.
    """
    if text.isascii() and not _ODD.search(text):
        return text
    kept = text
    if is_bad(kept):
        kept = ftfy.fix_encoding(kept)
        kept = decode_inconsistent_utf8(kept)
    if _ODD.search(kept):
        kept = remove_control_chars(remove_terminal_escapes(kept))
        kept = re.sub("[\x80-\x9f]", "", kept)
    return kept if unicodedata.is_normalized("NFC", kept) else unicodedata.normalize("NFC", kept)


def without_entities(text: str) -> str:
    """The text with HTML entities as the characters they stand for, also where they were escaped twice."""
    for _ in range(_MOST_TIMES):
        if "&" not in text or not _ENTITY.search(text):
            break
        decoded = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
        if decoded == text:
            break
        text = decoded
    return text


def plain_spelling(text: str) -> str:
    """The text without the tricks that hide a word from a filter.

    Characters that nobody sees go; wide and mathematical letters, and look-alikes of another script inside a
    Latin word, become Latin; letters spread by spaces or dots are joined; digits between letters are read.
    """
    kept = text if text.isascii() else _without_look_alikes(text)
    kept = _SPACED.sub(_joined, kept)
    return _LEET_WORD.sub(_read_leet, kept)


def _without_look_alikes(text: str) -> str:
    kept = text if _FLAG in text else _HIDDEN.sub("", text)
    kept = _JOINERS.sub("", kept)
    kept = _WIDE.sub(lambda match: unicodedata.normalize("NFKC", match.group()), kept)
    if _OTHER_SCRIPT.search(kept):
        kept = _MIXED_WORD.sub(_as_latin, kept)
    return kept


def _as_latin(match: re.Match[str]) -> str:
    word = match.group().translate(_LOOKALIKES)
    return match.group() if _OTHER_SCRIPT.search(word) else word


def _joined(match: re.Match[str]) -> str:
    """The letters without what stands between them; in "I h a t e" the first is a word of its own."""
    between = match.group(1)
    word = match.group().replace(between, "")
    is_apart = between == " " and word[0] == "I" and len(word) > 3 and not word.isupper()
    return f"I {word[1:]}" if is_apart else word


def _read_leet(match: re.Match[str]) -> str:
    word = match.group()
    if "!" in word and not _BANG_WORD.match(word):
        return word
    letters = sum(character.isalpha() for character in word)
    if len(word) < 4 or _REAL_CODES.fullmatch(word) or 2 * letters < len(word):
        return word
    return word.translate(_LEET)


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step(
            "characters", "characters-1", "Broken characters",
            "Text read in a wrong encoding is mended, letters in pieces are joined, control characters go.",
            whole_characters,
        ),
        Step(
            "entities", "entities-1", "HTML entities",
            "&amp;amp; and its like become the characters they stand for.", without_entities,
        ),
        Step(
            "spelling", "spelling-1", "Obfuscated text",
            "Look-alike letters, hidden characters, spread letters and digits for letters are read plainly.",
            plain_spelling,
        ),
        Step(
            "personal", PERSONAL_VERSION, "Personal data",
            "E-mail addresses, phone numbers, links, handles and the like become <EMAIL_1>, <PHONE_1>, …",
            without_personal_data,
        ),
    )
}  # fmt: skip


def repaired(text: str, steps: Iterable[str]) -> str:
    """The text after the steps of those names, in the order of STEPS, until they find nothing more to do."""
    wanted = [step for name, step in STEPS.items() if name in set(steps)]
    for _ in range(_MOST_TIMES):
        before = text
        for step in wanted:
            text = step.repair(text)
        if text == before:
            break
    return text


def changes(text: str) -> tuple[str, ...]:
    """The steps that would change the text, were all of them applied one after the other."""
    found = []
    for name, step in STEPS.items():
        after = step.repair(text)
        if after != text:
            found.append(name)
        text = after
    return tuple(found)


def version_of(steps: Iterable[str]) -> str:
    """The versions of the functions of these steps, in order, as one text; empty where there is none."""
    wanted = set(steps)
    return "+".join(step.version for name, step in STEPS.items() if name in wanted)


def is_emoji_only(text: str) -> bool:
    """Whether pictures are all there is to see in the text, and there is one."""
    if any(map(str.isalnum, text)):  # nearly every comment ends here, at its first letter
        return False
    seen = [c for c in text if not c.isspace() and unicodedata.category(c)[0] not in "CMZ"]
    return bool(seen) and all(unicodedata.category(c) in ("So", "Sk") for c in seen)


def count_letters(text: str) -> int:
    """How many letters and digits the text has."""
    return sum(map(str.isalnum, text))

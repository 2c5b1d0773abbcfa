"""Ways to write the same comment otherwise, so that a person reads the same and a model should too."""

import random
import re
from collections.abc import Callable

from services.evaluation.identity_terms import shipped_terms

_WORD = re.compile(r"[^\W\d_]{3,}")
_LINK_OR_HANDLE = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@\w+")
_LEET = str.maketrans("aeiostAEIOST", "4310$74310$7")
# Cyrillic letters that look like the Latin ones.
HOMOGLYPHS = str.maketrans("aceijopsxyABCEHIKMOPSTX", "асеіјорѕхуАВСЕНІКМОРЅТХ")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_ZERO_WIDTH = ("\u200b", "\u200c", "\u2060")
# First names from several places, none an English word: swapping one changes nobody's meaning.
NAMES = (
    "Emily", "Jacob", "Hannah", "Ethan", "Aisha", "Mohammed", "Fatima", "Omar", "Priya", "Arjun", "Mei",
    "Hiroshi", "Yuki", "Lakisha", "Jamal", "Latoya", "DeShawn", "Maria", "Juan", "Sofia", "Diego", "Olga",
    "Ivan", "Ingrid", "Lars", "Chloe", "Pierre", "Sarah", "David", "Michael", "John", "James", "Robert",
    "Anna", "Thomas", "Peter",
)  # fmt: skip
_NAME = re.compile(rf"(?<!@)\b(?:{'|'.join(NAMES)})\b|(?<!\w)@\w+", re.IGNORECASE)

Perturbation = Callable[[str, random.Random], str]


def changed_case(text: str, draw: random.Random) -> str:
    """The text in capitals, or with capitals by turns."""
    if draw.random() < 0.5 and text.upper() != text:
        return text.upper()
    start = draw.randrange(2)
    return "".join(
        letter.upper() if place % 2 == start else letter.lower() for place, letter in enumerate(text)
    )


def spaced_out(text: str, draw: random.Random) -> str:
    """The text with its longest word, one of them if there are several, written letter by letter."""
    words = list(_WORD.finditer(without_links(text)))
    if not words:
        return text
    longest = max(len(word.group()) for word in words)
    word = draw.choice([each for each in words if len(each.group()) == longest])
    return text[: word.start()] + " ".join(text[word.start() : word.end()]) + text[word.end() :]


def leet(text: str, draw: random.Random) -> str:
    """The text with digits and signs for about two thirds of the letters that have one."""
    return _some_letters(text, lambda letter: letter.translate(_LEET), draw, share=2 / 3)


def homoglyphs(text: str, draw: random.Random) -> str:
    """The text with Cyrillic look-alikes for about half of the letters that have one."""
    return _some_letters(text, lambda letter: letter.translate(HOMOGLYPHS), draw, share=1 / 2)


def zero_width(text: str, draw: random.Random) -> str:
    """The text with a character that nobody sees inside each word."""

    def split(word: re.Match[str]) -> str:
        place = draw.randrange(1, len(word.group()))
        return word.group()[:place] + draw.choice(_ZERO_WIDTH) + word.group()[place:]

    return _in_words(text, split)


def full_width(text: str, draw: random.Random) -> str:
    """The text in the wide forms of its letters, as keyboards for Chinese and Japanese write them."""
    return text.translate(_FULL_WIDTH)


def typos(text: str, draw: random.Random) -> str:
    """The text with one slip in about every fourth word of four letters or more, in one at least.

    A slip swaps two letters, drops one or doubles one, never the first.
    """
    words = [word for word in _WORD.finditer(without_links(text)) if len(word.group()) >= 4]
    chosen = draw.sample(words, max(1, len(words) // 4)) if words else []
    for word in sorted(chosen, key=lambda each: -each.start()):
        text = text[: word.start()] + _slip(text[word.start() : word.end()], draw) + text[word.end() :]
    return text


def swapped_names(text: str, draw: random.Random) -> str:
    """The text with other people in it: each first name that is known here, and each handle, for another."""
    others: dict[str, str] = {}

    def other(found: re.Match[str]) -> str:
        name = found.group().casefold()
        if name not in others:
            taken = {name, *(each.casefold() for each in others.values())}
            free = [each for each in NAMES if each.casefold() not in taken]
            handle = f"@user{draw.randrange(1_000, 10_000)}"
            others[name] = handle if name.startswith("@") else draw.choice(free)
        return others[name].lower() if found.group().islower() else others[name]

    return _NAME.sub(other, text)


def swapped_identities(text: str, draw: random.Random) -> str:
    """The text about other people: each identity term for another of its family, the same one throughout."""
    others: dict[str, str] = {}

    def other(found: re.Match[str]) -> str:
        said = found.group()
        spelling = said.casefold()
        if spelling not in others:
            others[spelling] = _of_the_same_family(spelling, draw)
        swapped = others[spelling]
        if said.isupper():
            return swapped.upper()
        return swapped.capitalize() if said[0].isupper() else swapped

    return shipped_terms().pattern.sub(other, text)


PERTURBATIONS: dict[str, Perturbation] = {
    "case": changed_case,
    "spacing": spaced_out,
    "leet": leet,
    "homoglyphs": homoglyphs,
    "zero width": zero_width,
    "full width": full_width,
    "typos": typos,
    "names": swapped_names,
    "identity": swapped_identities,
}


def perturbed(name: str, text: str, *, seed: int, number: int) -> str | None:
    """The text after one of PERTURBATIONS; None where that changes nothing, such as without a name to swap.

    Args:
        seed, number: The same two, text and name give the same result, whatever was asked for before.
    """
    changed = PERTURBATIONS[name](text, random.Random(f"{seed}:{number}:{name}"))
    return None if changed == text else changed


def _of_the_same_family(spelling: str, draw: random.Random) -> str:
    """Another term's spelling from the same family, for many where this one is for many."""
    terms = shipped_terms()
    own = terms.term_of[spelling]
    family = next(of for of in terms.families.values() if own in of)
    place = family[own].index(spelling)
    free = [ways for term, ways in family.items() if term != own]
    alike = [ways[place] for ways in free if place < len(ways)] or [ways[0] for ways in free]
    return draw.choice(alike) if alike else spelling


def _slip(word: str, draw: random.Random) -> str:
    place = draw.randrange(1, len(word) - 1)
    kind = draw.choice(("swap", "drop", "double"))
    if kind == "swap" and word[place] != word[place + 1]:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == "drop":
        return word[:place] + word[place + 1 :]
    return word[: place + 1] + word[place:]


def _some_letters(text: str, change: Callable[[str], str], draw: random.Random, *, share: float) -> str:
    """Change that share of the letters that can be, one at least where there is one."""
    hidden = without_links(text)
    places = [place for place, letter in enumerate(hidden) if change(letter) != letter]
    chosen = set(draw.sample(places, max(1, round(share * len(places))))) if places else set[int]()
    return "".join(change(letter) if place in chosen else letter for place, letter in enumerate(text))


def _in_words(text: str, change: Callable[[re.Match[str]], str]) -> str:
    hidden, parts, end = without_links(text), [], 0
    for word in _WORD.finditer(hidden):
        parts += [text[end : word.start()], change(word)]
        end = word.end()
    return "".join([*parts, text[end:]])


def without_links(text: str) -> str:
    """The text with links and handles blotted out: another letter there is another address."""
    return _LINK_OR_HANDLE.sub(lambda found: " " * len(found.group()), text)

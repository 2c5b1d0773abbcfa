"""What a person types to find comments, and where it stands in a text.

Text and question are folded alike, one character at a time: case, width, accents, and characters that nobody
sees do not count. So ``idiot`` finds "ＩＤＩＯＴ", "Idiót" and an "idiot" with invisible characters inside.
"""

import re
import unicodedata
from dataclasses import dataclass

from domain.errors import BadInput

MAX_QUERY = 200
MAX_TERMS = 12
FOLD_VERSION = 1

_TERM = re.compile(r'-?"([^"]+)"|(\S+)')


@dataclass(frozen=True)
class Term:
    """One thing to look for, folded; `whole` asks for whole words, `absent` for texts without it."""

    text: str
    whole: bool = False
    absent: bool = False


class _Folds(dict[int, str]):
    """Code point to what it is compared as; each is worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isspace():
            kept = " "
        else:
            parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
            kept = "".join(part for part in parts if unicodedata.category(part) not in ("Mn", "Cf"))
        self[code] = kept
        return kept


_FOLDS = _Folds()


def search_text(text: str) -> str:
    """The text as it is searched: every character folded by itself, any white space as a space."""
    return text.translate(_FOLDS)


def query_of(asked: str) -> tuple[Term, ...]:
    """What is looked for: every word has to be in the text, anywhere and inside longer words too.

    "Words in quotes" have to stand next to each other as whole words; -word must not be in the text. What is
    nothing but characters that nobody sees asks for nothing.

    Raises:
        BadInput: more than MAX_QUERY characters or MAX_TERMS terms.
    """
    if len(asked) > MAX_QUERY:
        raise BadInput(f"The search has {len(asked):,} characters.", hint=f"At most {MAX_QUERY}.")
    terms = []
    for found in _TERM.finditer(asked):
        quoted, plain = found.groups()
        absent = found.group().startswith("-") and len(found.group()) > 1
        text = search_text(quoted if quoted is not None else plain.removeprefix("-") if absent else plain)
        if text.strip():
            terms.append(Term(text.strip(), whole=quoted is not None, absent=absent))
    if len(terms) > MAX_TERMS:
        raise BadInput(f"The search has {len(terms)} terms.", hint=f"At most {MAX_TERMS}.")
    return tuple(dict.fromkeys(terms))


def whole_words(text: str) -> str:
    """The pattern that finds the folded text where no letter or digit stands right before or behind it."""
    return rf"(?:^|[^\pL\pN_]){re.escape(text)}(?:$|[^\pL\pN_])"


def places_of(text: str, terms: tuple[Term, ...]) -> list[tuple[int, int]]:
    """Where the wanted terms stand in the text as it came: (start, end), rising and apart from each other."""
    folded, origin = _with_origin(text)
    found = []
    for term in terms:
        pattern = re.escape(term.text)
        if term.whole:
            pattern = rf"(?<!\w){pattern}(?!\w)"
        if not term.absent:
            found += [(origin[m.start()], origin[m.end() - 1] + 1) for m in re.finditer(pattern, folded)]
    return _joined(sorted(found))


def _with_origin(text: str) -> tuple[str, list[int]]:
    parts, origin = [], []
    for place, character in enumerate(text):
        kept = _FOLDS[ord(character)]
        parts.append(kept)
        origin += [place] * len(kept)
    return "".join(parts), origin


def _joined(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in places:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined

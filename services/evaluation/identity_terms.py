"""The dated list of words that name who somebody is: where a model may be harder on people than on deeds."""

import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from domain.errors import BadInput

_SHIPPED = Path(__file__).with_name("identity_terms.json")
OVERRIDE = "identity_terms.json"  # in the home: a list that somebody keeps for their own community


@dataclass(frozen=True)
class IdentityTerms:
    """The list: how old it is, where it is from, and its terms by family.

    Attributes:
        families: Family to term to its spellings, in small letters; the first two are taken as one and many.
    """

    as_of: date
    source: str
    families: dict[str, dict[str, tuple[str, ...]]]

    @cached_property
    def term_of(self) -> dict[str, str]:
        """Each spelling to its term."""
        return {
            spelling: term
            for terms in self.families.values()
            for term, spellings in terms.items()
            for spelling in spellings
        }

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds any spelling as whole words, the longest first: "african american" is not "american"."""
        spellings = sorted(self.term_of, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, spellings))})(?!\w)", re.IGNORECASE)

    def mentioned(self, text: str) -> set[str]:
        """The terms that occur in the text."""
        return {self.term_of[found.casefold()] for found in self.pattern.findall(text)}


@cache
def shipped_terms() -> IdentityTerms:
    """The list that ships."""
    return _terms(json.loads(_SHIPPED.read_text(encoding="utf-8")))


def identity_terms(home: Path) -> IdentityTerms:
    """The list of the data folder, where somebody put one, else the one that ships.

    Raises:
        BadInput: the list of the data folder cannot be used.
    """
    own = home / OVERRIDE
    if not own.exists():
        return shipped_terms()
    try:
        return _terms(json.loads(own.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{own} is not a list of identity terms: {error!r}",
            hint=f"Mend it, or take it away: the one that ships is used then. Its form: {_SHIPPED.name}.",
        ) from error


def _terms(told: dict[str, Any]) -> IdentityTerms:
    families = {
        str(family): {str(term): tuple(str(each).casefold() for each in of) for term, of in terms.items()}
        for family, terms in told["families"].items()
    }
    found = IdentityTerms(date.fromisoformat(told["as_of"]), str(told["source"]), families)
    spellings = [each for terms in families.values() for of in terms.values() for each in of]
    if not spellings or not all(each.strip() for each in spellings):
        raise ValueError("no term, or one without a spelling")
    if len(set(spellings)) < len(spellings):
        raise ValueError("one spelling belongs to two terms")
    return found

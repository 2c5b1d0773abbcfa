"""The slices of a run as they are asked for: the worst parts, and how it treats mentions of identity."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from domain.errors import BadInput
from services.evaluation.acting import Acting, acting, threshold_in_use
from services.evaluation.identity_bias import IdentityBias, identity_bias
from services.evaluation.identity_terms import IdentityTerms, identity_terms
from services.evaluation.intervals import CONFIDENCE, SMALL_N, Proportion, as_number
from services.evaluation.scored import Scored, score_of, scored_run
from services.evaluation.slice_facts import Facts, facts_of, mentions_of
from services.evaluation.slice_search import Found, Search, worst_slices
from storage.database import Database
from storage.models import get_run
from storage.token_counts import get_bodies_table

ALPHA = 1 - CONFIDENCE
_COMMENTS = 20  # of a slice that are listed


@dataclass(frozen=True, eq=False)
class WorstSlices:
    """What the search came to, with the facts that its places mean."""

    facts: Facts
    search: Search
    label: str | None

    @property
    def wrong(self) -> Proportion:
        """The share that is wrong in all comments together."""
        return Proportion(int(self.facts.wrong.sum()), self.facts.wrong.size)

    @property
    def worse(self) -> tuple[Found, ...]:
        """The parts that are worse beyond what so many looks explain."""
        return tuple(each for each in self.search.found if each.p_holm < ALPHA)

    def name(self, found: Found) -> str:
        """The part in words; names may come from a file, so show it as text only."""
        pairs = [(self.facts.kinds[fact], self.facts.names[fact]) for fact in found.facts]
        return " and ".join(f"{kind.replace('_', ' ')}: {name}" for kind, name in pairs)

    def comments(self, found: Found) -> list[int]:
        """Numbers of the comments of the part that are wrong."""
        return self.facts.comments_of(found.facts)

    @property
    def sentence(self) -> str:
        """What was found, in a line; show it as text only."""
        what = "errors" if self.label is None else f"missed “{self.label}”"
        if not self.search.tested:
            return "No part of these comments is large enough to look at."
        told = (
            f"{self.search.tested:,} parts of {SMALL_N} or more comments were looked at, smaller ones were"
            " not. "
        )
        if not self.worse:
            return f"{told}Of those looked at, none has more {what} than chance explains."
        worst = self.worse[0]
        return (
            f"{told}{len(self.worse):,} have more {what} than chance explains."
            f" Most surely: {self.name(worst)}, {worst.inside.value:.0%} of"
            f" {worst.inside.n:,}, elsewhere {worst.outside.value:.0%}."
        )


@dataclass(frozen=True)
class IdentityReport:
    """How mentions of identity fare; `at` says what flags a comment."""

    bias: IdentityBias
    unwanted: tuple[str, ...]
    at: str
    terms_as_of: str
    terms_source: str


def find_worst_slices(
    db: Database, run_id: str, *, label: str | None = None, contains: str = ""
) -> WorstSlices:
    """The worst parts of a run, among all its comments or those under one frozen label.

    Raises:
        NotFound: there is no such run.
        BadInput: its snapshot has no such label, or there is no comment to look among.
    """
    facts = facts_of(db, run_id, label=label, contains=contains)
    return WorstSlices(facts, worst_slices(facts.members, facts.kinds, facts.wrong), label)


def identity_report(
    db: Database, run_id: str, *, unwanted: tuple[str, ...] = (), threshold: str | None = None
) -> IdentityReport:
    """How the run treats comments that mention identity terms, at the threshold in use.

    Args:
        unwanted: Labels whose scores count; those of the threshold, else all but the first, where empty.
        threshold: As for `threshold_in_use`.

    Raises:
        NotFound: there is no such run or threshold.
        BadInput: the run has no scores, or a label cannot be used.
    """
    named = threshold_in_use(db, run_id, threshold)
    held = acting(db, run_id, named) if named else None
    if held is not None and unwanted not in ((), held.threshold.unwanted):
        held = None
    scored = held.scored if held else scored_run(db, run_id)
    labels = held.threshold.unwanted if held else unwanted or scored.run.labels[1:]
    scores, positive = score_of(scored, labels)
    terms = identity_terms(db.home)
    found = identity_bias(scores, positive, _flagged(held, scored, labels), _mentions(db, scored, terms))
    at = held.words if held else "the label that the model names"
    return IdentityReport(found, labels, at, terms.as_of.isoformat(), terms.source)


def slices_told(
    db: Database, run_id: str, *, label: str | None = None, contains: str = "", most: int = 20
) -> dict[str, Any]:
    """The worst slices and the identity report of a run, as JSON can carry them."""
    run, worst = get_run(db, run_id), find_worst_slices(db, run_id, label=label, contains=contains)
    try:
        identity, why = _identity(identity_report(db, run_id)), ""
    except BadInput as error:  # such as a model that gives no scores
        identity, why = None, f"{error} {error.hint}".strip()
    return {
        "run_id": run_id,
        "model_id": run.model_id,
        "snapshot_id": run.snapshot_id,
        "split": run.split,
        "label": label,
        "wrong": as_number(worst.wrong),
        "sentence": worst.sentence,
        "looked_at": worst.search.tested,
        "facts_left_out": worst.facts.left_out,
        "worst": [_slice(worst, each) for each in worst.search.found[:most]],
        "identity": identity,
        "identity_why_not": why,
    }


def _slice(worst: WorstSlices, found: Found) -> dict[str, Any]:
    return {
        "name": worst.name(found),
        "facts": [{"by": worst.facts.kinds[at], "name": worst.facts.names[at]} for at in found.facts],
        "wrong": as_number(found.inside),
        "elsewhere": as_number(found.outside),
        "gap": as_number(found.gap),
        "p_value": found.p_value,
        "p_holm": found.p_holm,
        "is_worse": found.p_holm < ALPHA,
        "comment_ids": worst.comments(found)[:_COMMENTS],
    }


def _identity(found: IdentityReport) -> dict[str, Any]:
    told = asdict(found)
    told["bias"]["terms"] = [
        {**asdict(each), "false_positives": as_number(each.false_positives)} for each in found.bias.terms
    ]
    return told


def _flagged(held: Acting | None, scored: Scored, labels: tuple[str, ...]) -> np.ndarray:
    if held is not None:
        return held.removed
    places = [scored.run.labels.index(label) for label in labels]
    known = ~np.isnan(scored.scores[:, 0])
    likeliest = np.argmax(np.nan_to_num(scored.scores), axis=1)
    return np.asarray(known & np.isin(likeliest, places))


def _mentions(db: Database, scored: Scored, terms: IdentityTerms) -> dict[str, np.ndarray]:
    rows = get_bodies_table(db, pa.table({"comment_id": scored.comment_ids}))
    return mentions_of(rows.sort_by("comment_id")["body"].to_pylist(), terms)

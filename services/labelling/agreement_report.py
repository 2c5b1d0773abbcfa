"""What a lead reads of the agreement of a dataset: over all, label by label, month by month, pair by pair."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from domain.comments import Comment
from domain.errors import BadInput
from domain.labels import LabelSet
from services.evaluation.intervals import Estimate, Proportion, proportion
from services.labelling.agreement import (
    LEVELS,
    Counts,
    Tally,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
    specific_agreement,
)
from storage import agreement as stored
from storage import comments, datasets
from storage.database import Database

RELIABLE, TENTATIVE = 0.8, 0.667  # Krippendorff's customary lines, no law
FROZEN_MEASURE = "Krippendorff's alpha, nominal"


@dataclass(frozen=True)
class LabelAgreement:
    """One label against all others; n: comments that several people labelled and somebody gave it."""

    label: str
    n: int
    share: Proportion | None  # of the votes on comments that several people labelled
    specific: Estimate | None
    alpha: Estimate | None


@dataclass(frozen=True)
class MonthAgreement:
    """Comments whose newest vote is of this month (UTC), as 2026-11."""

    month: str
    n: int
    alpha: Estimate | None
    raw: Estimate | None


@dataclass(frozen=True)
class PairAgreement:
    """Two annotators on the comments that both labelled; rows of the table are the first one's labels."""

    first: str
    second: str
    table: tuple[tuple[int, ...], ...]
    n: int
    raw: Proportion | None
    kappa: Estimate | None


@dataclass(frozen=True)
class Agreement:
    """How far the annotators of a dataset agree; None is undefined. n: comments with two votes or more."""

    dataset_id: str
    level: str
    labels: tuple[str, ...]
    n: int
    votes: int
    annotators: tuple[str, ...]
    raw: Estimate | None
    alpha: Estimate | None
    fleiss: Estimate | None
    ac1: Estimate | None
    by_label: tuple[LabelAgreement, ...]
    by_month: tuple[MonthAgreement, ...]
    by_pair: tuple[PairAgreement, ...]
    about: str | None = None  # the one of several labels that was or was not given

    @property
    def sentence(self) -> str:
        """What may be concluded, in words."""
        return _sentence(self)


def measure_agreement(
    db: Database, dataset_id: str, *, level: str = "nominal", about: str | None = None
) -> Agreement:
    """The agreement of the named annotators on comments that are not excluded, tied ones included.

    Labels that came with a file and without a name are nobody's vote and do not count; nor do comments with
    one vote, not even towards chance.

    Args:
        level: Of alpha: "nominal", "ordinal" or "interval", the latter two in the order of the label set.
        about: Where comments may have several labels, the one that is asked about: given or not given.

    Raises:
        NotFound: there is no such dataset.
        BadInput: there is no such level or label, or none is asked about where comments may have several.
    """
    if level not in LEVELS:
        raise BadInput(f"There is no level '{level}'.", hint=f"Levels: {', '.join(LEVELS)}.")
    dataset = datasets.get_dataset(db, dataset_id)
    labels, about = answers_about(datasets.get_label_set(db, dataset.dataset_id), about)
    tallies = _tallies(db, dataset_id, labels, about)
    whole = _together(tallies.values(), len(labels))
    pairs = _pairs(db, dataset_id, labels, about)
    return Agreement(
        dataset_id=dataset_id,
        level=level,
        labels=labels,
        n=whole.n,
        votes=whole.votes,
        annotators=tuple(sorted({name for pair in pairs for name in (pair.first, pair.second)})),
        raw=raw_agreement(whole),
        alpha=krippendorff_alpha(whole, level),
        fleiss=fleiss_kappa(whole),
        ac1=gwet_ac1(whole),
        by_label=tuple(_of_label(whole, place, label) for place, label in enumerate(labels)),
        by_month=tuple(
            MonthAgreement(month, each.n, krippendorff_alpha(each, level), raw_agreement(each))
            for month, each in sorted(tallies.items())
            if each.n
        ),
        by_pair=pairs,
        about=about,
    )


def answers_about(labels: LabelSet, about: str | None) -> tuple[tuple[str, ...], str | None]:
    """The answers that are compared, and the label of several that they are about, as the set spells it.

    Raises:
        BadInput: the label is unknown, or none is asked about where comments may have several.
    """
    if not labels.several:
        return labels.names, None
    known = {name.casefold(): name for name in labels.names}
    if (about or "").strip().casefold() not in known:
        raise BadInput(
            "Which label is the agreement about?" if about is None else f"There is no label '{about}'.",
            hint=f"Each of several labels is measured by itself: {', '.join(labels.names)}.",
        )
    named = known[(about or "").strip().casefold()]
    return (named, f"not {named}"), named


def frozen_agreement(db: Database, dataset_id: str) -> dict[str, Any] | None:
    """The agreement as a snapshot's manifest holds it; None with fewer than two such comments, or undefined.

    None, too, where comments may have several labels: each has an agreement of its own.

    It is about all comments that several people labelled, those whose tied votes keep them out of the
    snapshot included: without them the annotators would look surer than they were.
    """
    known = datasets.get_label_set(db, dataset_id)
    if known.several:
        return None
    labels = known.names
    whole = _together(_tallies(db, dataset_id, labels, None).values(), len(labels))
    alpha = krippendorff_alpha(whole) if whole.n >= 2 else None
    if alpha is None:
        return None
    return {
        "measure": FROZEN_MEASURE,
        "value": alpha.value,
        "low": alpha.low,
        "high": alpha.high,
        "n": whole.n,
    }


def pair_comments(
    db: Database,
    dataset_id: str,
    annotators: tuple[str, str],
    labels: tuple[str, str],
    *,
    about: str | None = None,
    limit: int = 100,
) -> list[Comment]:
    """Comments behind one cell of the table of two annotators, in the order in which they came."""
    ids = stored.list_pair_comment_ids(db, dataset_id, annotators, labels, about=about, limit=limit)
    return comments.list_comments_by_id(db, dataset_id, ids)


def _tallies(db: Database, dataset_id: str, labels: tuple[str, ...], about: str | None) -> dict[str, Tally]:
    """The tally of each month."""
    place = {label: number for number, label in enumerate(labels)}
    ways: defaultdict[str, list[tuple[list[int], int]]] = defaultdict(list)
    for month, given, count in stored.count_ways(db, dataset_id, about):
        numbers = [place[label] for label in given if label in place]
        counts = np.bincount(numbers, minlength=len(labels)).tolist()
        ways[f"{month:%Y-%m}"].append((counts, count))
    return {month: _tally(found, len(labels)) for month, found in ways.items()}


def _tally(found: list[tuple[list[int], int]], size: int) -> Tally:
    counts = np.array([each for each, _ in found], dtype=np.int64).reshape(-1, size)
    return Tally(counts, np.array([count for _, count in found], dtype=np.int64))


def _together(tallies: Iterable[Tally], size: int) -> Tally:
    each = list(tallies)
    if not each:
        return _tally([], size)
    ways, place = np.unique(np.concatenate([one.counts for one in each]), axis=0, return_inverse=True)
    comments_each = np.concatenate([one.comments for one in each])
    return Tally(ways, np.bincount(place.ravel(), weights=comments_each).astype(np.int64))


def _of_label(whole: Tally, place: int, label: str) -> LabelAgreement:
    several = whole.counts.sum(axis=1) >= 2
    own = whole.counts[several, place]
    comments_each = whole.comments[several]
    return LabelAgreement(
        label,
        int(comments_each[own > 0].sum()),
        proportion(int((own * comments_each).sum()), whole.votes),
        specific_agreement(whole, place),
        krippendorff_alpha(whole.against_the_rest(place)),
    )


def _pairs(
    db: Database, dataset_id: str, labels: tuple[str, ...], about: str | None
) -> tuple[PairAgreement, ...]:
    """Pairs that share a comment, those that share most first."""
    place = {label: number for number, label in enumerate(labels)}
    tables: dict[tuple[str, str], Counts] = {}
    for first, second, said, answered, count in stored.count_pairs(db, dataset_id, about):
        table = tables.setdefault((first, second), np.zeros((len(labels), len(labels)), dtype=np.int64))
        if said in place and answered in place:
            table[place[said], place[answered]] = count
    found = [_pair(names, table) for names, table in tables.items()]
    return tuple(sorted(found, key=lambda pair: (-pair.n, pair.first, pair.second)))


def _pair(names: tuple[str, str], table: Counts) -> PairAgreement:
    n = int(table.sum())
    rows = tuple(tuple(int(count) for count in row) for row in table)
    return PairAgreement(*names, rows, n, proportion(int(np.trace(table)), n), cohen_kappa(table))


def _sentence(found: Agreement) -> str:
    if found.alpha is None:
        return "Nothing can be said: too few comments have two votes, or all votes are one label."
    alpha = found.alpha
    told = f"Alpha ({found.level}) is {alpha.value:.3f}, {alpha.low:.3f} to {alpha.high:.3f}"
    if alpha.low >= RELIABLE:
        return f"{told}: the labels can be relied on by the customary line of {RELIABLE}."
    if alpha.high < TENTATIVE:
        return f"{told}: below {TENTATIVE}, by custom too little to build on. Mend the guideline first."
    if alpha.low >= TENTATIVE and alpha.high < RELIABLE:
        return f"{told}: between {TENTATIVE} and {RELIABLE}, by custom enough for tentative conclusions only."
    return f"{told}: the interval crosses a customary line ({TENTATIVE} or {RELIABLE}): not decidable yet."

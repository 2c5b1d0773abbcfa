"""Why a run is wrong where it is: what a blind reading found, and its numbers with repaired labels."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from domain.comments import Comment
from domain.errors import NotFound
from domain.models import Run
from domain.people import actor_named
from services.evaluation.confusion import ConfusionTable, from_counts
from services.evaluation.intervals import Estimate, Proportion, as_number, proportion
from services.evaluation.metrics import Report, report
from services.evaluation.repaired import Change, ReadStratum, repaired
from services.several import refuse_several
from storage import comments, misses
from storage import readings as stored
from storage.adjudications import add_adjudication
from storage.database import Database
from storage.models import get_run
from storage.readings import Cause, Reading
from storage.snapshots import get_snapshot

MODEL, LABEL, DISPUTED = "model", "label", "readers disagree"
CAUSES = (MODEL, LABEL, "guideline", "context missing", "cannot be judged", DISPUTED)


@dataclass(frozen=True)
class Read:
    """A comment of a reading, and what its readers found.

    Attributes:
        cause: Of CAUSES; None for a hit whose label stands.
        right: The label that all its readers gave; None where they gave none or differ.
    """

    comment_id: int
    gold: str
    predicted: str | None
    cause: str | None
    right: str | None
    readers: tuple[str, ...]

    @property
    def is_hit(self) -> bool:
        return self.gold == self.predicted


@dataclass(frozen=True)
class Figure:
    """A number of the run as it stands, with the labels repaired, and by how much that moves it."""

    name: str
    before: Proportion | Estimate | None
    after: Estimate | None
    moved: Estimate | None


@dataclass(frozen=True)
class Findings:
    """What a reading found.

    Attributes:
        misses, hits: Of the whole run; `rows` are the comments read so far.
        causes: Share of the misses read that each cause has; empty until one is read.
        label_or_guideline: The share of the error that is the label's or the guideline's, not the model's.
        wrong_hits: Share of the hits read whose frozen label is wrong: model and label err together.
        agreed: Of comments that two or more have read, the share on which all said the same.
        figures: Empty until a miss and a hit are read.
    """

    run: Run
    reading: Reading
    misses: int
    hits: int
    rows: tuple[Read, ...]
    causes: dict[str, Proportion]
    label_or_guideline: Proportion | None
    wrong_hits: Proportion | None
    agreed: Proportion | None
    figures: tuple[Figure, ...]


def findings(db: Database, run_id: str) -> Findings:
    """What the blind reading of a run found so far.

    Shares are of comments drawn by chance, with Wilson's interval; the figures are the estimate of
    `services.evaluation.repaired`.

    Raises:
        NotFound: there is no such run, or no reading of it was drawn.
    """
    run, reading = get_run(db, run_id), stored.find_reading(db, run_id)
    refuse_several(run, "Blind readings")
    if reading is None:
        raise NotFound(f"Nothing of {run_id} was drawn to be read.", hint="Start a blind reading first.")
    labels = tuple(get_snapshot(db, run.snapshot_id).labels)
    table = from_counts(labels, misses.count_pairs(db, run_id))
    rows = _rows(db, run_id, stored.list_causes(db, reading.reading_id))
    missed = [row for row in rows if not row.is_hit]
    hit = [row for row in rows if row.is_hit]
    counted = Counter(row.cause for row in missed)
    double = [row for row in rows if len(row.readers) > 1]
    return Findings(
        run=run,
        reading=reading,
        misses=table.n - table.correct,
        hits=table.correct,
        rows=rows,
        causes={cause: Proportion(counted[cause], len(missed)) for cause in CAUSES} if missed else {},
        label_or_guideline=proportion(counted[LABEL] + counted["guideline"], len(missed)),
        wrong_hits=proportion(sum(row.cause == LABEL for row in hit), len(hit)),
        agreed=proportion(sum(row.cause != DISPUTED for row in double), len(double)),
        figures=_figures(table, missed, hit),
    )


def ceiling_told(db: Database, run_id: str) -> str:
    """How much of the error is not the model's, and the accuracy with the labels repaired, as a sentence.

    Raises:
        NotFound: there is no such run.
    """
    if stored.find_reading(db, run_id) is None:
        return "Nobody has read the misses blind: how much of the error is the label's is not known."
    found = findings(db, run_id)
    share, repaired_to = found.label_or_guideline, found.figures[0] if found.figures else None
    if share is None:
        return "A blind reading was drawn, and no miss of it read yet."
    told = (
        f"Of {share.n:,} misses that were read blind, {share.successes:,} are the fault of the label or the"
        f" guideline, not of the model: {share.value:.0%} ({share.low:.0%} to {share.high:.0%}) of the error."
    )
    if repaired_to is None or repaired_to.after is None or repaired_to.before is None:
        return told
    after = repaired_to.after
    return (
        f"{told} With the labels repaired, the accuracy would be {after.value:.3f} ({after.low:.3f} to"
        f" {after.high:.3f}) instead of {repaired_to.before.value:.3f}."
    )


def list_read(db: Database, found: Findings, cause: str, *, limit: int = 200) -> list[tuple[Read, Comment]]:
    """The comments of a cause, with what was found; hits with a wrong label included."""
    rows = [row for row in found.rows if row.cause == cause][:limit]
    bodies = comments.list_comments_by_id(db, found.run.dataset_id, [row.comment_id for row in rows])
    return list(zip(rows, bodies, strict=True))


def list_for_guideline(db: Database, dataset_id: str) -> list[Comment]:
    """The comments of which a blind reader said that the guideline does not decide them."""
    ids = dict.fromkeys(each.comment_id for each in stored.list_causes_of_kind(db, dataset_id, "guideline"))
    return comments.list_comments_by_id(db, dataset_id, list(ids))


def put_in_force(db: Database, run_id: str, *, actor: str) -> list[int]:
    """Put the labels that the readers found right in force where another one is, and return those comments.

    Each is an adjudication that names the readers; the frozen labels stay as they are, and the next snapshot
    takes the new ones. Misses and hits are repaired alike, so that no side is favoured.

    Raises:
        NotFound: there is no such run, or no reading of it was drawn.
    """
    who, found = actor_named(actor), findings(db, run_id)
    wrong = {row.comment_id: row for row in found.rows if row.cause == LABEL}
    changed = []
    for comment in comments.list_comments_by_id(db, found.run.dataset_id, list(wrong)):
        row = wrong[comment.comment_id]
        if comment.label != row.right:
            why = f"Blind reading of {run_id} by {', '.join(row.readers)}."
            add_adjudication(
                db, found.run.dataset_id, comment.comment_id, label=row.right, why=why, actor=who
            )
            changed.append(comment.comment_id)
    return changed


def as_dict(found: Findings) -> dict[str, Any]:
    """The findings as JSON can carry them."""
    return {
        "run_id": found.run.run_id,
        "reading_id": found.reading.reading_id,
        "misses": found.misses,
        "hits": found.hits,
        "read_misses": sum(not row.is_hit for row in found.rows),
        "read_hits": sum(row.is_hit for row in found.rows),
        "causes": {cause: as_number(share) for cause, share in found.causes.items()},
        "label_or_guideline": as_number(found.label_or_guideline),
        "wrong_hits": as_number(found.wrong_hits),
        "agreed": as_number(found.agreed),
        "figures": [
            {
                "name": figure.name,
                **{side: as_number(getattr(figure, side)) for side in ("before", "after", "moved")},
            }
            for figure in found.figures
        ],
        "rows": [asdict(row) for row in found.rows if row.cause not in (None, MODEL)],
    }


def _rows(db: Database, run_id: str, given: Sequence[Cause]) -> tuple[Read, ...]:
    said: dict[int, list[Cause]] = defaultdict(list)
    for cause in given:
        said[cause.comment_id].append(cause)
    answers = {each.comment_id: each for each in misses.list_answers_by_id(db, run_id, list(said))}
    return tuple(
        _read(answers[number].gold, answers[number].predicted, causes) for number, causes in said.items()
    )


def _read(gold: str, predicted: str | None, causes: Sequence[Cause]) -> Read:
    kinds = {(cause.kind, cause.label) for cause in causes}
    kind, right = next(iter(kinds)) if len(kinds) == 1 else (DISPUTED, None)
    if kind == "label" and right == gold:
        kind = MODEL
    is_fine = kind == MODEL and gold == predicted
    readers = tuple(cause.created_by for cause in causes)
    return Read(causes[0].comment_id, gold, predicted, None if is_fine else kind, right, readers)


def _figures(table: ConfusionTable, missed: Sequence[Read], hit: Sequence[Read]) -> tuple[Figure, ...]:
    needed = [bool(rows) or not size for rows, size in
              ((missed, table.n - table.correct), (hit, table.correct))]  # fmt: skip
    if not all(needed):
        return ()
    place = {label: number for number, label in enumerate(table.labels)}
    strata = []
    for are_hits, rows in ((False, missed), (True, hit)):
        counted = Counter((row.gold, row.predicted, row.right) for row in rows if row.cause == LABEL)
        changes = tuple(
            Change(place[gold], place.get(predicted or "", len(place)), place[str(right)], n)
            for (gold, predicted, right), n in counted.items()
        )
        strata.append(ReadStratum(are_hits, len(rows), changes))
    found = repaired(table, strata)
    return tuple(
        Figure(name, before, found[name].after, found[name].moved)
        for name, before in _before(report(table)).items()
    )


def _before(found: Report) -> dict[str, Proportion | Estimate | None]:
    told: dict[str, Proportion | Estimate | None] = {"accuracy": found.accuracy, "macro_f1": found.macro_f1}
    for kind in ("precision", "recall"):
        told |= {f"{kind}:{each.label}": getattr(each, kind) for each in found.classes}
    return told

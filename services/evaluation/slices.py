"""How a run does on parts of its comments: by source, language, length, and how the label came about."""

from dataclasses import dataclass

from domain.errors import NotFound
from services.evaluation.confusion import ConfusionTable, from_counts
from services.evaluation.intervals import Proportion, proportion
from services.several import refuse_several
from storage.database import Database
from storage.models import get_run
from storage.slices import SLICE_SQL, count_slices, list_slice_misses
from storage.snapshots import get_snapshot

SLICINGS: tuple[str, ...] = tuple(SLICE_SQL)
# What is meant where a policy or a card names none: an old verdict must come out as it did.
USUAL_SLICINGS = ("source", "language", "length", "label_from")
_KINDS = 2  # of errors that are told of a slice, the commonest first


@dataclass(frozen=True)
class Slice:
    """The comments of a run that share one thing; `name` may come from a file and is shown as text only."""

    by: str
    name: str
    table: ConfusionTable

    def share(self, label: str | None) -> Proportion | None:
        """The recall of one of the table's labels, the accuracy where none is named; None of no comments."""
        if label is None:
            return proportion(self.table.correct, self.table.n)
        place = self.table.labels.index(label)
        return proportion(int(self.table.true_positives[place]), int(self.table.support[place]))

    @property
    def errors_told(self) -> str:
        """The commonest errors, as "24 “disallow” taken for “allow”"; empty where there is none."""
        counts, labels = self.table.counts.tolist(), self.table.labels
        cells = [
            (n, gold, f"taken for “{said}”" if said else "given no label")
            for gold, row in zip(labels, counts, strict=True)
            for said, n in zip((*labels, ""), row, strict=True)
            if n and gold != said
        ]
        cells.sort(key=lambda cell: -cell[0])
        rest = sum(n for n, _, _ in cells[_KINDS:])
        told = [f"{n:,} “{gold}” {fate}" for n, gold, fate in cells[:_KINDS]]
        return ", ".join(told + ([f"{rest:,} others"] if rest else []))


def slices(db: Database, run_id: str, by: tuple[str, ...] = USUAL_SLICINGS) -> list[Slice]:
    """The slices of a run, each with its confusion table; every comment is in one slice of each kind.

    Raises:
        NotFound: there is no such run.
        BadInput: its comments may have several labels.
    """
    run = get_run(db, run_id)
    refuse_several(run, "Slices")
    labels = get_snapshot(db, run.snapshot_id).labels
    counted: dict[tuple[str, str], list[tuple[str, str | None, int]]] = {}
    for kind, name, gold, predicted, n in count_slices(db, run_id, by):
        counted.setdefault((kind, name), []).append((gold, predicted, n))
    ordered = sorted(counted, key=lambda each: (by.index(each[0]), each[1]))
    return [Slice(*each, from_counts(labels, counted[each])) for each in ordered]


def slice_misses(db: Database, run_id: str, by: str, name: str, *, limit: int = 100) -> list[int]:
    """Numbers of the comments of a slice that the run got wrong, the surest answers first.

    Raises:
        NotFound: there is no such run, or comments cannot be divided by that.
    """
    get_run(db, run_id)
    if by not in SLICINGS:
        raise NotFound(f"Comments are not divided by '{by[:60]}'.", hint=f"One of {', '.join(SLICINGS)}.")
    return list_slice_misses(db, run_id, by, name, limit=limit)

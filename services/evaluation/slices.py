"""How a run does on parts of its comments: by source, language, length, and how the label came about."""

from dataclasses import dataclass

from services.evaluation.confusion import ConfusionTable, from_counts
from services.evaluation.intervals import Proportion, proportion
from storage.database import Database
from storage.models import get_run
from storage.slices import SLICE_SQL, count_slices
from storage.snapshots import get_snapshot

SLICINGS: tuple[str, ...] = tuple(SLICE_SQL)


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


def slices(db: Database, run_id: str, by: tuple[str, ...] = SLICINGS) -> list[Slice]:
    """The slices of a run, each with its confusion table; every comment is in one slice of each kind.

    Raises:
        NotFound: there is no such run.
    """
    labels = get_snapshot(db, get_run(db, run_id).snapshot_id).labels
    found = []
    for kind in by:
        counted = count_slices(db, run_id, kind)
        for name in sorted({row[0] for row in counted}):
            triples = [row[1:] for row in counted if row[0] == name]
            found.append(Slice(kind, name, from_counts(labels, triples)))
    return found

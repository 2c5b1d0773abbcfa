"""How each annotator works: agreement with what the others decided, speed, changes of mind, repeats."""

from dataclasses import dataclass

from services.curation.datasets import get_dataset
from services.evaluation.intervals import SMALL_N, Proportion, proportion
from storage import agreement as stored
from storage.database import Database


@dataclass(frozen=True)
class AnnotatorQuality:
    """One annotator; None where nothing was counted.

    Attributes:
        labels: Labels in force for this annotator, on comments that are not excluded.
        agreement: With the label in force without their vote; comments that then have none do not count.
        median_s: Seconds from seeing a comment to the vote, of the `timed` votes that know it.
        changes: Labels that they replaced by another one themselves.
        consistency: Of texts that they answered again, those answered as before.
    """

    annotator: str
    labels: int
    agreement: Proportion | None
    median_s: float | None
    timed: int
    changes: int
    consistency: Proportion | None

    @property
    def few(self) -> bool:
        """Whether too little was compared to say anything of this person."""
        return self.agreement is None or self.agreement.n < SMALL_N


@dataclass(frozen=True)
class Change:
    """One kind of change of mind: where it is frequent, two definitions are hard to tell apart."""

    before: str
    after: str
    count: int
    annotators: int


def list_annotators(db: Database, dataset_id: str, *, about: str | None = None) -> list[AnnotatorQuality]:
    """Everybody who labelled comments of the dataset, those with most labels first.

    Args:
        about: The one of several labels that is asked about; None compares whole answers.

    Raises:
        NotFound: there is no such dataset.
    """
    wanted = get_dataset(db, dataset_id).dataset_id
    repeats = stored.count_repeats(db, wanted, about)
    changes: dict[str, int] = {}
    for annotator, _, _, count in stored.count_changes(db, wanted, about):
        changes[annotator] = changes.get(annotator, 0) + count
    return [
        AnnotatorQuality(
            each.annotator,
            each.labels,
            proportion(each.agreed, each.compared),
            each.median_s,
            each.timed,
            changes.get(each.annotator, 0),
            _share(repeats.get(each.annotator, (0, 0))),
        )
        for each in stored.list_annotator_counts(db, wanted, about)
    ]


def list_changes(db: Database, dataset_id: str, *, about: str | None = None) -> list[Change]:
    """Changes of mind of all annotators together, the most frequent first; `about` as above."""
    together: dict[tuple[str, str], list[int]] = {}
    for _, before, after, count in stored.count_changes(db, dataset_id, about):
        together.setdefault((before, after), []).append(count)
    found = [Change(before, after, sum(each), len(each)) for (before, after), each in together.items()]
    return sorted(found, key=lambda change: (-change.count, change.before, change.after))


def _share(counted: tuple[int, int]) -> Proportion | None:
    repeats, same = counted
    return proportion(same, repeats)

"""Drift between a snapshot and comments that came later: lengths, languages, labels, scores of a model."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from domain.errors import BadInput, NotFound
from services.evaluation.drift import ALERT, WATCH, Drift, drift_of_categories, drift_of_numbers
from services.evaluation.intervals import SMALL_N
from storage.comment_scores import list_comment_scores
from storage.database import Database
from storage.drift import get_frozen_table, get_later_table
from storage.imports import get_import
from storage.models import get_model, list_runs
from storage.predictions import list_predictions
from storage.snapshots import get_snapshot

_ORDER = {"alert": 0, "watch": 1, "not decidable": 2, "steady": 3}
CONVENTIONS = (
    f"An index from {WATCH:g} is called watch and from {ALERT:g} alert: conventions, no laws. Below what"
    " chance gives 19 times in 20, nothing is said to have moved."
)


@dataclass(frozen=True)
class DriftReport:
    """What has moved since a snapshot, most first, and what could not be looked at, with why."""

    snapshot_id: str
    dataset_id: str
    snapshot_dataset_id: str
    import_id: int | None
    model_id: str | None
    n_reference: int
    n_sample: int
    moved: tuple[Drift, ...]
    not_looked_at: dict[str, str]

    @property
    def sentence(self) -> str:
        """What a lead has to know, in a line."""
        return self._moved_sentence + self._datasets_sentence

    @property
    def _datasets_sentence(self) -> str:
        if self.dataset_id == self.snapshot_dataset_id:
            return ""
        return (
            f" These are two datasets, '{self.dataset_id}' against '{self.snapshot_dataset_id}': what differs"
            " may lie in where they come from and not in time."
        )

    @property
    def _moved_sentence(self) -> str:
        loud = [each for each in self.moved if each.verdict in ("alert", "watch")]
        head = f"{self.n_sample:,} later comments against {self.n_reference:,} of {self.snapshot_id}: "
        if not loud:
            open_ = sum(each.verdict == "not decidable" for each in self.moved)
            told = f", {open_} of {len(self.moved)} are not decidable with so few" if open_ else ""
            return f"{head}nothing has moved beyond chance{told}."
        return head + ", ".join(f"{each.what} {each.verdict} ({each.psi:.2f})" for each in loud) + "."

    @property
    def as_dict(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {**asdict(self), "sentence": self.sentence, "conventions": CONVENTIONS}


def drift(
    db: Database,
    snapshot_id: str,
    *,
    import_id: int | None = None,
    dataset_id: str | None = None,
    model_id: str | None = None,
) -> DriftReport:
    """How comments that came later differ from those of a snapshot.

    Args:
        import_id: The import with the production sample; None takes all that are not in the snapshot.
        dataset_id: Whose later comments; None takes the snapshot's dataset, or the import's.
        model_id: Compare what it says too: of held-out comments of the snapshot, and of the sample, where it
            was let loose on the dataset.

    Raises:
        NotFound: there is no such snapshot, import or model.
        BadInput: there is no later comment.
    """
    snapshot = get_snapshot(db, snapshot_id)
    whose = dataset_id or (snapshot.dataset_id if import_id is None else get_import(db, import_id).dataset_id)
    frozen = get_frozen_table(db, snapshot_id)
    later = get_later_table(db, whose, snapshot_id=snapshot_id, import_id=import_id)
    if not later.num_rows:
        raise BadInput(
            f"'{whose}' has no comment that is not in {snapshot_id}.",
            hint="Import a sample of production first: import FILE --dataset NAME.",
        )
    moved = [
        drift_of_numbers("length", _numbers(frozen["characters"]), _numbers(later["characters"])),
        drift_of_categories("language", frozen["language"].to_pylist(), later["language"].to_pylist()),
    ]
    not_looked_at: dict[str, str] = {}
    labelled = later["label"].drop_null().to_pylist()
    if len(labelled) >= SMALL_N:
        moved.append(drift_of_categories("label", frozen["label"].to_pylist(), labelled))
    else:
        not_looked_at["label"] = (
            f"{len(labelled):,} of the later comments have a label; {SMALL_N} are needed."
        )
    if model_id is not None:
        said = _of_model(db, model_id, snapshot_id, whose, later)
        moved += said if isinstance(said, list) else []
        not_looked_at |= {"scores": said} if isinstance(said, str) else {}
    moved.sort(key=lambda each: (_ORDER[each.verdict], -each.psi))
    return DriftReport(
        snapshot_id, whose, snapshot.dataset_id, import_id, model_id,
        frozen.num_rows, later.num_rows, tuple(moved), not_looked_at,
    )  # fmt: skip


def _of_model(
    db: Database, model_id: str, snapshot_id: str, dataset_id: str, later: pa.Table
) -> list[Drift] | str:
    """What the model says and how sure it is of each label; or why that cannot be compared."""
    model = get_model(db, model_id)
    runs = list_runs(db, model_id=model_id, snapshot_id=snapshot_id)
    runs = [run for run in runs if run.split != "train"]
    if not runs:
        return f"{model_id} has not answered a held-out split of {snapshot_id}."
    runs.sort(key=lambda run: run.split != "test")
    before = list_predictions(db, runs[0].run_id)
    try:
        after = list_comment_scores(db, dataset_id, model_id)
    except NotFound as error:
        return str(error)
    after = after.filter(pc.is_in(after["comment_id"], later["comment_id"].combine_chunks()))
    if after.num_rows < SMALL_N:
        return (
            f"{model_id} has answered {after.num_rows:,} of the later comments: predict --model {model_id}"
            f" --dataset {dataset_id}."
        )
    said = [[str(name or "(no label)") for name in side["label"].to_pylist()] for side in (before, after)]
    moved = [drift_of_categories("predicted label", *said)]
    for place, label in enumerate(model.labels[1:], 1):
        scores = [_scores(side, place) for side in (before, after)]
        if min(each.size for each in scores) >= SMALL_N:
            moved.append(drift_of_numbers(f"score of {label}", *scores))
    return moved


def _scores(answers: pa.Table, place: int) -> np.ndarray:
    """The scores of the label at that place, of the answers that have any."""
    rows = answers["scores"].drop_null().to_pylist()
    found = np.array([row[place] for row in rows if len(row) > place], dtype=np.float64)
    return found[np.isfinite(found)]


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.to_numpy(), dtype=np.float64)

"""Scores that came in a column beside the comments become a model, where there are labels to compare with."""

from dataclasses import dataclass

from domain.errors import BadInput
from domain.text import with_hint
from services.curation.snapshots import take_snapshot
from services.modelling.imported_scores import Imported, keep_scores
from storage.database import Database
from storage.datasets import get_label_set
from storage.imports import Import


@dataclass(frozen=True)
class System:
    """Whose scores a file brings.

    Attributes:
        name: Such as "Perspective".
        label: What a high score speaks for; empty for the last label of the set.
        scale: The largest score that is possible: 1 or 100.
        flags_from: The label is given from this share of the scale on.
    """

    name: str
    label: str = ""
    scale: float = 1.0
    flags_from: float = 0.5


@dataclass(frozen=True)
class Kept:
    """The model that the scores became; or none yet, and why they wait beside their comments."""

    model: Imported | None
    waits_for: str = ""


def check_columns(columns: dict[str, str], system: System) -> None:
    """Refuse, before anything goes in, a file without a column of scores."""
    if "score" not in columns:
        raise BadInput(
            f"No column holds the scores of {system.name}.", hint="Say which one: --column score=COLUMN."
        )


def keep_after_import(db: Database, done: Import, system: System, *, actor: str) -> Kept:
    """Freeze the dataset that the file went into, and make the scores of its comments a model on that.

    The comments are in by now: what stands against a model is told, and loses no score.
    """
    mode = "imported" if "split" in done.mapping["columns"] else "group"
    try:
        snapshot = take_snapshot(
            db,
            done.dataset_id,
            actor=actor,
            split_mode=mode,
            note=f"Scores of {system.name} came with {done.file_name}",
        )
        label = system.label or get_label_set(db, done.dataset_id).names[-1]
        kept = keep_scores(
            db,
            snapshot.snapshot_id,
            label=label,
            name=system.name,
            actor=actor,
            scale=system.scale,
            flags_from=system.flags_from,
        )
    except BadInput as error:
        return Kept(None, with_hint(str(error), error.hint))
    return Kept(kept)

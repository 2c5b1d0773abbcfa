"""Models and their runs, and where a model's files lie."""

from pathlib import Path

from domain.errors import NotFound
from domain.models import Model
from storage.database import Database
from storage.models import get_model, get_run, list_engines, list_models, list_runs
from storage.snapshots import get_snapshot

__all__ = [
    "answers_several", "get_model", "get_run", "list_engines", "list_models", "list_runs", "model_folder",
]  # fmt: skip


def answers_several(db: Database, model: Model) -> bool:
    """Whether the model may give a comment several labels, or none: it was trained here on such comments."""
    return model.backend in ("tfidf", "huggingface") and get_snapshot(db, model.snapshot_id).several


def model_folder(db: Database, model_id: str) -> Path:
    """The folder with the model's files, which the job that made it left behind. They are never changed.

    Raises:
        NotFound: there is no such model, or its folder is gone.
    """
    model = get_model(db, model_id)
    if model.backend == "imported":
        raise NotFound(
            f"{model_id} cannot be asked and has no files: its answers came from a file.",
            hint="Import newer scores, or choose another model.",
        )
    folder = db.home / "jobs" / model.job_id / "model"
    if not folder.is_dir():
        raise NotFound(f"The files of {model_id} are gone: {folder}", hint="Train the model again.")
    return folder

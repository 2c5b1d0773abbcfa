"""Models and their runs, and where a model's files lie."""

from pathlib import Path

from domain.errors import NotFound
from domain.models import Model, Run
from storage.database import Database
from storage.models import get_model, get_run, list_engines, list_models, list_runs
from storage.snapshots import get_snapshot

__all__ = [
    "answers_several", "get_model", "get_run", "list_engines", "list_models", "list_runs", "model_folder",
    "newest_run",
]  # fmt: skip


def answers_several(db: Database, model: Model) -> bool:
    """Whether the model may give a comment several labels, or none: it was trained here on such comments."""
    return model.backend in ("tfidf", "huggingface") and get_snapshot(db, model.snapshot_id).several


def newest_run(db: Database, dataset_id: str) -> Run | None:
    """The newest answers of a model of ours, those to a test split first; None where none has answered.

    Imported scores are there to be compared with.
    """
    foreign = {model.model_id for model in list_models(db, dataset_id) if model.backend == "imported"}
    own = [run for run in list_runs(db, dataset_id) if run.model_id not in foreign]
    return next((run for run in own if run.split == "test"), own[0] if own else None)


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

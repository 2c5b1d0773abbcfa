"""Models and their runs, and where a model's files lie."""

from pathlib import Path

from domain.errors import NotFound
from storage.database import Database
from storage.models import get_model, get_run, list_engines, list_models, list_runs

__all__ = ["get_model", "get_run", "list_engines", "list_models", "list_runs", "model_folder"]


def model_folder(db: Database, model_id: str) -> Path:
    """The folder with the model's files, which the job that made it left behind. They are never changed.

    Raises:
        NotFound: there is no such model, or its folder is gone.
    """
    folder = db.home / "jobs" / get_model(db, model_id).job_id / "model"
    if not folder.is_dir():
        raise NotFound(f"The files of {model_id} are gone: {folder}", hint="Train the model again.")
    return folder

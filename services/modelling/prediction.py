"""Ask a model about one split of a snapshot."""

from domain.errors import BadInput
from domain.jobs import Job
from domain.splits import SPLITS
from services.jobs.launch import launch
from storage.database import Database
from storage.models import get_model
from storage.snapshots import get_snapshot


def predict(db: Database, *, model_id: str, snapshot_id: str, split: str, actor: str) -> Job:
    """Start predicting; the run is there once the job is absorbed.

    The snapshot may be of another dataset than the model's, to see how the model does elsewhere.

    Raises:
        NotFound: there is no such model or snapshot.
        BadInput: there is no such split.
        Conflict: the model is asked elsewhere, and the comments may not leave this machine.
    """
    if split not in SPLITS:
        raise BadInput(f"There is no split {split!r}.", hint=f"Splits: {', '.join(SPLITS)}.")
    model, snapshot = get_model(db, model_id), get_snapshot(db, snapshot_id)
    return launch(
        db,
        kind="predict",
        dataset_id=snapshot.dataset_id,
        snapshot_id=snapshot_id,
        splits=[split],
        settings={},
        actor=actor,
        name=model.name,
        model_id=model_id,
        provider=model.settings["provider"] if model.backend == "openai" else None,
    )

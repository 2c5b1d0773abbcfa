"""Ask a model about one split of a snapshot."""

from datetime import UTC, datetime
from typing import Any

from domain.errors import BadInput
from domain.jobs import Job
from domain.models import ENGINES, Model
from domain.splits import SPLITS
from services.jobs.managing.launch import launch
from services.modelling.hosted.hosting import refuse_shut
from services.modelling.hosted.known_prompts import prompt_to_ask
from services.modelling.hosted.lifecycle import expiry_of_settings
from services.modelling.models import answers_several
from services.modelling.settings import HostedSettings, read_settings
from storage.database import Database
from storage.models import get_model
from storage.snapshots import get_snapshot


def predict(
    db: Database, *, model_id: str, snapshot_id: str, split: str, actor: str, engine: str = "torch"
) -> Job:
    """Start predicting; the run is there once the job is absorbed.

    The snapshot may be of another dataset than the model's, to see how the model does elsewhere.

    Args:
        db: The database.
        model_id: Whom to ask.
        snapshot_id: About which comments.
        split: Of the snapshot.
        actor: Who wants it.
        engine: What computes the answers of an encoder: "torch"; "onnx", the same numbers; or "onnx-int8",
            8 bits with close calls asked again in 32, which is faster and may change a label now and then.

    Raises:
        NotFound: there is no such model or snapshot.
        BadInput: there is no such split or engine, the engine is not for this model, or the model answers in
            free text.
        Conflict: the model is asked elsewhere, and the comments may not leave this machine; it was shut, or
            trained with another prompt than it is asked in.
    """
    if split not in SPLITS:
        raise BadInput(f"There is no split {split!r}.", hint=f"Splits: {', '.join(SPLITS)}.")
    model = model_to_ask(db, model_id, engine)
    snapshot = get_snapshot(db, snapshot_id)
    if snapshot.several != answers_several(db, model):
        raise BadInput(
            f"{model_id} and {snapshot_id} do not fit: one has several labels per comment, the other one.",
            hint="Choose a snapshot of the same kind as the model's own.",
        )
    return launch(
        db,
        kind="predict",
        dataset_id=snapshot.dataset_id,
        snapshot_id=snapshot_id,
        splits=[split],
        settings=engine_settings(engine),
        actor=actor,
        name=model.name,
        model_id=model_id,
        provider=provider_name(model),
    )


def model_to_ask(db: Database, model_id: str, engine: str) -> Model:
    """The model, once it is clear that it can be asked for labels by this engine.

    Raises:
        NotFound: there is no such model.
        BadInput: there is no such engine, it is not for this model, or the model answers in free text.
        Conflict: the model was shut, or trained with another prompt than it is asked in.
    """
    model = get_model(db, model_id)
    if not model.labels:
        raise BadInput(f"{model_id} answers in free text, with no label.", hint="Try it in the playground.")
    _check_engine(model, engine)
    refuse_shut(expiry_of_settings(db.home, model.settings, datetime.now(UTC).date()))
    if model.backend == "openai" and not model.settings.get("tune", True):
        prompt_to_ask(db, read_settings(HostedSettings, model.settings))
    return model


def engine_settings(engine: str) -> dict[str, Any]:
    """The engine as a job is told it."""
    return {} if engine == "torch" else {"engine": engine}


def provider_name(model: Model) -> str | None:
    """Whom the model's answers come from; None where it is asked on this machine."""
    return str(model.settings["provider"]) if model.backend == "openai" else None


def _check_engine(model: Model, engine: str) -> None:
    if engine not in ENGINES:
        raise BadInput(f"There is no engine {engine!r}.", hint=f"Engines: {', '.join(ENGINES)}.")
    if engine != "torch" and model.backend != "huggingface":
        raise BadInput(
            f"{model.model_id} is no encoder: {engine} cannot compute it.", hint="Leave the engine out."
        )

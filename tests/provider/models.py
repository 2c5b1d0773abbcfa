"""/models: the provider's own until they are shut, and what the jobs left behind."""

from datetime import UTC, datetime

from tests.provider.catalogue import BASES, BY_NAME, BaseModel, base_named, no_model
from tests.provider.state import Beat, Job, State, TrainedModel
from tests.provider.wire import ApiError, Call, Json, Reply, replied

TEAM = "workbench"
FIRST_MODEL = int(datetime(2025, 4, 14, tzinfo=UTC).timestamp())


def model_name(job: Job) -> str:
    """`ft:base:team:suffix:id`, the name that a succeeded job gives to its model."""
    suffix = (job.asked.get("suffix") or "").lower().replace(" ", "-")
    return f"ft:{job.base}:{TEAM}:{suffix}:{job.id[6:14]}"


def checkpoint_name(job: Job, beat: Beat) -> str:
    """The name of the model at a checkpoint; the last one is the job's own model."""
    steps = [other.checkpoint["step"] for other in job.beats if other.checkpoint]
    step = (beat.checkpoint or {})["step"]
    return model_name(job) if step == steps[-1] else f"{model_name(job)}:ckpt-step-{step}"


def shutdown_date(trained: TrainedModel) -> str | None:
    """A fine-tuned model lives as long as its base."""
    base = BY_NAME.get(trained.base)
    return trained.shutdown_date or (base.shutdown_date if base else None)


def find_model(state: State, name: str) -> tuple[BaseModel, TrainedModel | None]:
    """The base of the model of that name, and what it was trained to if it was.

    Raises:
        ApiError: 404, there is none or it has been shut down.
    """
    if name in state.trained:
        trained = state.trained[name]
        ends = shutdown_date(trained)
        if ends is not None and ends <= state.today():
            raise no_model(name)
        return BY_NAME[trained.base], trained
    if name.startswith("ft:"):
        raise no_model(name)
    return base_named(name, state.today()), None


def _shown(name: str, created: int, owner: str, ends: str | None) -> Json:
    about: Json = {"id": name, "object": "model", "created": created, "owned_by": owner}
    return about | {"shutdown_date": ends} if ends else about


def _listed(state: State) -> list[Json]:
    names = [(name, base) for base in BASES for name in (base.id, base.alias) if name]
    found = [_shown(name, FIRST_MODEL, "system", base.shutdown_date) for name, base in names]
    for trained in state.trained.values():
        found.append(_shown(trained.id, trained.created, TEAM, shutdown_date(trained)))
    today = state.today()
    return [model for model in found if model.get("shutdown_date", "9999") > today]


def list_models(state: State, call: Call) -> Reply:
    return replied({"object": "list", "data": _listed(state)})


def retrieve(state: State, call: Call) -> Reply:
    name = call.params["model"]
    for model in _listed(state):
        if model["id"] == name:
            return replied(model)
    message = f"The model '{name}' does not exist"
    raise ApiError(message, status=404, param="model", code="model_not_found")


def delete(state: State, call: Call) -> Reply:
    name = call.params["model"]
    if name in BY_NAME:
        message = "You have insufficient permissions for this operation."
        raise ApiError(message, status=403, code="insufficient_permissions")
    if name not in state.trained:
        message = f"The model '{name}' does not exist"
        raise ApiError(message, status=404, param="model", code="model_not_found")
    del state.trained[name]
    return replied({"id": name, "object": "model", "deleted": True})

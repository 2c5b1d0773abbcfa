"""/__test__: the endpoints by which a test moves the clock, orders faults and reads what arrived."""

from dataclasses import asdict, fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tests.provider.catalogue import BY_NAME
from tests.provider.faults import Fault
from tests.provider.state import Settings, State, TrainedModel
from tests.provider.wire import ApiError, Call, Json, Reply, replied

FAULTS = TypeAdapter(list[Fault])


def advance(state: State, call: Call) -> Reply:
    state.advance(float(call.json()["seconds"]))
    return clock(state, call)


def clock(state: State, call: Call) -> Reply:
    return replied({"now": state.now(), "today": state.today()})


def settings(state: State, call: Call) -> Reply:
    """Change the speed of the clock or the shape of result files."""
    changed = call.json()
    known = {field.name for field in fields(Settings)}
    if set(changed) - known:
        raise ApiError(f"Unknown settings: {sorted(set(changed) - known)}; known are {sorted(known)}.")
    if "speed" in changed:
        state.run_at(float(changed.pop("speed")))
    for name, value in changed.items():
        setattr(state.settings, name, value)
    return replied(asdict(state.settings))


def add_faults(state: State, call: Call) -> Reply:
    """Queue rules; the fields are those of `Fault`."""
    try:
        state.faults += FAULTS.validate_python(call.json()["faults"])
    except ValidationError as error:
        raise ApiError(f"Not a fault: {error}") from None
    return list_faults(state, call)


def list_faults(state: State, call: Call) -> Reply:
    return replied({"faults": [asdict(fault) for fault in state.faults]})


def log(state: State, call: Call) -> Reply:
    return replied({"requests": [asdict(logged) for logged in state.log]})


def add_model(state: State, call: Call) -> Reply:
    """A fine-tuned model from before the test began."""
    asked: Json = call.json()
    name, examples = asked["id"], [(prompt, answer) for prompt, answer in asked["examples"]]
    base = BY_NAME[name.split(":")[1]].id
    state.trained[name] = TrainedModel(name, base, int(state.now()), examples, asked.get("shutdown_date"))
    return replied({"id": name})


def reset(state: State, call: Call) -> Reply:
    """Forget everything."""
    fresh: Any = State()
    for field in fields(State):
        setattr(state, field.name, getattr(fresh, field.name))
    return replied({})

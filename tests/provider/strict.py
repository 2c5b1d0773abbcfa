"""Checks a request against the SDK's own parameter types, deeply, and complains as the API does.

pydantic takes a TypedDict as it is, but looks into an Iterable only when somebody reads it, and lets unknown
keys pass. The types are therefore rebuilt: every Iterable becomes a list, no TypedDict takes an unknown key,
and nothing is converted ("5" is not 5).
"""

import collections.abc
import types
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict, get_type_hints, is_typeddict

from tests.provider.wire import ApiError

EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a decimal",
    "bool_type": "a boolean",
    "list_type": "an array",
    "dict_type": "an object",
    "none_required": "null",
}
GIVEN = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    list: "an array",
    dict: "an object",
}
LISTS = (collections.abc.Iterable, collections.abc.Sequence, list)


def check(params: Any, body: dict[str, Any]) -> None:
    """Raise the documented 400 unless `body` is what the SDK's TypedDict `params` describes."""
    try:
        _adapter(params).validate_python(body)
    except ValidationError as error:
        raise _complaint(error.errors(include_url=False), body) from None


@cache
def _adapter(params: Any) -> TypeAdapter[Any]:
    return TypeAdapter(_rebuilt(params))


def _rebuilt(tp: Any) -> Any:
    origin: Any = get_origin(tp)
    arguments = get_args(tp)
    if is_typeddict(tp):
        return _closed(tp)
    if origin in (Required, NotRequired, Annotated):
        return _rebuilt(arguments[0])
    if origin in (Union, types.UnionType):
        return _union([_rebuilt(argument) for argument in arguments])
    if origin in LISTS:
        return list[_rebuilt(arguments[0])]  # type: ignore[misc]
    if origin is dict:
        return dict[arguments[0], _rebuilt(arguments[1])]  # type: ignore[misc, valid-type]
    return Any if tp is object else tp


@cache
def _closed(tp: Any) -> Any:
    """The same TypedDict, which takes no unknown key and converts nothing."""
    fields: dict[str, Any] = {}
    for name, hint in get_type_hints(tp, include_extras=True).items():
        marker: Any = get_origin(hint)
        # With string annotations __required_keys__ knows only the class's own totality, the marker the rest.
        is_required = marker is Required or (name in tp.__required_keys__ and marker is not NotRequired)
        fields[name] = Required[_rebuilt(hint)] if is_required else NotRequired[_rebuilt(hint)]
    closed = TypedDict(tp.__name__, fields)  # type: ignore[misc]
    setattr(closed, "__pydantic_config__", ConfigDict(extra="forbid", strict=True))  # noqa: B010
    return closed


def _union(members: list[Any]) -> Any:
    """The union, told apart by `role` or `type` where every member names its own."""
    union: Any = Union[tuple(members)]  # noqa: UP007 - the members are known only here
    for key in ("role", "type"):
        if all(is_typeddict(member) and _names_itself(member, key) for member in members):
            return Annotated[union, Field(discriminator=key)]
    return union


def _names_itself(member: Any, key: str) -> bool:
    hint: Any = get_type_hints(member, include_extras=True).get(key)
    marker: Any = get_origin(hint)
    return marker is Required and get_origin(get_args(hint)[0]) is Literal


def _complaint(errors: list[ErrorDetails], body: dict[str, Any]) -> ApiError:
    """The error of the field that lies deepest: in a union it belongs to the branch that fits best."""
    found = [(_path(error["loc"], body), error) for error in errors]
    deepest = max(len(path) for path, _ in found)
    path, error = next((path, error) for path, error in found if len(path) == deepest)
    alike = [other for other_path, other in found if other_path == path]
    param = _spelled(path)
    match error["type"]:
        case "missing" | "union_tag_not_found":
            if error["type"] == "union_tag_not_found":
                param += "." + error["ctx"]["discriminator"].strip("'")
            return ApiError(
                f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
            )
        case "extra_forbidden":
            return ApiError(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
        case "literal_error" | "union_tag_invalid":
            return _unsupported(param, error)
    wanted = list(dict.fromkeys(EXPECTED[one["type"]] for one in alike if one["type"] in EXPECTED))
    expected = wanted[0] if len(wanted) == 1 else "one of " + " or ".join(wanted)
    given = GIVEN.get(type(error["input"]), "null")
    message = f"Invalid type for '{param}': expected {expected}, but got {given} instead."
    return ApiError(message, param=param, code="invalid_type")


def _unsupported(param: str, error: ErrorDetails) -> ApiError:
    if error["type"] == "union_tag_invalid":
        param += "." + error["ctx"]["discriminator"].strip("'")
        value, supported = error["ctx"]["tag"], error["ctx"]["expected_tags"]
    else:
        value, supported = error["input"], error["ctx"]["expected"]
    message = f"Invalid value: '{value}'. Supported values are: {supported}."
    return ApiError(message, param=param, code="invalid_value")


def _path(loc: tuple[int | str, ...], body: Any) -> tuple[int | str, ...]:
    """pydantic's location without the names of the union branches that it went through."""
    path: list[int | str] = []
    here = body
    for place, step in enumerate(loc):
        is_index = isinstance(here, list) and isinstance(step, int)
        if is_index or (isinstance(here, dict) and step in here):
            path.append(step)
            here = here[step]
        elif (
            isinstance(here, dict) and isinstance(step, str) and place == len(loc) - 1 and step.isidentifier()
        ):
            path.append(step)
    return tuple(path)


def _spelled(path: tuple[int | str, ...]) -> str:
    spelled = ""
    for step in path:
        spelled += f"[{step}]" if isinstance(step, int) else f".{step}" if spelled else step
    return spelled

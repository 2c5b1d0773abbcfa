"""Structured output: what a response_format may ask, and an answer that fits it."""

import json
from typing import Any

from jsonschema import Draft202012Validator, SchemaError  # type: ignore[import-untyped]

from tests.provider.learning import Spread, chance, normalised
from tests.provider.limits import no_longer_than
from tests.provider.tokens import text_of
from tests.provider.wire import ApiError, Json

DEEPEST = 6


def check_format(body: Json) -> None:
    """Strict schemas require all their properties and take no others; JSON mode must be mentioned."""
    form = body.get("response_format") or {"type": "text"}
    if form["type"] == "json_object":
        said = " ".join(text_of(message.get("content")) for message in body["messages"])
        if "json" not in said.lower():
            message = (
                "'messages' must contain the word 'json' in some form, "
                "to use 'response_format' of type 'json_object'."
            )
            raise ApiError(message, param="messages")
    if form["type"] == "json_schema":
        named = form["json_schema"]
        no_longer_than("response_format.json_schema.name", named["name"], 64)
        if "schema" not in named:
            param = "response_format.json_schema.schema"
            raise ApiError(
                f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
            )
        try:
            Draft202012Validator.check_schema(named["schema"])
            schema = inlined(named["schema"], named["schema"])
        except (SchemaError, LookupError) as error:
            raise _invalid(named["name"], str(error).splitlines()[0]) from None
        if named.get("strict"):
            _check_strict(schema, named["name"], ())


def _invalid(name: str, problem: str) -> ApiError:
    message = f"Invalid schema for response_format '{name}': {problem}"
    return ApiError(message, param="response_format", code="invalid_json_schema")


def inlined(part: Any, root: Json, depth: int = 0) -> Any:
    """The schema with every local reference put in place; a schema inside itself ends after a few turns."""
    if isinstance(part, list):
        return [inlined(inner, root, depth) for inner in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("$ref"), str):
        found: Any = root
        for step in part["$ref"].removeprefix("#").strip("/").split("/"):
            found = found[step] if step else found
        return inlined(found, root, depth + 1) if depth < DEEPEST else {}
    return {key: inlined(inner, root, depth) for key, inner in part.items() if key != "$defs"}


def _check_strict(schema: Any, name: str, context: tuple[str, ...]) -> None:
    if not isinstance(schema, dict):
        return
    problem = None
    if not context and schema.get("type") != "object":
        problem = "schema must be a JSON Schema of 'type: \"object\"'."
    elif schema.get("type") == "object":
        properties = schema.get("properties", {})
        left_out = sorted(set(properties) - set(schema.get("required", [])))
        if schema.get("additionalProperties") is not False:
            problem = "'additionalProperties' is required to be supplied and to be false."
        elif left_out:
            problem = (
                "'required' is required to be supplied and to be an array including every key in properties. "
                f"Missing '{left_out[0]}'."
            )
    if problem:
        raise _invalid(name, f"In context={context}, {problem}")
    for key, inner in schema.get("properties", {}).items():
        _check_strict(inner, name, (*context, "properties", key))
    _check_strict(schema.get("items"), name, (*context, "items"))


def shaped(spread: Spread, body: Json, question: str) -> Spread:
    """The same answers as JSON, where JSON was asked for; answers that become equal are added up."""
    form = body.get("response_format") or {"type": "text"}
    if form["type"] == "text":
        return spread
    named = form.get("json_schema", {})
    shares: dict[str, float] = {}
    for text, share in spread:
        if form["type"] == "json_object":
            value: Any = {"answer": text}
        else:
            value = _filled(inlined(named["schema"], named["schema"]), text, share, question)
        written = text if form["type"] == "json_object" and _is_object(text) else json.dumps(value)
        shares[written] = shares.get(written, 0.0) + share
    return normalised(shares)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _filled(schema: Any, text: str, share: float, question: str) -> Any:
    """A value that fits the schema and says `text` wherever it may; the rest is left to chance."""
    if not isinstance(schema, dict):  # true and false are schemas too
        return text
    options = [schema["const"]] if "const" in schema else schema.get("enum")
    if options:
        return text if text in options else options[int(chance(text, question) * len(options))]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _filled(schema[key][0], text, share, question)
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    match kind:
        case "object":
            inner = schema.get("properties", {}).items()
            return {name: _filled(part, text, share, question) for name, part in inner}
        case "array":
            return [_filled(schema.get("items", {}), text, share, question)]
    return _scalar(kind, text, share, question)


def _scalar(kind: str, text: str, share: float, question: str) -> Any:
    match kind:
        case "number":
            return round(share, 4)
        case "integer":
            return round(100 * share)
        case "boolean":
            return chance(text, question) < 0.5
        case "null":
            return None
    return text

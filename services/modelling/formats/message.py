"""Whether one message of an example has the form that supervised chat fine-tuning takes."""

import re

from domain.json_text import Json, kind
from services.modelling.formats.findings import Report
from services.modelling.formats.repairs import repaired_content, repaired_role, repaired_weight

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
MESSAGE_KEYS = ("role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal")

_NAME = re.compile(r"[^\s<|\\/>]{1,64}")


def check_message(report: Report, message: dict[str, Json], at: str) -> None:
    """Report every fault of the message that stands at the place `at` of its example."""
    _check_keys(report, message, at)
    _check_role(report, message, at)
    _check_content(report, message, at)
    _check_weight(report, message, at)
    _check_calls(report, message, at)
    name = message.get("name")
    if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        report.add(
            f"{at}.name", "name_value", "A name has 1 to 64 characters, no space and none of < | \\ / >."
        )


def _check_keys(report: Report, message: dict[str, Json], at: str) -> None:
    if "role" not in message or ("content" not in message and not _has_call(message)):
        absent = "role" if "role" not in message else "content"
        report.add(f"{at}.{absent}", "message_missing_key", f"The message has no {absent}.")
    for key, value in message.items():
        if value is None and key not in ("role", "content"):
            report.add(
                f"{at}.{short(key)}",
                "null_value",
                f"{short(key)} is null.",
                repair="the key is left out",
                severity="warning",
            )
        elif key not in MESSAGE_KEYS:
            report.add(
                f"{at}.{short(key)}", "message_unrecognized_key", f"{short(key)} is no key of a message."
            )


def _check_role(report: Report, message: dict[str, Json], at: str) -> None:
    role = message.get("role")
    if role in ROLES:
        return
    repaired = repaired_role(role)
    shown = short(role) if isinstance(role, str) else kind(role)
    hint = " Vertex calls the assistant 'model'." if role == "model" else ""
    report.add(
        f"{at}.role",
        "unrecognized_role",
        f"The role is {shown}, none of {', '.join(ROLES)}.{hint}",
        repair=f"written {repaired}" if repaired in ROLES else None,
    )


def _check_content(report: Report, message: dict[str, Json], at: str) -> None:
    content, field, role = message.get("content"), f"{at}.content", repaired_role(message.get("role"))
    if content is None or content == "" or content == []:
        may_be_null = content is None and (role == "function" or bool(message.get("refusal")))
        if not may_be_null and not _has_call(message):
            report.add(field, "missing_content", "The message says nothing.")
    elif isinstance(content, str):
        if not content.strip():
            report.add(field, "blank_content", "The message holds only white space.")
    elif not (role == "user" and _are_parts(content)):
        is_repaired = isinstance(repaired_content(content, role), str)
        report.add(
            field,
            "value_type",
            f"The content is {kind(content)}, not a text.",
            repair="written as a text" if is_repaired else None,
        )


def _are_parts(content: Json) -> bool:
    """Whether the content is a list of texts and pictures, as a user's message may be."""
    return isinstance(content, list) and all(
        isinstance(part, dict)
        and (
            (part.get("type") == "text" and isinstance(part.get("text"), str))
            or (part.get("type") == "image_url" and isinstance(part.get("image_url"), dict))
        )
        for part in content
    )


def _check_weight(report: Report, message: dict[str, Json], at: str) -> None:
    weight = message.get("weight")
    if weight is None:
        return
    if repaired_role(message.get("role")) != "assistant":
        fault, repair = "A weight belongs to the assistant's messages only.", "the weight is left out"
        report.add(f"{at}.weight", "weight_role", fault, repair=repair)
    elif type(weight) is not int or weight not in (0, 1):
        repaired = repaired_weight(weight)
        repair_text = f"written {repaired}" if repaired is not None else None
        report.add(f"{at}.weight", "weight_value", "A weight is 0 or 1.", repair=repair_text)


def _check_calls(report: Report, message: dict[str, Json], at: str) -> None:
    calls, function_call = message.get("tool_calls"), message.get("function_call")
    role = repaired_role(message.get("role"))
    if calls is not None and not (isinstance(calls, list) and calls and all(map(_is_tool_call, calls))):
        needs = "Each tool call is an object with id, type function, and a function with name and arguments."
        report.add(f"{at}.tool_calls", "tool_call_form", needs)
    if function_call is not None and not _is_function(function_call):
        needs = "A function call has a name and arguments, both texts."
        report.add(f"{at}.function_call", "tool_call_form", needs)
    if (calls or function_call) and role != "assistant":
        report.add(at, "tool_call_role", "Only the assistant calls tools.")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        report.add(f"{at}.tool_call_id", "tool_call_id", "A tool's message names the call it answers.")


def _is_tool_call(call: Json) -> bool:
    return (
        isinstance(call, dict)
        and isinstance(call.get("id"), str)
        and call.get("type") == "function"
        and _is_function(call.get("function"))
    )


def _is_function(function: Json) -> bool:
    return isinstance(function, dict) and all(
        isinstance(function.get(key), str) for key in ("name", "arguments")
    )


def _has_call(message: dict[str, Json]) -> bool:
    return repaired_role(message.get("role")) == "assistant" and bool(
        message.get("tool_calls") or message.get("function_call")
    )


def short(text: str) -> str:
    """The beginning of a name out of a file, in quotes and with everything odd written out."""
    return ascii(text[:40])

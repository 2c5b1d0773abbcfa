"""Whether one example has the form that supervised chat fine-tuning takes; every fault with its place.

The faults of the published validator keep its names. Beyond it: developer and tool roles, an answer that
is only a tool call, values of the wrong type, weights, and what the last message is.

Source: openai-cookbook, examples/Chat_finetuning_data_prep.ipynb; message types of the OpenAI API, 2026.
"""

from domain.json_text import Json, kind
from services.modelling.formats.examples import ChatExample
from services.modelling.formats.findings import Finding, Report
from services.modelling.formats.message import check_message, short
from services.modelling.formats.repairs import repaired_role, repaired_weight

EXAMPLE_KEYS = ("messages", "tools", "parallel_tool_calls", "functions")

_PREFERENCE_KEYS = ("preferred_output", "non_preferred_output", "chosen", "rejected")


def shape_findings(example: ChatExample) -> list[Finding]:
    """What is wrong with the form of the example, in the order of its messages."""
    report = Report(example.row)
    value = example.value
    if not isinstance(value, dict):
        report.add("", "data_type", f"The example is {kind(value)}, not an object.")
        return report.findings
    if any(key in value for key in _PREFERENCE_KEYS):
        report.add("", "preference_example", "This is a preference pair; supervised training takes messages.")
        return report.findings
    _check_example_keys(report, value)
    messages = value.get("messages")
    if not messages:
        report.add("messages", "missing_messages_list", "There is no list of messages, or it is empty.")
        return report.findings
    if not isinstance(messages, list):
        report.add("messages", "data_type", f"messages is {kind(messages)}, not a list.")
        return report.findings
    for place, message in enumerate(messages):
        if isinstance(message, dict):
            check_message(report, message, f"messages[{place}]")
        else:
            report.add(f"messages[{place}]", "data_type", f"The message is {kind(message)}, not an object.")
    _check_conversation(report, example.messages)
    return report.findings


def _check_example_keys(report: Report, value: dict[str, Json]) -> None:
    for key in value:
        if key not in EXAMPLE_KEYS:
            extra = f"{short(key)} is no part of a chat example; a host may refuse it."
            report.add(short(key), "example_unrecognized_key", extra, severity="warning")
    for key in ("tools", "functions"):
        if key in value and not isinstance(value[key], list):
            report.add(key, "value_type", f"{key} is {kind(value[key])}, not a list.")
    parallel = value.get("parallel_tool_calls", True)
    if not isinstance(parallel, bool):
        report.add("parallel_tool_calls", "value_type", f"It is {kind(parallel)}, not true or false.")


def _check_conversation(report: Report, messages: list[dict[str, Json]]) -> None:
    roles = [repaired_role(message.get("role")) for message in messages]
    answers = [one for one, role in zip(messages, roles, strict=True) if role == "assistant"]
    if not answers:
        report.add("messages", "example_missing_assistant_message", "No message is the assistant's.")
    elif roles[-1] != "assistant":
        report.add("messages", "last_message", "The last message is not the assistant's: nothing to learn.")
    elif all(repaired_weight(answer.get("weight", 1)) == 0 for answer in answers):
        report.add("messages", "nothing_to_learn", "Every answer has the weight 0.")
    _check_answered_calls(report, messages)
    for role, code in (("system", "missing_system_message"), ("user", "missing_user_message")):
        if role not in roles and not (role == "system" and "developer" in roles):
            report.add("messages", code, f"No message is the {role}'s.", severity="note")


def _check_answered_calls(report: Report, messages: list[dict[str, Json]]) -> None:
    """Report the tools' messages that answer a call which no message before them made."""
    called: list[Json] = []
    for place, message in enumerate(messages):
        calls, answered = message.get("tool_calls"), message.get("tool_call_id")
        called += (
            [call.get("id") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
        )
        if isinstance(answered, str) and answered not in called:
            field = f"messages[{place}].tool_call_id"
            report.add(field, "tool_call_id", "No call before it has that id.")

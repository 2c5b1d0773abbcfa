"""What a training file must hold, and the words in which the API refuses others."""

import json
from collections.abc import Iterable
from typing import Any, Required

from openai.types.chat.chat_completion_assistant_message_param import ChatCompletionAssistantMessageParam
from openai.types.chat.chat_completion_message_param import ChatCompletionMessageParam
from openai.types.chat.chat_completion_tool_union_param import ChatCompletionToolUnionParam
from openai.types.chat.completion_create_params import Function
from typing_extensions import TypedDict

from tests.provider.limits import EXAMPLES_AT_LEAST, TRAINING_CONTEXT_TOKENS
from tests.provider.strict import check
from tests.provider.tokens import count_messages, text_of
from tests.provider.wire import ApiError, Json

ROLES = ("system", "developer", "user", "assistant", "tool", "function")


class MessageHolder(TypedDict, total=False):
    """A message, which strict.check wants inside a dictionary."""

    message: Required[ChatCompletionMessageParam]


class ChatExample(TypedDict, total=False):
    """A line of a supervised file; its messages are checked one by one."""

    messages: Required[list[object]]
    tools: Iterable[ChatCompletionToolUnionParam]
    functions: Iterable[Function]
    parallel_tool_calls: bool


class PreferenceExample(TypedDict, total=False):
    """A line of a preference file."""

    input: Required[ChatExample]
    preferred_output: Required[Iterable[ChatCompletionAssistantMessageParam]]
    non_preferred_output: Required[Iterable[ChatCompletionAssistantMessageParam]]


class BadFile(Exception):
    """A training or validation file that a job refuses; `code` is the job's error code."""

    def __init__(self, message: str, code: str = "invalid_training_file") -> None:
        super().__init__(message)
        self.code = code


def jsonl(content: bytes) -> list[Json]:
    """The lines of an upload, each a JSON dictionary.

    Raises:
        ApiError: with the documented words, and the first line that is none.
    """
    lines: list[Json] = []
    for number, raw in enumerate(content.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            line = json.loads(raw.decode("utf-8"))
        except ValueError:
            line = None
        if not isinstance(line, dict):
            start = raw[:40].decode("utf-8", "replace")
            raise ApiError(
                "Invalid file format. Expected file to have JSONL format, "
                "where every line is a valid JSON dictionary. "
                f'Line {number} is not a dictionary (HINT: line starts with: "{start}...").'
            )
        lines.append(line)
    if not lines:
        raise ApiError("Invalid file format. The file is empty.", code="empty_file")
    return lines


def learnable(lines: list[Json], method: str, file_id: str) -> list[tuple[str, str]]:
    """The (prompt, answer) pairs that a training file teaches.

    Raises:
        BadFile: the file is in another format, too short, or one of its examples is malformed.
    """
    found = kind_of(lines[0])
    wanted = {"supervised": "fine-tune-chat", "dpo": "fine-tune-preference"}[method]
    if found is None:
        raise BadFile("Unexpected file format, expected either prompt/completion pairs or chat messages.")
    if found == "fine-tune-completion":
        raise BadFile(
            f"Invalid file format. Input file {file_id} is in the prompt-completion format, "
            "but the specified model is a chat model and requires chat-formatted data."
        )
    if found != wanted:
        raise BadFile(
            f"Input file {file_id} is in the {found} format, but the job is not using '{KINDS[found]}'."
        )
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(lines, start=1):
        pairs += _chat_pairs(line, number) if method == "supervised" else [_preferred_pair(line, number)]
    if len(lines) < EXAMPLES_AT_LEAST:
        message = (
            f"Training file has {len(lines)} example(s), but must have at least {EXAMPLES_AT_LEAST} examples"
        )
        raise BadFile(message, "invalid_n_examples")
    return pairs


KINDS = {"fine-tune-chat": "supervised", "fine-tune-preference": "dpo", "fine-tune-completion": "completion"}


def kind_of(line: Json) -> str | None:
    if "messages" in line:
        return "fine-tune-chat"
    if "input" in line and "preferred_output" in line:
        return "fine-tune-preference"
    return "fine-tune-completion" if {"prompt", "completion"} <= set(line) else None


def trained_tokens(lines: list[Json]) -> int:
    """Tokens of one epoch: an example longer than the context is cut from its end."""
    return sum(min(count_messages(_said(line)), TRAINING_CONTEXT_TOKENS) for line in lines)


def _said(line: Json) -> list[Json]:
    if "messages" in line:
        return list(line["messages"])
    return [*line["input"]["messages"], *line["preferred_output"], *line["non_preferred_output"]]


def _refuse(number: int, rest: str) -> BadFile:
    return BadFile(f"Invalid file format. Example {number}{rest}")


def _chat_pairs(line: Json, number: int) -> list[tuple[str, str]]:
    _check_part(ChatExample, line, f"{number}:")
    messages = line["messages"]
    _check_messages(messages, number)
    if messages[-1]["role"] != "assistant":
        raise _refuse(number, ": the last message must be from the assistant")
    pairs, prompt = [], ""
    for message in messages:
        if message["role"] == "user":
            prompt = text_of(message["content"])
        elif message["role"] == "assistant" and message.get("weight", 1) == 1 and message.get("content"):
            pairs.append((prompt, text_of(message["content"])))
    return pairs


def _preferred_pair(line: Json, number: int) -> tuple[str, str]:
    _check_part(PreferenceExample, line, f"{number}:")
    for key in ("preferred_output", "non_preferred_output"):
        if len(line[key]) != 1:
            raise _refuse(number, f": {key} must be one assistant message")
        _check_messages(line[key], number)
    messages = line["input"]["messages"]
    _check_messages(messages, number)
    users = [message for message in messages if message["role"] == "user"]
    return text_of(users[-1]["content"]) if users else "", text_of(line["preferred_output"][0]["content"])


def _check_messages(messages: list[Any], number: int) -> None:
    if not messages:
        raise _refuse(number, ": 'messages' must be a non-empty list")
    for place, message in enumerate(messages, start=1):
        _check_message(message, number, place)


def _check_message(message: Any, number: int, place: int) -> None:
    where = f"{number}, message {place}"
    if not isinstance(message, dict):
        raise _refuse(number, f", message {place} Input should be a valid dictionary")
    if "role" not in message:
        raise _refuse(number, f", message {place} Discriminator 'role' is missing in value")
    if message["role"] not in ROLES:
        raise _refuse(
            number, f", message {place} Input tag '{message['role']}' does not match any of the expected tags"
        )
    rest = {key: value for key, value in message.items() if key != "weight"}
    _check_part(MessageHolder, {"message": rest}, where)
    if "weight" in message and (message["role"] != "assistant" or message["weight"] not in (0, 1)):
        raise _refuse(number, f", message {place} weight must be 0 or 1, on assistant messages only")
    calls = message.get("tool_calls") or message.get("function_call")
    if message["role"] == "assistant" and not (message.get("content") or calls):
        raise _refuse(number, f", message {place} content is missing in a message without tool calls")


def _check_part(holder: Any, part: Json, where: str) -> None:
    try:
        check(holder, part)
    except ApiError as error:
        raise BadFile(f"Invalid file format. Example {where} {error}") from None

"""/chat/completions: the checks, the answer of a trained or untrained mind, and the shapes it is given in."""

import json
from dataclasses import dataclass, field
from functools import lru_cache

from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)

from tests.provider.catalogue import BaseModel
from tests.provider.faults import take
from tests.provider.learning import Spread, TrainedMind, UntrainedMind, chance
from tests.provider.limits import check_chat
from tests.provider.logprobs import logprobs_of
from tests.provider.models import find_model
from tests.provider.schemas import check_format, shaped
from tests.provider.state import State, TrainedModel
from tests.provider.strict import check
from tests.provider.tokens import count_messages, pieces, text_of
from tests.provider.wire import ApiError, Call, Json, Reply, replied

EVENTS = "text/event-stream"
REFUSAL = "I'm sorry, but I can't help with that."


@dataclass
class Answer:
    """One choice: what is said, why it ended, and what else might have been said."""

    text: str
    finish_reason: str = "stop"
    refusal: str | None = None
    spread: Spread = field(default_factory=list)


def complete(state: State, call: Call) -> Reply:
    body = call.json()
    if body.get("stream") is not True:
        return replied(completion(state, body, call.path))
    return Reply(_events(completion(state, body, call.path), body), media_type=EVENTS)


def completion(state: State, body: Json, path: str = "/v1/chat/completions") -> Json:
    """The chat.completion object for a request body; `path` tells which fault rules apply."""
    check(
        CompletionCreateParamsStreaming if body.get("stream") is True else CompletionCreateParamsNonStreaming,
        body,
    )
    check_chat(body)
    base, trained = find_model(state, body["model"])
    _check_abilities(base, body)
    check_format(body)
    prompt_tokens = count_messages(body["messages"])
    if prompt_tokens > base.context_tokens:
        message = (
            f"This model's maximum context length is {base.context_tokens} tokens. However, your messages "
            f"resulted in {prompt_tokens} tokens. Please reduce the length of the messages."
        )
        raise ApiError(message, param="messages", code="context_length_exceeded")
    answers = [_answer(state, body, trained, index, path) for index in range(body.get("n") or 1)]
    completion_tokens = sum(len(pieces(answer.refusal or answer.text)) for answer in answers)
    return {
        "id": state.new_id("chatcmpl-"),
        "object": "chat.completion",
        "created": int(state.now()),
        "model": trained.id if trained else base.id,
        "choices": [_choice(answer, index, body) for index, answer in enumerate(answers)],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_workbench",
    }


def _check_abilities(base: BaseModel, body: Json) -> None:
    if base.kind != "chat":
        message = "This is not a chat model and thus not supported in the v1/chat/completions endpoint."
        raise ApiError(message, status=404, param="model")
    if base.reasons and (body.get("logprobs") or body.get("top_logprobs") is not None):
        message = "Unsupported parameter: 'logprobs' is not supported with reasoning models."
        raise ApiError(message, param="logprobs", code="unsupported_parameter")
    if base.reasons and body.get("max_tokens") is not None:
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead."
        )
        raise ApiError(message, param="max_tokens", code="unsupported_parameter")
    if not base.reasons and body.get("reasoning_effort") is not None:
        raise ApiError(
            "Unrecognized request argument supplied: reasoning_effort", code="unsupported_parameter"
        )
    if base.fixed_temperature and body.get("temperature") not in (None, 1):
        message = (
            f"Unsupported value: 'temperature' does not support {body['temperature']} with this model. "
            "Only the default (1) value is supported."
        )
        raise ApiError(message, param="temperature", code="unsupported_value")
    for name in ("max_tokens", "max_completion_tokens"):
        if (body.get(name) or 0) > base.answer_tokens:
            message = (
                f"{name} is too large: {body[name]}. This model supports at most {base.answer_tokens} "
                f"completion tokens, whereas you provided {body[name]}."
            )
            raise ApiError(message, param=name, code="invalid_value")


def _answer(state: State, body: Json, trained: TrainedModel | None, index: int, path: str) -> Answer:
    fault = take(state.faults, ("refusal", "content_filter", "answer"), "POST", path)
    if fault and fault.kind == "refusal":
        return Answer("", refusal=fault.text or REFUSAL)
    if fault and fault.kind == "content_filter":
        return Answer("", "content_filter")
    spread = [(fault.text, 1.0)] if fault else _spread(body, trained)
    return _limited(_chosen(spread, body, index), body, spread)


def _spread(body: Json, trained: TrainedModel | None) -> Spread:
    """What might be answered to the last user message, in the format that was asked for."""
    asked = [text_of(message.get("content")) for message in body["messages"] if message["role"] == "user"]
    told = [
        text_of(message.get("content"))
        for message in body["messages"]
        if message["role"] in ("system", "developer")
    ]
    question = asked[-1] if asked else ""
    mind = mind_of(trained.id, tuple(trained.examples)) if trained else UntrainedMind("\n".join(told))
    return shaped(mind.spread(question), body, question)


@lru_cache(maxsize=8)
def mind_of(name: str, examples: tuple[tuple[str, str], ...]) -> TrainedMind:
    """The mind of a trained model, read once."""
    return TrainedMind(list(examples))


def _chosen(spread: Spread, body: Json, index: int) -> str:
    """The likeliest answer at temperature 0, else one drawn by the seed, the question and the index."""
    temperature = body.get("temperature")
    if temperature == 0 or len(spread) == 1:
        return spread[0][0]
    weights = [share ** (1 / (1.0 if temperature is None else temperature)) for _, share in spread]
    drawn = chance(str(body.get("seed")), json.dumps(body["messages"]), str(index)) * sum(weights)
    for (text, _), weight in zip(spread, weights, strict=True):
        drawn -= weight
        if drawn < 0:
            return text
    return spread[-1][0]


def _limited(text: str, body: Json, spread: Spread) -> Answer:
    stops = body.get("stop") or []
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.split(stop)[0]
    most = body.get("max_completion_tokens") or body.get("max_tokens")
    said = pieces(text)
    if most is not None and len(said) > most:
        return Answer("".join(said[:most]), "length", spread=spread)
    return Answer(text, spread=spread)


def _choice(answer: Answer, index: int, body: Json) -> Json:
    has_text = answer.refusal is None
    message = {"role": "assistant", "content": answer.text if has_text else None, "refusal": answer.refusal}
    choice: Json = {
        "index": index,
        "message": message | {"annotations": []},
        "finish_reason": answer.finish_reason,
    }
    logprobs = None
    if body.get("logprobs"):
        content = logprobs_of(answer.text, answer.spread, body.get("top_logprobs") or 0)
        logprobs = {"content": content if has_text else None, "refusal": None}
    return choice | {"logprobs": logprobs}


def _events(whole: Json, body: Json) -> bytes:
    """The completion as server-sent events: the role, one delta per token, the reason, the usage."""
    about = {key: whole[key] for key in ("id", "created", "model", "service_tier", "system_fingerprint")}
    about["object"] = "chat.completion.chunk"
    wants_usage = (body.get("stream_options") or {}).get("include_usage")
    extra = {"usage": None} if wants_usage else {}
    chunks: list[Json] = []
    for choice in whole["choices"]:
        said = choice["message"]
        kind = "content" if said["refusal"] is None else "refusal"
        logged = (choice["logprobs"] or {}).get("content") or []
        deltas: list[tuple[Json, Json | None]] = [({"role": "assistant", "content": ""}, None)]
        for place, token in enumerate(pieces(said[kind] or "")):
            deltas.append(({kind: token}, {"content": logged[place : place + 1]} if logged else None))
        for delta, logprobs in deltas:
            part = {"index": choice["index"], "delta": delta, "finish_reason": None, "logprobs": logprobs}
            chunks.append(about | {"choices": [part]} | extra)
        last = {
            "index": choice["index"],
            "delta": {},
            "finish_reason": choice["finish_reason"],
            "logprobs": None,
        }
        chunks.append(about | {"choices": [last]} | extra)
    if wants_usage:
        chunks.append(about | {"choices": [], "usage": whole["usage"]})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()

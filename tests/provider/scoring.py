"""/decisions, /moderations and /embeddings: numbers about a text."""

import base64
import math
import struct
from collections.abc import Iterable
from typing import Any

from openai.types.decision_create_params import DecisionCreateParams
from openai.types.embedding_create_params import EmbeddingCreateParams
from openai.types.moderation import Categories
from openai.types.moderation_create_params import ModerationCreateParams

from tests.provider.faults import take
from tests.provider.learning import chance, rudeness, trigrams
from tests.provider.limits import between, sized
from tests.provider.models import find_model
from tests.provider.state import State
from tests.provider.strict import check
from tests.provider.tokens import pieces
from tests.provider.wire import ApiError, Call, Json, Reply, replied

CATEGORIES = [field.alias or name for name, field in Categories.model_fields.items()]
IMAGE_CATEGORIES = ("self-harm", "sexual", "violence")
DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}


def decide(state: State, call: Call) -> Reply:
    body = call.json()
    check(DecisionCreateParams, body)
    base, trained = find_model(state, body["model"])
    if trained or not base.decides:
        message = f"The model '{body['model']}' is not supported with the Decisions API."
        raise ApiError(message, param="model", code="unsupported_model")
    sized("questions", body["questions"], 1, 400)
    for number, question in enumerate(body["questions"]):
        _check_question(question, f"questions[{number}]")
    text = _said(body["input"])
    answers = [_refused(state, question, call) or _decided(question, text) for question in body["questions"]]
    tokens = len(pieces(text)) + sum(
        len(pieces(_said(question["instructions"]))) for question in body["questions"]
    )
    usage: Json = {
        "input_tokens": tokens,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
    }
    usage |= {"output_tokens": 0, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": tokens}
    return replied({"answers": answers, "model": base.id, "usage": usage})


def _check_question(question: Json, where: str) -> None:
    if question["type"] == "choice":
        sized(f"{where}.choices", question["choices"], 2, 255)
        values = [(type(choice["value"]), choice["value"]) for choice in question["choices"]]
        if len(set(values)) < len(values):
            message = f"Invalid '{where}.choices': each choice must be unique."
            raise ApiError(message, param=f"{where}.choices", code="invalid_value")
    if question["type"] == "score":
        sized(f"{where}.levels", question["levels"], 2, 255)


def _said(content: Any) -> str:
    """All the text of an input: a string, or messages and parts, however deep."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return _said(content.get("content", content.get("text", content.get("output", ""))))
    return " ".join(_said(part) for part in content) if isinstance(content, Iterable) else ""


def _refused(state: State, question: Json, call: Call) -> Json | None:
    if take(state.faults, ("refusal",), call.method, call.path):
        return {"type": "refusal", "name": question.get("name")}
    return None


def _decided(question: Json, text: str) -> Json:
    name, asked = question.get("name"), _said(question["instructions"])
    if question["type"] == "predicate":
        return {"type": "predicate", "name": name, "probability": round(rudeness(text), 6)}
    options = question["choices"] if question["type"] == "choice" else question["levels"]
    # The first option is taken for the harmless one, the last for the worst: a poor guess.
    rude, last = rudeness(text), max(1, len(options) - 1)
    weights = [
        0.05 + 0.3 * chance(asked, text, str(place)) + abs(1 - place / last - rude)
        for place in range(len(options))
    ]
    shares = [weight / sum(weights) for weight in weights]
    best = max(range(len(options)), key=shares.__getitem__)
    if question["type"] == "choice":
        found: list[Json] = [
            {"value": option["value"], "probability": share}
            for option, share in zip(options, shares, strict=True)
        ]
        about = {"type": "choice", "name": name, "choice": options[best]["value"]}
    else:
        found = [
            {"label": option["label"], "value": place, "probability": share}
            for place, (option, share) in enumerate(zip(options, shares, strict=True))
        ]
        expected = sum(place * share for place, share in enumerate(shares))
        about = {"type": "score", "name": name, "score": expected}
    return about | {"confidence": shares[best], "probabilities": found}


def moderation(state: State, body: Json) -> Json:
    """The moderation object for a request body."""
    check(ModerationCreateParams, body)
    base, _ = find_model(state, body.get("model", "omni-moderation-latest"))
    if base.kind != "moderation":
        raise ApiError(f"Invalid value for 'model' = {body['model']}.", param="model", code="invalid_value")
    given = body["input"]
    texts = [given] if isinstance(given, str) else given
    if texts and isinstance(texts[0], dict):
        texts = [_said(texts)]
    sized("input", texts, 1, 2048)
    return {"id": state.new_id("modr-"), "model": base.id, "results": [_moderated(text) for text in texts]}


def _moderated(text: str) -> Json:
    rude = rudeness(text)
    likely = {"hate": 0.9, "harassment": 1.0}
    scores = {name: round(rude * likely.get(name, 0.1 * chance(name, text)), 6) for name in CATEGORIES}
    flags = {name: score > 0.5 for name, score in scores.items()}
    kinds = {
        name: ["text", "image"] if name.startswith(IMAGE_CATEGORIES) else ["text"] for name in CATEGORIES
    }
    kinds["sexual/minors"] = ["text"]
    about = {"flagged": any(flags.values()), "categories": flags, "category_scores": scores}
    return about | {"category_applied_input_types": kinds}


def moderate(state: State, call: Call) -> Reply:
    return replied(moderation(state, call.json()))


def embedding(state: State, body: Json) -> Json:
    """The embeddings object for a request body: trigrams hashed onto the dimensions, length 1."""
    check(EmbeddingCreateParams, body)
    base, _ = find_model(state, body["model"])
    if base.kind != "embedding":
        raise ApiError("You are not allowed to generate embeddings from this model", status=403)
    given = body["input"]
    texts = [given] if isinstance(given, str) else given
    sized("input", texts, 1, 2048)
    if any(not text for text in texts):
        raise ApiError("Invalid 'input': input cannot be an empty string.", param="input")
    most = DIMENSIONS[base.id]
    between("dimensions", body.get("dimensions"), 1, most)
    vectors = [_vector(str(text), body.get("dimensions", most)) for text in texts]
    in_base64 = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": place, "embedding": _packed(vector) if in_base64 else vector}
        for place, vector in enumerate(vectors)
    ]
    tokens = sum(len(pieces(str(text))) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": base.id, "usage": usage}


def _vector(text: str, dimensions: int) -> list[float]:
    vector = [0.0] * dimensions
    for gram in trigrams(text):
        vector[int(chance(gram) * dimensions)] += 1.0 if chance("sign", gram) < 0.5 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def embed(state: State, call: Call) -> Reply:
    return replied(embedding(state, call.json()))

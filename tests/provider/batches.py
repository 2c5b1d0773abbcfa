"""/batches: validating, in_progress, finalizing, completed; outputs in no order."""

import json
from collections.abc import Callable

from openai.types.batch_create_params import BatchCreateParams
from openai.types.batch_list_params import BatchListParams

from tests.provider.batch_lines import batch_errors
from tests.provider.chat import completion
from tests.provider.faults import take
from tests.provider.files import find_file
from tests.provider.formats import jsonl
from tests.provider.learning import chance
from tests.provider.limits import EXPIRY_SECONDS, between, check_metadata
from tests.provider.queries import numbers_in
from tests.provider.scoring import embedding, moderation
from tests.provider.state import Batch, State
from tests.provider.strict import check
from tests.provider.wire import ApiError, Call, Json, Reply, page, replied

STARTED_S, FINALIZING_S, COMPLETED_S = 2.0, 40.0, 45.0
WINDOW_S = 24 * 3600
SERVED: dict[str, Callable[[State, Json], Json]] = {
    "/v1/chat/completions": completion,
    "/v1/moderations": moderation,
    "/v1/embeddings": embedding,
}


def create(state: State, call: Call) -> Reply:
    asked = call.json()
    check(BatchCreateParams, asked)
    check_metadata(asked.get("metadata"))
    if "output_expires_after" in asked:
        between("output_expires_after.seconds", asked["output_expires_after"]["seconds"], *EXPIRY_SECONDS)
    if asked["endpoint"] not in SERVED:
        raise ApiError(f"This server has no {asked['endpoint']} behind its batches.", param="endpoint")
    file = find_file(state, asked["input_file_id"])
    if file.purpose != "batch":
        message = f"Invalid file purpose: '{file.purpose}'. Expected a file with purpose 'batch'."
        raise ApiError(message, param="input_file_id", code="invalid_file_purpose")
    lines = jsonl(file.content)
    fault = take(state.faults, ("expired_batch", "missing_lines"), call.method, call.path)
    errors = batch_errors(lines, asked["endpoint"])
    batch = Batch(state.new_id("batch_"), state.now(), asked, errors, len(lines), fault.kind if fault else "")
    state.batches[batch.id] = batch
    return replied(shown(state, batch))


def moments(batch: Batch) -> dict[str, float]:
    """Seconds after creation at which the batch reaches each status, in their order."""
    if batch.errors:
        return {"validating": 0.0, "failed": STARTED_S}
    reached = {"validating": 0.0, "in_progress": STARTED_S}
    if batch.outcome == "expired_batch":
        reached |= {"expired": WINDOW_S}
    else:
        reached |= {"finalizing": FINALIZING_S, "completed": COMPLETED_S}
    if batch.cancelled_at is not None:
        cancelled_s = batch.cancelled_at - batch.created_at
        reached = {status: at_s for status, at_s in reached.items() if at_s <= cancelled_s}
        reached |= {"cancelling": cancelled_s, "cancelled": cancelled_s + STARTED_S}
    return reached


def status_of(state: State, batch: Batch) -> str:
    age = state.now() - batch.created_at
    return [status for status, at_s in moments(batch).items() if at_s <= age][-1]


def settle(state: State) -> None:
    """Answer the requests of every batch that has ended."""
    for batch in state.batches.values():
        if not batch.is_settled and status_of(state, batch) in ("completed", "expired", "cancelled"):
            batch.is_settled = True
            _run(state, batch)


def _run(state: State, batch: Batch) -> None:
    """Half of the lines are done when a batch expires or is cancelled; the rest is reported as not done."""
    lines = jsonl(find_file(state, batch.asked["input_file_id"]).content)
    lines.sort(key=lambda line: chance(batch.id, line["custom_id"]))
    is_whole = status_of(state, batch) == "completed"
    done = lines if is_whole else lines[: len(lines) // 2]
    results = [_result(state, batch, line) for line in done]
    left = [] if batch.cancelled_at else [_not_done(state, line) for line in lines[len(done) :]]
    good = [result for result in results if result["response"]["status_code"] == 200]
    bad = [result for result in results if result["response"]["status_code"] != 200] + left
    batch.completed, batch.failed = len(good), len(bad)
    usages = [result["response"]["body"].get("usage", {}) for result in good]
    batch.tokens = (_total(usages, "prompt_tokens"), _total(usages, "completion_tokens"))
    if batch.outcome == "missing_lines":
        good = good[: -max(1, len(good) // 5)]
    batch.output_file = _written(state, batch, "output", good)
    batch.error_file = _written(state, batch, "error", bad)


def _total(usages: list[Json], name: str) -> int:
    return sum(usage.get(name, 0) for usage in usages)


def _result(state: State, batch: Batch, line: Json) -> Json:
    try:
        answer, status = SERVED[batch.asked["endpoint"]](state, line["body"]), 200
    except ApiError as error:
        answer, status = {"error": error.error}, error.status
    response = {"status_code": status, "request_id": state.new_id("req_"), "body": answer}
    return {
        "id": state.new_id("batch_req_"),
        "custom_id": line["custom_id"],
        "response": response,
        "error": None,
    }


def _not_done(state: State, line: Json) -> Json:
    told = "This request could not be executed before the completion window expired."
    error = {"code": "batch_expired", "message": told}
    return {
        "id": state.new_id("batch_req_"),
        "custom_id": line["custom_id"],
        "response": None,
        "error": error,
    }


def _written(state: State, batch: Batch, kind: str, results: list[Json]) -> str | None:
    if not results:
        return None
    content = "".join(json.dumps(result) + "\n" for result in results).encode()
    lives_s = batch.asked.get("output_expires_after", {}).get("seconds")
    return state.add_file(f"{batch.id}_{kind}.jsonl", "batch_output", content, lives_s).id


def shown(state: State, batch: Batch) -> Json:
    """The batch as the API shows it now."""
    status = status_of(state, batch)
    reached = {name: int(batch.created_at + at_s) for name, at_s in moments(batch).items()}
    age = state.now() - batch.created_at
    stamps = {
        f"{name}_at": reached[name] if name in reached and moments(batch)[name] <= age else None
        for name in ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
    }
    read, said = batch.tokens
    usage: Json = {"input_tokens": read, "output_tokens": said, "total_tokens": read + said}
    usage |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    counted = 0 if batch.errors or status == "validating" else batch.total
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.asked["endpoint"],
        "errors": {"object": "list", "data": batch.errors} if status == "failed" else None,
        "input_file_id": batch.asked["input_file_id"],
        "completion_window": batch.asked["completion_window"],
        "status": status,
        "output_file_id": batch.output_file,
        "error_file_id": batch.error_file,
        "created_at": int(batch.created_at),
        "expires_at": int(batch.created_at + WINDOW_S),
        "request_counts": {"total": counted, "completed": batch.completed, "failed": batch.failed},
        "metadata": batch.asked.get("metadata"),
        "usage": usage,
        **stamps,
    }


def _batch(state: State, call: Call) -> Batch:
    name = call.params["batch_id"]
    if name not in state.batches:
        raise ApiError(f"No batch found with id '{name}'.", status=404)
    return state.batches[name]


def retrieve(state: State, call: Call) -> Reply:
    return replied(shown(state, _batch(state, call)))


def list_batches(state: State, call: Call) -> Reply:
    query = numbers_in(call, ("after", "limit"))
    check(BatchListParams, query)
    between("limit", query.get("limit"), 1, 100)
    found = [shown(state, batch) for batch in reversed(state.batches.values())]
    return replied(page(found, query.get("after"), query.get("limit", 20)))


def cancel(state: State, call: Call) -> Reply:
    batch = _batch(state, call)
    status = status_of(state, batch)
    if status not in ("validating", "in_progress", "finalizing"):
        raise ApiError(f"Cannot cancel a batch with status '{status}'.", status=409)
    batch.cancelled_at = state.now()
    return replied(shown(state, batch))

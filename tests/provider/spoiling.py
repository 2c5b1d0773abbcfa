"""What a fault does to a reply: one that stands in for it, and ones that damage it afterwards."""

import json

from tests.provider.faults import Fault
from tests.provider.jobs import training_not_available
from tests.provider.wire import JSON, ApiError, Json, Reply

ELSEWHERE = "http://elsewhere.invalid"


def instead(fault: Fault, path: str) -> Reply | None:
    """The reply that stands in for the real one, before anything has happened, or None."""
    wait = {"retry-after": f"{fault.seconds:g}"} if fault.seconds else {}
    match fault.kind:
        case "training_not_available":
            return training_not_available().reply()
        case "rate_limited":
            message = "Rate limit reached for requests. Please try again later."
            return _error(429, message, kind="requests", code="rate_limit_exceeded", headers=wait)
        case "quota_exceeded":
            message = "You exceeded your current quota, please check your plan and billing details."
            return _error(429, message, kind="insufficient_quota", code="insufficient_quota", headers=wait)
        case "server_error":
            message = "The server had an error while processing your request. Sorry about that!"
            return _error(500, message, kind="server_error", code=None, headers=wait)
        case "overloaded":
            message = "The server is currently overloaded with other requests. Sorry about that!"
            return _error(503, message, kind="server_error", code="overloaded", headers=wait)
        case "redirect":
            return Reply(b"", 307, headers={"location": (fault.text or ELSEWHERE) + path})
    return None


def _error(status: int, message: str, *, kind: str, code: str | None, headers: dict[str, str]) -> Reply:
    return ApiError(message, status=status, kind=kind, code=code, headers=headers).reply()


def damaged(fault: Fault, reply: Reply) -> Reply:
    """The reply after the fault has had its way with it."""
    if fault.kind == "truncated":
        return Reply(reply.content[: len(reply.content) // 2], reply.status, reply.media_type, reply.headers)
    if reply.media_type != JSON or reply.status >= 400:
        return reply
    content: Json = json.loads(reply.content)
    if fault.kind == "unknown_status" and "status" in content:
        content["status"] = fault.text or "waiting_for_a_kinder_moon"
    elif fault.kind == "missing_fields":
        content = {key: value for key, value in content.items() if key not in fault.fields}
    elif fault.kind == "duplicate_ids" and content.get("data"):
        content["data"] = [content["data"][0], *content["data"]]
    return Reply(json.dumps(content).encode(), reply.status, reply.media_type, reply.headers)

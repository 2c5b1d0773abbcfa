"""What every endpoint shares: a call, a reply, an error in the documented shape, a page."""

import json
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
Json = dict[str, Any]


@dataclass(frozen=True)
class Upload:
    """One file of a multipart form."""

    filename: str
    content: bytes


@dataclass(frozen=True)
class Call:
    """One request, as an endpoint sees it: `params` come from the path, `form` from a multipart body."""

    method: str
    path: str
    body: bytes = b""
    query: tuple[tuple[str, str], ...] = ()
    params: dict[str, str] = field(default_factory=dict)
    form: dict[str, str | Upload] = field(default_factory=dict)

    def json(self) -> Json:
        """The body as a JSON object, or the documented complaint."""
        try:
            body = json.loads(self.body)
        except ValueError:
            raise ApiError(
                "We could not parse the JSON body of your request. (HINT: This likely means you aren't using "
                "your HTTP library correctly. The OpenAI API expects a JSON payload.)"
            ) from None
        if not isinstance(body, dict):
            raise ApiError("Invalid type for request body: expected an object.", code="invalid_type")
        return body


@dataclass
class Reply:
    """What an endpoint answers; `headers` come on top of those that every reply carries."""

    content: bytes
    status: int = 200
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """A refusal in the documented shape: {"error": {"message", "type", "param", "code"}}."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.error: Json = {"message": message, "type": kind, "param": param, "code": code}

    def reply(self) -> Reply:
        return Reply(json.dumps({"error": self.error}).encode(), self.status, headers=self.headers)


def replied(content: Json) -> Reply:
    return Reply(json.dumps(content).encode())


def page(items: list[Json], after: str | None, limit: int) -> Json:
    """The part of `items` that follows the one called `after`; the last page says has_more false."""
    start = 0
    if after is not None:
        places = [place for place, item in enumerate(items) if item["id"] == after]
        if not places:
            raise ApiError(
                f"Invalid 'after': no object with id '{after}'.", param="after", code="invalid_value"
            )
        start = places[0] + 1
    chosen = items[start : start + limit]
    ends = {"first_id": chosen[0]["id"], "last_id": chosen[-1]["id"]} if chosen else {}
    return {"object": "list", "data": chosen, "has_more": start + limit < len(items), **ends}

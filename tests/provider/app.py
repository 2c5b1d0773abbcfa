"""The ASGI application: routes, the key, the log, and the faults around every endpoint."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.provider import batches, chat, control, files, jobs, lives, models, scoring
from tests.provider.faults import REPLY_KINDS, Fault, take
from tests.provider.spoiling import damaged, instead
from tests.provider.state import Logged, State, load, save
from tests.provider.wire import ApiError, Call, Json, Reply, Upload

Endpoint = Callable[[State, Call], Reply]
Drop = Callable[[Request], None]
HIDDEN_HEADERS = ("authorization", "api-key", "cookie")

ENDPOINTS: list[tuple[str, str, Endpoint]] = [
    ("POST", "/files", files.upload),
    ("GET", "/files", files.list_files),
    ("GET", "/files/{file_id}", files.retrieve),
    ("DELETE", "/files/{file_id}", files.delete),
    ("GET", "/files/{file_id}/content", files.content),
    ("POST", "/fine_tuning/jobs", jobs.create),
    ("GET", "/fine_tuning/jobs", jobs.list_jobs),
    ("GET", "/fine_tuning/jobs/{job_id}", jobs.retrieve),
    ("GET", "/fine_tuning/jobs/{job_id}/events", jobs.events),
    ("GET", "/fine_tuning/jobs/{job_id}/checkpoints", jobs.checkpoints),
    ("POST", "/fine_tuning/jobs/{job_id}/cancel", jobs.cancel),
    ("POST", "/fine_tuning/jobs/{job_id}/pause", jobs.pause),
    ("POST", "/fine_tuning/jobs/{job_id}/resume", jobs.resume),
    ("GET", "/models", models.list_models),
    ("GET", "/models/{model}", models.retrieve),
    ("DELETE", "/models/{model}", models.delete),
    ("POST", "/chat/completions", chat.complete),
    ("POST", "/decisions", scoring.decide),
    ("POST", "/moderations", scoring.moderate),
    ("POST", "/embeddings", scoring.embed),
    ("POST", "/batches", batches.create),
    ("GET", "/batches", batches.list_batches),
    ("GET", "/batches/{batch_id}", batches.retrieve),
    ("POST", "/batches/{batch_id}/cancel", batches.cancel),
]
CONTROLS: list[tuple[str, str, Endpoint]] = [
    ("POST", "/__test__/advance", control.advance),
    ("GET", "/__test__/clock", control.clock),
    ("POST", "/__test__/settings", control.settings),
    ("POST", "/__test__/faults", control.add_faults),
    ("GET", "/__test__/faults", control.list_faults),
    ("GET", "/__test__/log", control.log),
    ("POST", "/__test__/models", control.add_model),
    ("POST", "/__test__/reset", control.reset),
]


class Provider:
    """The application, the state behind it, and the key that it takes.

    Args:
        key: The only bearer token that is let in.
        drop: Closes the connection of a request without a word.
        folder: Where the state is kept; None keeps it in memory only.
    """

    def __init__(self, key: str, drop: Drop, folder: Path | None = None) -> None:
        self.key, self.drop, self.folder = key, drop, folder
        self.state = load(folder)
        routes = [
            Route(path, self._controlled(endpoint), methods=[method]) for method, path, endpoint in CONTROLS
        ]
        for method, path, endpoint in ENDPOINTS:
            routes.append(Route(f"/v1{path}", self._served(endpoint), methods=[method]))
        unknown = {404: self._served(_unknown_url), 405: self._served(_unknown_url)}
        self.app = Starlette(routes=routes, exception_handlers=unknown)

    def _controlled(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            try:
                reply = endpoint(self.state, await _call(request))
            except ApiError as error:
                reply = error.reply()
            self._keep()
            return _response(reply)

        return respond

    def _served(self, endpoint: Endpoint) -> Callable[..., Awaitable[Response]]:
        async def respond(request: Request, _: Exception | None = None) -> Response:
            logged = _logged(request, await request.body(), len(self.state.log) + 1)
            self.state.log.append(logged)
            fault = take(self.state.faults, REPLY_KINDS, request.method, request.url.path)
            logged.fault = fault.kind if fault else None
            reply = await self._reply(request, endpoint, fault)
            logged.status = reply.status if reply else None
            self._keep()
            if reply is None:
                self.drop(request)
                return Response()
            reply.headers |= _own_headers(logged)
            return _response(reply)

        return respond

    async def _reply(self, request: Request, endpoint: Endpoint, fault: Fault | None) -> Reply | None:
        """The reply, spoilt as the fault will have it; None where the connection is to be dropped."""
        if fault and fault.kind == "drop_before":
            return None
        reply = instead(fault, request.url.path) if fault else None
        if reply is not None:
            return reply
        try:
            self._check_key(request)
            call = await _call(request)
            self._settle()
            reply = endpoint(self.state, call)
        except ApiError as error:
            reply = error.reply()
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind == "drop_after":
            return None
        return damaged(fault, reply) if fault else reply

    def _settle(self) -> None:
        """Let everything happen that is due by now."""
        lives.settle(self.state)
        batches.settle(self.state)
        self.state.forget_expired_files()

    def _keep(self) -> None:
        if self.folder is not None:
            save(self.state, self.folder)

    def _check_key(self, request: Request) -> None:
        given = request.headers.get("authorization")
        if not given:
            message = (
                "You didn't provide an API key. You need to provide your API key in an Authorization header "
                "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
            )
            raise ApiError(message, status=401)
        if given != f"Bearer {self.key}":
            shown = given.removeprefix("Bearer ")
            masked = f"{shown[:4]}{'*' * 8}{shown[-4:]}"
            message = (
                f"Incorrect API key provided: {masked}. "
                "You can find your API key at https://platform.openai.com/account/api-keys."
            )
            raise ApiError(message, status=401, code="invalid_api_key")


async def _call(request: Request) -> Call:
    body = await request.body()
    form: dict[str, str | Upload] = {}
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        try:
            async with request.form() as fields:
                for name, value in fields.items():
                    if isinstance(value, UploadFile):
                        form[name] = Upload(value.filename or "", await value.read())
                    else:
                        form[name] = value
        except HTTPException:
            raise ApiError("Could not parse multipart form") from None
    query = tuple(request.query_params.multi_items())
    return Call(request.method, request.url.path, body, query, dict(request.path_params), form)


def _logged(request: Request, body: bytes, number: int) -> Logged:
    headers = {name: value for name, value in request.headers.items() if name not in HIDDEN_HEADERS}
    text = body.decode("utf-8", "replace")
    return Logged(number, request.method, request.url.path, request.url.query, headers, text)


def _own_headers(logged: Logged) -> Json:
    name = hashlib.sha256(f"request {logged.number}".encode()).hexdigest()[:32]
    return {"x-request-id": f"req_{name}", "openai-version": "2020-10-01", "openai-processing-ms": "5"}


def _response(reply: Reply) -> Response:
    return Response(reply.content, reply.status, reply.headers, reply.media_type)


def _unknown_url(state: State, call: Call) -> Reply:
    raise ApiError(f"Invalid URL ({call.method} {call.path})", status=404)

"""A client that gives up in time, also where the other side sends a byte now and then."""

import math
import time
from collections.abc import Iterator

import httpx2


class TimelyTransport(httpx2.BaseTransport):  # type: ignore[misc]
    """What goes through it has to be over by `ends`, as the monotonic clock counts.

    A reply whose head comes drop by drop is not cut off before its body.

    Raises:
        httpx2.ReadTimeout: the time is up.
    """

    def __init__(self, wire: httpx2.BaseTransport, ends: float) -> None:
        self._wire, self._ends = wire, ends

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response, if it comes in time."""
        left = self._left()
        given = request.extensions.get("timeout", {})
        request.extensions["timeout"] = {
            part: seconds if math.isinf(left) else min(seconds or left, left)
            for part, seconds in given.items()
        }
        response = self._wire.handle_request(request)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _TimelyStream(response.stream, self)
        return response

    def close(self) -> None:
        """Close the wire."""
        self._wire.close()

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpx2.ReadTimeout("The time is up.")
        return left


class _TimelyStream(httpx2.SyncByteStream):  # type: ignore[misc]
    def __init__(self, stream: httpx2.SyncByteStream, transport: TimelyTransport) -> None:
        self._stream, self._transport = stream, transport

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self._transport._left()
            yield piece

    def close(self) -> None:
        self._stream.close()

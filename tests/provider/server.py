"""Runs the provider on a loopback port, in a thread or in the foreground."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.provider.app import Provider

KEY = "sk-test-workbench-0123456789"
PATIENCE_S = 10.0


class Wires:
    """The open connections by the client's address, so that one can be cut without an answer."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], asyncio.Transport] = {}

    def cut(self, request: Request) -> None:
        if request.client is not None:
            self.open[(request.client.host, request.client.port)].abort()

    def protocol(self) -> type[H11Protocol]:
        """uvicorn's HTTP protocol, which tells these wires of every connection."""
        wires = self

        class Wired(H11Protocol):
            def connection_made(self, transport: Any) -> None:
                super().connection_made(transport)
                wires.open[transport.get_extra_info("peername")[:2]] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                wires.open.pop(self.transport.get_extra_info("peername")[:2], None)
                super().connection_lost(exc)

        return Wired


def prepared(key: str = KEY, folder: Path | None = None) -> tuple[Provider, uvicorn.Server]:
    """The provider and a server for it that is not running yet."""
    wires = Wires()
    provider = Provider(key, wires.cut, folder)
    config = uvicorn.Config(
        provider.app,
        http=wires.protocol(),
        ws="none",
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    return provider, uvicorn.Server(config)


def listening(port: int = 0) -> socket.socket:
    """A socket on the loopback address; port 0 takes a free one."""
    # asyncio sends small replies at once only where the socket says that it speaks TCP.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


@contextmanager
def running(key: str = KEY, folder: Path | None = None) -> Iterator[str]:
    """The address of a provider that runs in a thread until the block ends, such as http://127.0.0.1:40123."""
    _, server = prepared(key, folder)
    with listening() as bound:
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [bound]}, name="provider", daemon=True
        )
        thread.start()
        until = time.monotonic() + PATIENCE_S
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.005)
        if not server.started:
            raise RuntimeError(f"the provider did not start within {PATIENCE_S} s")
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)

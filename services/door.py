"""Two ways in, one owner: a verb goes to the process that owns the database, or takes it for itself."""

import hashlib
import json
import os
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.errors import BadInput, Busy, Conflict, WorkbenchError, from_dict
from storage.database import Database, connect

Progress = Callable[[str, float], None]
# A verb by name, with its arguments; what it returns can be written as JSON.
Runner = Callable[[Database, str, dict[str, Any], Progress], Any]

_LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes
_WAIT_S = 120.0
_LOOK_AGAIN_S = 0.1
_REQUEST_BYTES = 10_000_000


def socket_path(home: Path) -> Path:
    """Where the owner of `home` listens: there, or in the run-time folder where that path is too long."""
    path = home.resolve() / "door.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"workbench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise Conflict(
            f"{folder} belongs to somebody else.", hint="Set XDG_RUNTIME_DIR to a folder of yours."
        )
    return folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.sock"


def call(
    home: Path,
    verb: str,
    arguments: dict[str, Any],
    *,
    run: Runner,
    progress: Progress,
    wait_s: float = _WAIT_S,
) -> Any:
    """Carry out one verb, by the owner where there is one, else here.

    Raises:
        Busy: somebody else held the database for longer than `wait_s`.
        WorkbenchError: what the verb itself raised, of the same class whoever carried it out.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return _ask_owner(socket_path(home), verb, arguments, progress)
        except (FileNotFoundError, ConnectionRefusedError):
            pass
        try:
            database = connect(home)
        except Busy as error:
            # Its owner is starting, is stopping, or carries out a verb of its own.
            if time.monotonic() > deadline:
                raise
            progress(str(error), 0.0)
            time.sleep(_LOOK_AGAIN_S)
            continue
        try:
            return run(database, verb, arguments, progress)
        finally:
            database.close()


class Door:
    """The owner's socket: each caller gets a thread, progress as it happens, and a result or an error."""

    def __init__(self, database: Database, run: Runner) -> None:
        self._path = socket_path(database.home)
        self._path.unlink(missing_ok=True)  # stale: whoever left it no longer holds the database
        self._server = _Server(str(self._path), _handler(database, run))
        threading.Thread(target=self._server.serve_forever, name="door", daemon=True).start()

    def close(self) -> None:
        """Take no more callers; those inside are waited for."""
        self._server.shutdown()
        self._path.unlink(missing_ok=True)
        self._server.server_close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = False
    block_on_close = True


def _handler(database: Database, run: Runner) -> type[socketserver.StreamRequestHandler]:
    class Caller(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                self._tell({"result": self._carry_out()})
            except WorkbenchError as error:
                self._tell(error.as_dict())
            except (BrokenPipeError, ConnectionResetError):
                return  # the caller left; its verb was stopped where it told its progress

        def _carry_out(self) -> Any:
            try:
                asked = json.loads(self.rfile.readline(_REQUEST_BYTES))
                verb, arguments = str(asked["verb"]), dict(asked["arguments"])
            except (ValueError, KeyError, TypeError) as error:
                raise BadInput("The request at the door is not a verb with arguments.") from error
            return run(database, verb, arguments, lambda what, share: self._tell({"progress": [what, share]}))

        def _tell(self, message: dict[str, Any]) -> None:
            self.wfile.write(json.dumps(message).encode() + b"\n")

    return Caller


def _ask_owner(path: Path, verb: str, arguments: dict[str, Any], progress: Progress) -> Any:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(path))
        line.sendall(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
        with line.makefile("r", encoding="utf-8") as answers:
            for answer in answers:
                message = json.loads(answer)
                if "error" in message:
                    raise from_dict(message)
                if "result" in message:
                    return message["result"]
                progress(*message["progress"])
    raise Conflict(
        f"The dashboard stopped while it carried out '{verb}'.",
        hint="Look whether it was done, then try again.",
    )

"""The dashboard as `workbench.py serve-ui` starts it, on a home of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from services.door import socket_path
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Serving:
    """A dashboard in a process group of its own."""

    home: Path
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def is_up(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/api/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def owns_the_database(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            return line.connect_ex(str(socket_path(self.home))) == 0

    def end(self, how: int = signal.SIGTERM) -> None:
        """Send the signal to the whole group, and wait until nothing of it is left."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, how)
            self.process.wait(30)
        until(lambda: not group_lives(self.process.pid), "the end of the dashboard")


# What server.py does of the database, without its pages: a fifth of the time until the door is open.
_OWNER = """
import sys, time
from pathlib import Path
from domain.errors import Busy
from services.owner import owner_of

owner = owner_of(Path(sys.argv[1]))
while True:
    try:
        owner.database()
        break
    except Busy:
        time.sleep(0.2)
sys.stdin.read()
owner.close()
"""


@contextmanager
def owner_starting(home: Path) -> Iterator[None]:
    """A process begins to own the database of that home as a dashboard does; gone at the end."""
    command = [sys.executable, "-c", _OWNER, str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as owner:
        yield
        _, said = owner.communicate(timeout=60)
    assert owner.returncode == 0, said.decode()


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def start(home: Path) -> Serving:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    log = home.parent / f"{home.name}-dashboard.log"
    command = [sys.executable, "workbench.py", "serve-ui", "--port", str(port), "--home", str(home)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)
    return Serving(home, port, log, process)


@contextmanager
def serving(home: Path) -> Iterator[Serving]:
    """A dashboard that owns the database of that home; gone at the end."""
    dashboard = start(home)
    try:
        until(dashboard.owns_the_database, f"the door of {home}")
        yield dashboard
    finally:
        dashboard.end()

"""Everything that the server remembers, and how it survives a restart."""

import hashlib
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

from tests.provider.faults import Fault
from tests.provider.wire import Json

FIRST_MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()


@dataclass
class StoredFile:
    """An uploaded or produced file."""

    __pydantic_config__: ClassVar[Any] = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    id: str
    filename: str
    purpose: str
    content: bytes
    created_at: int
    expires_at: int | None = None

    def shown(self) -> Json:
        about = {"id": self.id, "object": "file", "bytes": len(self.content), "created_at": self.created_at}
        about |= {"filename": self.filename, "purpose": self.purpose, "status": "processed"}
        return about | {"expires_at": self.expires_at, "status_details": None}


@dataclass
class Beat:
    """Something that happens `at_s` seconds of work after a job began; `status` is the one it leads to."""

    at_s: float
    message: str
    status: str | None = None
    level: str = "info"
    type: str = "message"
    data: Json = field(default_factory=dict)
    checkpoint: Json | None = None


@dataclass
class Job:
    """A fine-tuning job: what was asked, and the beats that were decided when it was created."""

    id: str
    created_at: float
    asked: Json
    base: str
    beats: list[Beat]
    settings: Json
    examples: list[tuple[str, str]]
    result: str = ""
    trained_tokens: int = 0
    error: Json | None = None
    paused_at: float | None = None
    pauses: list[tuple[float, float]] = field(default_factory=list)
    finished_at: int | None = None
    result_file: str | None = None
    is_settled: bool = False


@dataclass
class TrainedModel:
    """A model that a job left behind."""

    id: str
    base: str
    created: int
    examples: list[tuple[str, str]]
    shutdown_date: str | None = None


@dataclass
class Batch:
    """A batch; `outcome` is the fault that awaits it, if any."""

    id: str
    created_at: float
    asked: Json
    errors: list[Json]
    total: int
    outcome: str = ""
    cancelled_at: float | None = None
    completed: int = 0
    failed: int = 0
    output_file: str | None = None
    error_file: str | None = None
    tokens: tuple[int, int] = (0, 0)
    is_settled: bool = False


@dataclass
class Logged:
    """One request as it arrived, without its key; `status` is None where the connection was dropped."""

    number: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int | None = None
    fault: str | None = None


@dataclass
class Settings:
    """What a test may choose: the clock's speed and the shape of result files."""

    speed: float = 0.0
    result_columns: str = "new"
    result_encoding: str = "plain"


@dataclass
class State:
    """The server's memory. Time is virtual: `moved_s` were skipped, the rest runs at `settings.speed`."""

    settings: Settings = field(default_factory=Settings)
    moved_s: float = 0.0
    real_since: float = field(default_factory=time.time)
    made: int = 0
    files: dict[str, StoredFile] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    trained: dict[str, TrainedModel] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    log: list[Logged] = field(default_factory=list)

    def now(self) -> float:
        """Virtual seconds since 1970."""
        return FIRST_MOMENT + self.moved_s + (time.time() - self.real_since) * self.settings.speed

    def today(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).date().isoformat()

    def advance(self, seconds: float) -> None:
        self.moved_s += seconds

    def run_at(self, speed: float) -> None:
        """From now on, let `speed` virtual seconds pass in a real one."""
        self.moved_s = self.now() - FIRST_MOMENT
        self.real_since = time.time()
        self.settings.speed = speed

    def new_id(self, prefix: str, length: int = 24) -> str:
        """An id that looks drawn but is the same in every run."""
        self.made += 1
        return prefix + hashlib.sha256(f"{prefix}{self.made}".encode()).hexdigest()[:length]

    def add_file(
        self, filename: str, purpose: str, content: bytes, expires_after: int | None = None
    ) -> StoredFile:
        created = int(self.now())
        expires = None if expires_after is None else created + expires_after
        file = StoredFile(self.new_id("file-"), filename, purpose, content, created, expires)
        self.files[file.id] = file
        return file

    def forget_expired_files(self) -> None:
        for file in list(self.files.values()):
            if file.expires_at is not None and file.expires_at <= self.now():
                del self.files[file.id]


STATE = TypeAdapter(State)


def save(state: State, folder: Path) -> None:
    """Write the state under a temporary name and rename it, so that a killed server finds a whole one."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / "state.json.part"
    unfinished.write_bytes(STATE.dump_json(state))
    os.replace(unfinished, folder / "state.json")


def load(folder: Path | None) -> State:
    """The state of an earlier run in that folder, or a new one."""
    if folder is None or not (folder / "state.json").exists():
        return State()
    return STATE.validate_json((folder / "state.json").read_bytes())

"""The one connection to the one database file: owned by one process, locked down, a cursor per call."""

import fcntl
import json
import os
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import duckdb

from domain.errors import BadInput, Busy, Conflict
from storage.migrate import migrate
from storage.vote_mark import VoteMark

# The stretch of comment ids that the macros of the schema take, for a whole dataset.
EVERY_ID = {"low": 0, "high": 2**63 - 1}

_MEMORY_LIMIT = "1500MB"
_MAX_THREADS = 4


class Database:
    """The open database of one home folder. Safe to use from several threads."""

    def __init__(self, home: Path, connection: duckdb.DuckDBPyConnection, lock: IO[str]) -> None:
        self.home = home
        self._connection = connection
        self._lock = lock
        self._writing = threading.RLock()
        self._revisions: defaultdict[str, int] = defaultdict(int)
        self.vote_mark = VoteMark(home / "last_vote.json")
        self.figures_kept = _figures_kept(connection)  # of which datasets; a write takes them away

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own, closed at the end."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def writing(self, dataset_id: str, *, is_news: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor inside one transaction; one writer at a time, all or nothing.

        Commits at the end and raises the dataset's revision; an exception inside rolls everything back.
        What no reader caches, such as a lease, is no news: the revision and the figures kept of it stay.

        Raises:
            Conflict: the disk does not take it; nothing has changed then.
        """
        with self._writing, self.reading() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                if is_news and dataset_id in self.figures_kept:
                    cursor.execute("DELETE FROM health_figures WHERE dataset_id = $id", {"id": dataset_id})
            except duckdb.IOException as error:
                cursor.execute("ROLLBACK")
                raise _not_saved(error) from error
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            try:
                cursor.execute("COMMIT")
            except duckdb.Error as error:  # the log could not be written, and the transaction is undone
                raise _not_saved(error) from error
            if is_news:
                self._revisions[dataset_id] += 1
                self.figures_kept.discard(dataset_id)

    def revision_of(self, dataset_id: str) -> int:
        """A number that grows with every write to the dataset, within this process."""
        return self._revisions[dataset_id]

    def close(self) -> None:
        """Write everything into the file and let go of it; a second time, nothing is left to do."""
        with self._writing:
            if self._lock.closed:
                return
            self._connection.execute("CHECKPOINT")
            self._connection.close()
            self._lock.close()


def connect(home: Path) -> Database:
    """Open the database of `home`, making or upgrading it, as the only process that does.

    Raises:
        BadInput: the folder cannot be made.
        Busy: another process owns it; the message names that process.
        Conflict: the file is of a newer program, or votes acknowledged earlier are missing from it.
    """
    os.umask(0o077)
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BadInput(
            f"{home} cannot be the folder of the data: {error.strerror}.", hint="Name another with --home."
        ) from error
    lock = _own(home)
    try:
        connection = _open_locked_down(home)
    except duckdb.Error as error:  # a torn log is told as an IOException, a damaged one as a plain Error
        lock.close()
        raise Conflict(
            f"The database in {home} cannot be opened: {error}",
            hint="If the disk is full, make room; if the file is damaged, restore a copy of it.",
        ) from error
    try:
        migrate(connection)
        database = Database(home, connection, lock)
        database.vote_mark.check(_newest_vote(connection))
    except Conflict:
        connection.close()
        lock.close()
        raise
    return database


def holder_of(home: Path) -> dict[str, Any]:
    """Who owns the database of `home`, as that process wrote it: pid, what, since; empty if nobody said."""
    try:
        told = json.loads((home / "owner.lock").read_text(encoding="utf-8") or "{}")
    except (OSError, json.JSONDecodeError):
        return {}
    return told if isinstance(told, dict) else {}


def now() -> datetime:
    """The time in UTC, without a zone, as the tables keep it."""
    return datetime.now(UTC).replace(tzinfo=None)


def _not_saved(error: duckdb.Error) -> Conflict:
    return Conflict(
        f"Nothing of this was saved: {error}", hint="If the disk is full, make room and do it again."
    )


def _own(home: Path) -> IO[str]:
    lock = open(home / "owner.lock", "a+", encoding="utf-8")  # noqa: SIM115 - held as long as the database is
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        holder = holder_of(home)
        raise Busy(
            f"{holder.get('what', 'Another process')} (PID {holder.get('pid', 'unknown')}) "
            f"holds the database in {home}.",
            hint="Wait until it has finished, or stop it.",
        ) from error
    lock.truncate(0)
    what = os.environ.get("WORKBENCH_PROCESS", "A program")
    lock.write(json.dumps({"pid": os.getpid(), "what": what, "since": now().isoformat(timespec="seconds")}))
    lock.flush()
    return lock


def _open_locked_down(home: Path) -> duckdb.DuckDBPyConnection:
    """Everything that reaches outside the file is off; test_lockdown.py tries each way out."""
    backups, temporary = home / "backups", home / "tmp"
    backups.mkdir(exist_ok=True)
    shutil.rmtree(temporary, ignore_errors=True)  # the lock is ours: a killed process left what lies there
    temporary.mkdir(exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "python_enable_replacements": "false",
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_persistent_secrets": "false",
        "memory_limit": _MEMORY_LIMIT,
        "threads": str(min(_MAX_THREADS, os.cpu_count() or 1)),
        "temp_directory": str(temporary),
        "max_temp_directory_size": "10GB",
    }
    connection = duckdb.connect(str(home / "workbench.duckdb"), config=config)
    quoted = str(backups).replace("'", "''")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute(f"SET allowed_directories = ['{quoted}/']")  # before the doors close
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _figures_kept(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {str(row[0]) for row in connection.execute("SELECT dataset_id FROM health_figures").fetchall()}


def _newest_vote(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT coalesce(max(vote_id), 0) FROM votes").fetchone()
    return int(row[0]) if row else 0

"""This process as the owner of the database: it opens the door, and takes in what finished jobs left."""

import functools
import logging
import threading
from pathlib import Path

from domain.errors import WorkbenchError
from services.door import Door
from services.jobs.managing.absorb import absorb
from services.verbs.running import run_verb
from storage.database import Database, connect

_WATCH_EVERY_S = 1.0
_making = threading.Lock()
_log = logging.getLogger("workbench")


class Owner:
    """One home folder, owned by this process from the first call of `database` to `close`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._opening = threading.Lock()
        self._closing = threading.Event()
        self._database: Database | None = None
        self._door: Door | None = None

    def database(self) -> Database:
        """The open database.

        Raises:
            Busy: another process owns it; the message names that process. Ask again later.
        """
        with self._opening:
            if self._database is None:
                self._database = connect(self.home)
                self._door = Door(self._database, run_verb)
                threading.Thread(target=self._watch_jobs, name="jobs", daemon=True).start()
            return self._database

    def close(self) -> None:
        """Let go of the database, if it was opened."""
        with self._opening:
            self._closing.set()
            if self._door is not None:
                self._door.close()
            if self._database is not None:
                self._database.close()
            self._door = self._database = None

    def _watch_jobs(self) -> None:
        while not self._closing.wait(_WATCH_EVERY_S):
            database = self._database
            if database is None:
                return
            try:
                absorb(database)
            except WorkbenchError as error:
                _log.error("A finished job could not be taken in: %s %s", error, error.hint)


def owner_of(home: Path) -> Owner:
    """The one Owner of that folder in this process, opened or not."""
    with _making:
        return _owner(home.resolve())


@functools.cache
def _owner(home: Path) -> Owner:
    return Owner(home)

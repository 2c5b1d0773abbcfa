"""A side file with the newest acknowledged vote, so that a torn or missing write-ahead log is noticed."""

import json
import os
import threading
from pathlib import Path

from domain.errors import Conflict


class VoteMark:
    """The number of the newest vote that a person was told is saved."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._noting = threading.Lock()
        self._noted = 0

    def note(self, vote_id: int) -> None:
        """Write the number and wait until the disk has it; called between commit and acknowledgement."""
        # One short write in place: its length never shrinks, so a reader sees the old line or the new one.
        line = json.dumps({"last_vote": vote_id}).ljust(64).encode()
        with self._noting:
            if vote_id <= self._noted:  # whoever committed later was quicker here
                return
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(descriptor, line, 0)
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
            self._noted = vote_id

    def check(self, newest_vote: int) -> None:
        """Compare with what the database holds.

        Raises:
            Conflict: votes that had been acknowledged are missing, or the file does not say whether.
        """
        try:
            noted = _number_in(self._path.read_bytes())
        except FileNotFoundError:
            return
        if noted is None:  # taken as 0, it would hide that votes are missing
            raise Conflict(
                f"{self._path} is damaged: whether votes are missing after vote {newest_vote}, the last one "
                "in the database, cannot be told.",
                hint=f"Restore a copy of the folder {self._path.parent}; or, if no vote is missing, move "
                f"{self._path.name} away: the next vote writes it anew.",
            )
        if noted > newest_vote:
            raise Conflict(
                f"The database ends with vote {newest_vote}, but vote {noted} had been saved: "
                "its log is torn or missing.",
                hint=f"Restore a copy of the folder {self._path.parent}; "
                f"or move {self._path.name} away to go on without those votes.",
            )


def _number_in(content: bytes) -> int | None:
    """The number that was noted; None where the content is not what `note` writes."""
    try:
        told = json.loads(content)
    except ValueError:
        return None
    noted = told.get("last_vote") if isinstance(told, dict) else None
    return noted if type(noted) is int and noted > 0 else None

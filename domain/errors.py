"""Every error this program raises on purpose.

WorkbenchError
  + BadInput       what was given cannot be used
  + NotFound       the thing named does not exist
  + Conflict       the thing exists, but not as the caller supposed
    - Busy         another process holds it; waiting may help
  + BackendError   a model or a provider failed (`retryable` says whether trying again makes sense)
"""

from typing import Any


class WorkbenchError(Exception):
    """An error meant for the person: the message names the thing, `hint` says what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def as_dict(self) -> dict[str, Any]:
        """The error as it travels through the socket and appears under --json."""
        return {"error": type(self).__name__, "message": str(self), "hint": self.hint}


class BadInput(WorkbenchError):
    """What was given cannot be used."""


class NotFound(WorkbenchError):
    """The thing named does not exist."""


class Conflict(WorkbenchError):
    """The thing exists, but not as the caller supposed."""


class Busy(Conflict):
    """Another process holds the thing; waiting may help."""


class BackendError(WorkbenchError):
    """A model or a provider failed."""

    def __init__(self, message: str, *, hint: str = "", retryable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable


def from_dict(error: dict[str, Any]) -> WorkbenchError:
    """The error that `as_dict` described, of the same class."""
    kinds: dict[str, type[WorkbenchError]] = {
        kind.__name__: kind for kind in (BadInput, NotFound, Conflict, Busy, BackendError)
    }
    return kinds.get(str(error["error"]), WorkbenchError)(str(error["message"]), hint=str(error["hint"]))

"""Carry a verb out: the one place that the command line and the dashboard's door both call."""

import inspect
import logging
from collections.abc import Callable
from typing import Any

from domain.errors import BadInput, NotFound, WorkbenchError
from services.jobs.managing.absorb import absorb
from services.plain import plain
from services.verbs.table import VERBS
from storage.database import Database

_log = logging.getLogger("workbench")

Progress = Callable[[str, float], None]


def run_verb(db: Database, verb: str, arguments: dict[str, Any], progress: Progress) -> Any:
    """Carry out a verb and return its answer as JSON can carry it. Finished jobs are taken in first.

    Raises:
        NotFound: there is no such verb.
        BadInput: an argument is missing or unknown.
        WorkbenchError: what the verb's service raises.
    """
    if verb not in VERBS:
        raise NotFound(f"There is no verb '{verb}'.", hint=f"Verbs: {', '.join(VERBS)}.")
    work = VERBS[verb]
    given = (
        {**arguments, "progress": progress} if "progress" in inspect.signature(work).parameters else arguments
    )
    try:
        inspect.signature(work).bind(db, **given)
    except TypeError as error:
        raise BadInput(f"'{verb}' cannot be called so: {error}.") from error
    absorb(db)
    try:
        return plain(work(db, **given))
    except (
        WorkbenchError,
        ConnectionError,
    ):  # ours; or the caller at the door left, and nobody is to be told
        raise
    except OSError as error:
        named = f" {error.filename}" if error.filename else ""
        raise BadInput(f"{error.strerror or error}:{named}", hint="Look at the file and the disk.") from error
    except Exception as error:  # noqa: BLE001 - the one place for bugs behind the door: the log has all of it
        _log.exception("A bug in the verb '%s'", verb)
        raise WorkbenchError(
            f"'{verb}' went wrong in a way it should not: {type(error).__name__}.",
            hint="The log of the process that carried it out has the whole of it.",
        ) from error

"""behaviour.json: what a test of a model's behaviour came to, written whole."""

import json
from pathlib import Path

from domain.behaviour import Behaviour, behaviour_of
from domain.errors import BadInput
from services.jobs.process.folder import write_whole

BEHAVIOUR_FILE = "behaviour.json"


def write_behaviour(folder: Path, found: Behaviour) -> None:
    """Write it into the job's folder."""
    text = json.dumps(
        found.as_dict, ensure_ascii=True, allow_nan=False
    )  # half a character would not be UTF-8
    write_whole(folder / BEHAVIOUR_FILE, text)


def read_behaviour(folder: Path) -> Behaviour:
    """What the job in the folder found.

    Raises:
        BadInput: the file is missing or damaged.
    """
    try:
        told = json.loads((folder / BEHAVIOUR_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{BEHAVIOUR_FILE} of {folder.name} cannot be read: {error}", hint="Restart the job."
        ) from error
    return behaviour_of(told)

"""Where this installation keeps its data."""

import os
from pathlib import Path

_DEFAULT = Path(__file__).resolve().parent.parent / ".workbench"


def home_folder(given: Path | None = None) -> Path:
    """The folder given, else that of WORKBENCH_HOME, else `.workbench` beside the program."""
    return (given or Path(os.environ.get("WORKBENCH_HOME") or _DEFAULT)).expanduser().resolve()

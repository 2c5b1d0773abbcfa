"""The commands that do again what was done on a page."""

import shlex
from typing import Any


def train_command(snapshot_id: str, recipe: str, *, name: str, settings: dict[str, Any], actor: str) -> str:
    """The command that starts a training with these settings, as a shell reads it."""
    words = ["workbench.py", "train", "--snapshot", snapshot_id, "--recipe", recipe]
    if name.strip():
        words += ["--name", name.strip()]
    for setting, value in settings.items():
        words += ["--setting", f"{setting}={_written(value)}"]
    return shlex.join(["python", *words, "--as", actor])


def _written(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)

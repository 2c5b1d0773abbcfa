"""How to repeat a training: the command that does it here, and a script that needs nothing of ours."""

import shlex
from dataclasses import asdict
from typing import Any

import streamlit as st

from domain.jobs import Job
from services.curation.snapshots import get_snapshot
from services.modelling.commands import train_command
from services.modelling.plain_script import FILE_NAME, plain_script
from services.modelling.recipes import EncoderSettings, get_recipe, settings_of
from ui.store import database

_RECIPE = "solid"  # of a job that does not know its own; any will do, for what differs is spelt out


def draw_repeating(job: Job) -> None:
    """The command that starts the training of an encoder once more, and the script."""
    recipe = job.spec.get("recipe") or _RECIPE
    defaults = asdict(settings_of(get_recipe(recipe)))
    changed = {name: value for name, value in job.spec["settings"].items() if value != defaults.get(name)}
    st.caption("The exact command:")
    person = st.session_state["person"]
    command = train_command(job.snapshot_id, recipe, name=job.spec["name"], settings=changed, actor=person)
    st.code(command, language=None, wrap_lines=True)
    draw_script(job.snapshot_id, recipe, job.spec["settings"])


def draw_script(snapshot_id: str, recipe: str, settings: dict[str, Any]) -> None:
    """The export and the script of an encoder's training; `settings` where they differ from the recipe's."""
    config = settings_of(get_recipe(recipe), settings)
    if not isinstance(config, EncoderSettings):
        return
    if get_snapshot(database(), snapshot_id).several:
        st.caption("The script without the workbench knows one label per comment only.")
        return
    st.caption(
        "With transformers alone: write the snapshot's comments to a file, keep the script beside it, and "
        "run it. On the CPU of the same machine it makes the very same weights."
    )
    export = shlex.join(["python", "workbench.py", "export", "--snapshot", snapshot_id, "comments.jsonl"])
    st.code(f"{export}\npython {FILE_NAME} comments.jsonl", language=None, wrap_lines=True)
    st.code(plain_script(config), language="python", height=320)

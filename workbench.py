"""The workbench from the command line: every station of the loop, the same services as the pages."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from services.commands import (
    aftercare,
    agreement,
    behaviour,
    causes,
    curation,
    desk,
    evaluation,
    finding,
    generation,
    health,
    hosting,
    importing,
    labelling,
    models,
    playground,
    release,
    reporting,
    slices,
    studies,
    training,
)
from services.commands.options import Home
from services.homes import home_folder

ROOT = Path(__file__).resolve().parent

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=__doc__,
    rich_markup_mode=None,
)
for part in (
    importing,
    curation,
    health,
    finding,
    agreement,
    labelling,
    desk,
    training,
    studies,
    generation,
    models,
    hosting,
    playground,
    evaluation,
    causes,
    reporting,
    slices,
    behaviour,
    release,
    aftercare,
):
    part.add_commands(app)


@app.command("serve-ui")
def serve_ui(
    port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = False,
    home: Home = None,
) -> None:
    """Start the dashboard on 127.0.0.1; it owns the database until it stops."""
    folder = home_folder(home)
    environment = {**os.environ, "WORKBENCH_HOME": str(folder), "WORKBENCH_PROCESS": "The dashboard"}
    address = f"http://127.0.0.1:{port}"
    if browser:
        environment["WORKBENCH_OPEN_BROWSER"] = address
    typer.echo(f"The dashboard on {folder}: {address}", err=True)
    # In place of this process, so that whoever stops this one stops the dashboard.
    os.chdir(ROOT)
    command = [sys.executable, "-m", "streamlit", "run", "server.py", "--server.port", str(port)]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own program, no shell


def main() -> None:
    """Carry out the command on the command line.

    While a thread still waits for the job that was started, the interpreter cannot be taken down in order: a
    hundred lines about what a library could not free would follow the answer. It is left at once instead.
    """
    try:
        app()
    except SystemExit as ended:
        if not any(thread.name.startswith("reap ") for thread in threading.enumerate()):
            raise
        with suppress(BrokenPipeError):
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 0)


if __name__ == "__main__":
    main()

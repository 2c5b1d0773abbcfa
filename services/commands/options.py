"""The options that many commands share, and the name of this account."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[Path | None, typer.Option("--home", help="Folder of the data; else WORKBENCH_HOME.")]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
As = Annotated[
    str, typer.Option("--as", envvar="WORKBENCH_AS", help="Who does it. Attribution, not security.")
]
Dataset = Annotated[str, typer.Option("--dataset", help="Name of the dataset.")]
Whose = Annotated[str | None, typer.Option("--dataset", help="Only of this dataset.")]
Pairs = Annotated[list[str] | None, typer.Option(help="NAME=VALUE; may be repeated.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, resolve_path=True)]
Of = Annotated[str | None, typer.Option("--snapshot", help="Its examples.")]
Split = Annotated[str, typer.Option(help="train, validation or test.")]
Most = Annotated[int, typer.Option(min=1, help="How many to show.")]
Prompt = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, resolve_path=True, help="Else the guideline.")
]
Keep = Annotated[list[str] | None, typer.Option(help="LABEL=SHARE of its comments; may be repeated.")]
Several = Annotated[
    bool, typer.Option("--several", help="A comment may have several labels, or none; for a new dataset.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Return while the job goes on.")]


def _user() -> str:
    """The name of this account; a container may have none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


ME = _user()

"""The commands after a release: drift, canary, appeals and transparency."""

from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import Dataset, File, Home, Json, Pairs, Split, Whose
from services.commands.terminal import do, pairs_of


def add_commands(app: typer.Typer) -> None:
    """Put the four commands into the program."""
    for command in (drift, canary, appeals, transparency):
        app.command()(command)


def drift(
    snapshot: Annotated[str, typer.Option("--snapshot", help="What the model was judged on.")],
    import_id: Annotated[
        int | None, typer.Option("--import", help="The later sample; else all comments since.")
    ] = None,
    dataset: Whose = None,
    model: Annotated[str | None, typer.Option(help="Compare what it says and how surely, too.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Whether later comments are still like those that a model was judged on."""
    given = {"snapshot": snapshot, "import_id": import_id, "dataset": dataset, "model": model}
    do("drift", given, home, as_json)


def canary(
    model: Annotated[str, typer.Option("--model")],
    snapshot: Annotated[str | None, typer.Option(help="The fixed set; else that answered last.")] = None,
    split: Split = "test",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Whether a model still answers a fixed set as it did at first; predict asks it once more."""
    do("canary", {"model": model, "snapshot": snapshot, "split": split}, home, as_json)


def appeals(
    file: File,
    run: Annotated[str | None, typer.Option(help="Whose answers.")] = None,
    model: Annotated[str | None, typer.Option(help="Or whose newest test answers.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Or whose model in production.")] = None,
    column: Pairs = None,
    overturned: Annotated[
        list[str] | None, typer.Option(help="An outcome that took the decision back; may be repeated.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Join the outcomes of appeals (columns id and outcome) to what the model had said."""
    given = {"path": str(file), "run": run, "model": model, "dataset": dataset}
    do("appeals", {**given, "columns": pairs_of(column), "overturned": overturned}, home, as_json)


def transparency(
    dataset: Dataset,
    release: Annotated[str | None, typer.Option(help="Else what is in production.")] = None,
    to: Annotated[Path | None, typer.Option(resolve_path=True, help="Write it: .csv or .json.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Figures for a transparency report: automated decisions and their error rates, with the method."""
    do("transparency", {"dataset": dataset, "release": release, "to": to and str(to)}, home, as_json)

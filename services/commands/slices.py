"""The commands of slices."""

from typing import Annotated

import typer

from services.commands.options import ME, As, Dataset, Home, Json, Most, Pairs, Split
from services.commands.terminal import do, pairs_of


def add_commands(app: typer.Typer) -> None:
    """Put both into the program."""
    app.command()(slices)
    app.command("save-slice")(save_slice)


def slices(
    run: Annotated[str | None, typer.Option(help="Whose answers; or name the model.")] = None,
    model: str | None = None,
    snapshot: Annotated[str | None, typer.Option(help="Else that of its newest answers.")] = None,
    split: Split = "test",
    label: Annotated[str | None, typer.Option(help="Only comments under this label: what is missed.")] = None,
    contains: Annotated[str, typer.Option(help="Look at comments with this text as a slice too.")] = "",
    limit: Most = 20,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Where a model goes wrong most, by single facts and pairs, and how it treats mentions of identity."""
    given = {"run": run, "model": model, "snapshot": snapshot, "split": split, "label": label}
    do("slices", {**given, "contains": contains, "limit": limit}, home, as_json)


def save_slice(
    dataset: Dataset,
    name: Annotated[str | None, typer.Argument(help="Save it; else the list of those saved.")] = None,
    where: Pairs = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Name a part of a dataset for every search, by --where language=de and so on; without any, forget it."""
    given = {"dataset": dataset, "name": name, "where": pairs_of(where), "actor": actor}
    do("save-slice", given, home, as_json)

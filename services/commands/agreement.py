"""The commands of agreement and aggregation."""

from typing import Annotated

import typer

from services.commands.options import ME, As, Dataset, Home, Json, Most, Whose
from services.commands.terminal import do


def add_commands(app: typer.Typer) -> None:
    """Put both into the program."""
    app.command()(agreement)
    app.command()(aggregate)


def agreement(
    dataset: Dataset,
    level: Annotated[
        str, typer.Option(help="Of alpha: nominal, or ordinal or interval in the order of the label set.")
    ] = "nominal",
    label: Annotated[
        str | None, typer.Option(help="Given or not: where a comment may have several labels.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Say how far the annotators agree, over all, label by label, pair by pair, and how each one works."""
    do("agreement", {"dataset": dataset, "level": level, "label": label}, home, as_json)


def aggregate(
    dataset: Whose = None,
    method: Annotated[str, typer.Option(help="majority or dawid-skene.")] = "dawid-skene",
    name: Annotated[str, typer.Option(help="Of the run; used again, it is the next version.")] = "",
    show: Annotated[str | None, typer.Option(help="Show this run instead: aggregation-1.")] = None,
    show_all: Annotated[bool, typer.Option("--list", help="List the runs instead.")] = False,
    in_force: Annotated[str | None, typer.Option(help="Let this run give the labels; needs --why.")] = None,
    out_of_force: Annotated[
        bool, typer.Option("--out-of-force", help="Let the votes give the labels again; needs --why.")
    ] = False,
    why: Annotated[str, typer.Option(help="Why labels change.")] = "",
    limit: Most = 20,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Work one label per comment out of all votes and keep the run; --in-force lets one give the labels."""
    given = {"dataset": dataset, "method": method, "name": name, "show": show, "show_all": show_all}
    given |= {"force": in_force, "unforce": out_of_force, "why": why}
    do("aggregate", {**given, "limit": limit, "actor": actor}, home, as_json)

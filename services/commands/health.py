"""The commands that say what is in a dataset, what repeats, and what the splits share."""

from typing import Annotated

import typer

from services.commands.options import ME, As, Dataset, Home, Json, Most, Whose
from services.commands.terminal import do


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command()(health)
    app.command()(duplicates)
    app.command()(split)


def health(
    dataset: Dataset,
    figure: Annotated[str | None, typer.Option(help="Show comments: 'personal data', language, …")] = None,
    value: Annotated[str, typer.Option(help="Of a label, source, language, month or length.")] = "",
    limit: Most = 20,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What is in a dataset and what is wrong with it."""
    given = {"dataset": dataset, "figure": figure, "value": value, "limit": limit}
    do("health", given, home, as_json)


def duplicates(
    dataset: Dataset,
    group: Annotated[int | None, typer.Option(help="Show the comments of this group.")] = None,
    limit: Most = 20,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Groups of near-duplicates, those whose labels contradict each other first."""
    do("duplicates", {"dataset": dataset, "group": group, "limit": limit}, home, as_json)


def split(
    dataset: Whose = None,
    snapshot: Annotated[str | None, typer.Option(help="What its splits share.")] = None,
    leak: Annotated[str | None, typer.Option(help="List pairs: same_text, near_duplicate, …")] = None,
    golden: Annotated[list[int] | None, typer.Option(help="Put this comment into the golden set.")] = None,
    not_golden: Annotated[list[int] | None, typer.Option(help="Take this comment out of it.")] = None,
    why: Annotated[str, typer.Option(help="Why the golden set changes.")] = "",
    limit: Most = 20,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What the splits of a snapshot share, or the golden set, which nothing learns from."""
    given = {"dataset": dataset, "snapshot": snapshot, "leak": leak, "golden_in": golden}
    do(
        "split",
        {**given, "golden_out": not_golden, "why": why, "limit": limit, "actor": actor},
        home,
        as_json,
    )

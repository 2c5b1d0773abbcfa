"""The commands that say what is in a dataset, what repeats, and what the splits share."""

from typing import Annotated

import typer

from services.commands.options import ME, As, Dataset, Home, Json, Most, Whose
from services.commands.terminal import do


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command()(health)
    app.command()(duplicates)
    app.command()(settle)
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
    contradicting: Annotated[
        bool, typer.Option("--contradicting", help="Groups to decide, each label with who gave it.")
    ] = False,
    limit: Most = 20,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Groups of near-duplicates, those whose labels contradict each other first."""
    given = {"dataset": dataset, "group": group, "contradicting": contradicting, "limit": limit}
    do("duplicates", given, home, as_json)


def settle(
    dataset: Dataset,
    group: Annotated[
        int | None, typer.Option(help="Decide about this group; else what was decided is listed.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="One label for the whole group.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Its labels stay as they are.")] = False,
    exclude: Annotated[bool, typer.Option("--exclude", help="Exclude all of its comments.")] = False,
    why: Annotated[str, typer.Option(help="Why; needed with --label and --keep.")] = "",
    undo: Annotated[int | None, typer.Option(help="Take this decision back.")] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Decide about duplicates whose labels contradict each other (`duplicates --contradicting`)."""
    given = {"dataset": dataset, "actor": actor, "group": group, "label": label, "keep": keep}
    do("settle", {**given, "exclude": exclude, "why": why, "undo": undo}, home, as_json)


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

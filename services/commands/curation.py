"""The commands from comments to a snapshot."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Dataset, Home, Json, Most, Several, Whose
from services.commands.terminal import do


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command()(clean)
    app.command()(label)
    app.command()(snapshot)
    app.command()(datasets)
    app.command()(create)
    app.command()(guideline)
    app.command()(comments)
    app.command()(comment)
    app.command()(demo)


def clean(
    dataset: Dataset,
    rule: Annotated[
        str | None, typer.Option(help="Such as 'exact duplicate'; else a preview of each.")
    ] = None,
    undo: Annotated[int | None, typer.Option(help="Take this cleaning back.")] = None,
    repair: Annotated[
        str | None,
        typer.Option(help="Let models read it repaired: characters, entities, spelling, personal."),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show what the repair would change.")] = False,
    undo_repair: Annotated[int | None, typer.Option(help="Take this repair back.")] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show what could be excluded, exclude it, or undo that; repair what models read, or undo that."""
    given = {"dataset": dataset, "actor": actor, "rule": rule, "undo": undo, "repair": repair}
    do("clean", {**given, "preview": preview, "undo_repair": undo_repair}, home, as_json)


def label(
    dataset: Dataset,
    comment: Annotated[
        int | None, typer.Option(help="Its number; else the next ones that wait are shown.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="A label, or skip, or unsure.")] = None,
    wanted: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 5,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Vote on a comment, or see which ones wait for you."""
    given: dict[str, Any] = {
        "dataset": dataset,
        "actor": actor,
        "comment": comment,
        "label": label,
        "wanted": wanted,
    }
    do("label", given, home, as_json)


def snapshot(
    dataset: Whose = None,
    split_mode: Annotated[str, typer.Option(help="group, stratified, imported or time.")] = "group",
    seed: Annotated[int, typer.Option(help="For stratified splits.")] = 0,
    note: str = "",
    slice_: Annotated[str, typer.Option("--slice", help="Only the comments of this saved slice.")] = "",
    text: Annotated[
        str, typer.Option(help="What models read: original, or cleaned by the repairs.")
    ] = "original",
    test_from: Annotated[str | None, typer.Option(help="With time: the day on which test begins.")] = None,
    verify: Annotated[str | None, typer.Option(help="Hash this snapshot's file again instead.")] = None,
    show_all: Annotated[bool, typer.Option("--list", help="List the snapshots instead.")] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Freeze the labels in force."""
    given: dict[str, Any] = {
        "dataset": dataset,
        "actor": actor,
        "split_mode": split_mode,
        "seed": seed,
        "note": note,
        "slice_name": slice_,
        "text": text,
        "test_from": test_from,
    }
    do("snapshot", {**given, "verify": verify, "show_all": show_all}, home, as_json)


def datasets(home: Home = None, as_json: Json = False) -> None:
    """Where each dataset stands in the loop."""
    do("datasets", {}, home, as_json)


def create(
    dataset: Dataset,
    labels: Annotated[str, typer.Option(help="allow,disallow")],
    group_by: Annotated[str, typer.Option(help="author, thread or none.")] = "author",
    votes_needed: int = 1,
    several: Several = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make an empty dataset."""
    given: dict[str, Any] = {
        "dataset": dataset,
        "labels": labels.split(","),
        "group_by": group_by,
        "votes_needed": votes_needed,
        "several": several,
    }
    do("create", {**given, "actor": actor}, home, as_json)


def guideline(
    dataset: Dataset,
    file: Annotated[
        Path | None, typer.Option(exists=True, resolve_path=True, help="The next version.")
    ] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the guideline, or write its next version."""
    do("guideline", {"dataset": dataset, "path": str(file) if file else None, "actor": actor}, home, as_json)


def comments(
    dataset: Dataset,
    contains: str = "",
    label: str | None = None,
    limit: Most = 20,
    offset: Annotated[int, typer.Option(min=0, help="How many to pass over first.")] = 0,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find comments."""
    given: dict[str, Any] = {
        "dataset": dataset,
        "contains": contains,
        "label": label,
        "limit": limit,
        "offset": offset,
    }
    do("comments", given, home, as_json)


def comment(number: int, home: Home = None, as_json: Json = False) -> None:
    """All that is known of one comment."""
    do("comment", {"comment": number}, home, as_json)


def demo(actor: As = ME, home: Home = None, as_json: Json = False) -> None:
    """Make the demo dataset and take it once around the loop."""
    do("demo", {"actor": actor}, home, as_json)

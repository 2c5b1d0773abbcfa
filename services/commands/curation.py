"""The commands from a file to a snapshot."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Dataset, File, Home, Json, Most, Pairs, Several, Whose
from services.commands.terminal import do, pairs_of


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command("import")(import_)
    app.command()(findings)
    app.command()(clean)
    app.command()(label)
    app.command()(snapshot)
    app.command()(datasets)
    app.command()(create)
    app.command()(guideline)
    app.command()(comments)
    app.command()(comment)
    app.command()(demo)


def import_(
    file: File,
    dataset: Dataset,
    column: Pairs = None,
    label_map: Pairs = None,
    labels: Annotated[str, typer.Option(help="Label set of a new dataset: allow,disallow")] = "",
    group_by: Annotated[str, typer.Option(help="author, thread or none, for a new dataset.")] = "author",
    votes_needed: Annotated[int, typer.Option(help="Votes a comment needs, for a new dataset.")] = 1,
    several: Annotated[
        bool | None,
        typer.Option(
            "--several/--one-label",
            help="A comment may have several labels; else that is so where each label has a column.",
        ),
    ] = None,
    annotators: Annotated[
        str,
        typer.Option(help="The column that names who labelled a row, or a column of each: rater_1,rater_2."),
    ] = "",
    look: Annotated[bool, typer.Option("--look", help="Show how the file is read; import nothing.")] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Bring a CSV, JSONL or Parquet file in: --column text=tweet --label-map 0=hate.

    Several labels per comment: one column with insult|threat in it and --several, or a column of 0 and 1 for
    each label, --column label:insult=is_insult --column label:threat=is_threat; with --one-label just one of
    them is 1. Several votes per comment: --annotators worker for a row each, --annotators 'rater_*' for a
    column each, --column count:hate=hate_votes for counts. An id of several columns: --column id:a=thread
    --column id:b=turn.
    """
    if look:
        do("look", {"path": str(file)}, home, as_json)
        return
    given: dict[str, Any] = {
        "path": str(file),
        "dataset": dataset,
        "actor": actor,
        "columns": pairs_of(column) or None,
        "label_map": pairs_of(label_map) or None,
        "labels": [name for name in labels.split(",") if name],
        "group_by": group_by,
        "votes_needed": votes_needed,
        "several": several,
        "annotators": [name for name in annotators.split(",") if name],
    }
    do("import", given, home, as_json)


def findings(
    import_id: int,
    limit: Annotated[int | None, typer.Option(min=1, help="How many to show; else all.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List the rows of an import that were refused, in conflict, or in with a note."""
    do("findings", {"import_id": import_id, "limit": limit}, home, as_json)


def clean(
    dataset: Dataset,
    rule: Annotated[
        str | None, typer.Option(help="'empty' or 'exact duplicate'; else a preview of each.")
    ] = None,
    undo: Annotated[int | None, typer.Option(help="Take this cleaning back.")] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show what could be excluded, exclude it, or undo that."""
    do("clean", {"dataset": dataset, "actor": actor, "rule": rule, "undo": undo}, home, as_json)


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
    split_mode: Annotated[str, typer.Option(help="group, stratified or imported.")] = "group",
    seed: Annotated[int, typer.Option(help="For stratified splits.")] = 0,
    note: str = "",
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

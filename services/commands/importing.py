"""The commands that bring a file in."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Dataset, Home, Json, Pairs
from services.commands.terminal import do, pairs_of

_FileOrFolder = Annotated[Path | None, typer.Argument(exists=True, resolve_path=True)]
_Annotators = Annotated[
    str, typer.Option(help="The column that names who labelled a row, or a column of each: rater_1,rater_2.")
]
_Read = Annotated[
    list[str] | None,
    typer.Option(
        help="How it is written: encoding=big5, delimiter=tab, quoting=line, header=3 or no, part=NAME."
    ),
]
_Mapping = Annotated[str | None, typer.Option(help="A mapping that was saved; options beside it count more.")]


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command("import")(import_)
    app.command()(findings)
    app.command()(mappings)


def import_(
    dataset: Dataset,
    file: _FileOrFolder = None,
    hub: Annotated[
        str | None, typer.Option(help="Instead of a file: a data set of the Hugging Face hub, OWNER/NAME.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Its commit; --look tells the newest.")] = None,
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
    annotators: _Annotators = "",
    read: _Read = None,
    mapping: _Mapping = None,
    as_last: Annotated[
        bool, typer.Option("--as-last", help="As the last file with the same headings was imported.")
    ] = False,
    save_mapping: Annotated[str | None, typer.Option(help="Save all of this under a name.")] = None,
    scores_of: Annotated[
        str | None, typer.Option(help="The column of scores is of this system, and becomes a model.")
    ] = None,
    scores_mean: Annotated[str, typer.Option(help="What a high score speaks for; else the last label.")] = "",
    scale: Annotated[float, typer.Option(help="The largest possible score: 1 or 100.")] = 1.0,
    flags_from: Annotated[float, typer.Option(help="That label is given from here on, 0 to 1.")] = 0.5,
    look: Annotated[bool, typer.Option("--look", help="Show how the file is read; import nothing.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Read all of it and tell; import nothing.")] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Bring a file in: --column text=tweet --label-map 0=hate.

    CSV, TSV, JSONL, JSON, Parquet, Arrow or XLSX, also as .gz or .zip, or a Hugging Face data set's folder.
    JSON in the cells of a column: --column text=data.prompt. Several labels per comment: one column with
    insult|threat in it and --several, or a column of 0 and 1 for each label, --column label:insult=is_insult
    --column label:threat=is_threat; with --one-label just one of them is 1. Several votes per comment:
    --annotators worker for a row each, --annotators 'rater_*' for a column each, --column
    count:hate=hate_votes for counts. An id of several columns: --column id:a=thread --column id:b=turn.
    Scores of another system: --column score=TOXICITY --scores-of Perspective --scores-mean disallow.
    """
    source = {"path": str(file) if file else None, "hub": hub, "revision": revision}
    given: dict[str, Any] = {
        **source,
        "columns": pairs_of(column) or None,
        "annotators": [name for name in annotators.split(",") if name],
        "read": pairs_of(read) or None,
        "mapping": mapping,
        "as_last": as_last,
    }
    if look:
        do("look", {**source, "read": given["read"]}, home, as_json)
        return
    if check:
        do("check-import", {**given, "dataset": dataset}, home, as_json)
        return
    given |= {
        "dataset": dataset,
        "actor": actor,
        "label_map": pairs_of(label_map) or None,
        "labels": [name for name in labels.split(",") if name],
        "group_by": group_by,
        "votes_needed": votes_needed,
        "several": several,
        "save_mapping": save_mapping,
        "scores_of": scores_of,
        "scores_mean": scores_mean,
        "scale": scale,
        "flags_from": flags_from,
        "report": as_json,
    }
    do("import", given, home, as_json)


def findings(
    import_id: int,
    limit: Annotated[int | None, typer.Option(min=1, help="How many to show; else all.")] = None,
    to_repair: Annotated[
        Path | None,
        typer.Option(resolve_path=True, help="Write the refused rows with their columns: rows.csv."),
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List the rows of an import that were refused, in conflict, or in with a note.

    With --to-repair the refused ones become a file of the same columns: mend it, and import it again.
    """
    given: dict[str, Any] = {"import_id": import_id, "limit": limit}
    do("findings", {**given, "to_repair": str(to_repair) if to_repair else None}, home, as_json)


def mappings(
    take_away: Annotated[str | None, typer.Option(help="Take the mapping of this name away.")] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List the saved mappings of columns, labels and ways of reading, or take one away."""
    do("mappings", {"actor": actor, "take_away": take_away}, home, as_json)

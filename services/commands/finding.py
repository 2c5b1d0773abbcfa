"""The commands that find comments and take them out of the house."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.hosting import prompt_and_shares
from services.commands.options import Dataset, Home, Json, Keep, Most, Of, Pairs, Prompt, Split, Whose
from services.commands.terminal import do, pairs_of

Slice = Annotated[str | None, typer.Option("--slice", help="Only the comments of this saved slice.")]


def add_commands(app: typer.Typer) -> None:
    """Put both into the program."""
    app.command()(search)
    app.command()(export)


def search(
    query: Annotated[str, typer.Argument(help='words -without "exactly these words"')] = "",
    dataset: Dataset = "",
    slice_: Slice = None,
    where: Pairs = None,
    like: Annotated[int | None, typer.Option(help="Nearest in meaning to this comment instead.")] = None,
    limit: Most = 20,
    offset: Annotated[int, typer.Option(min=0, help="How many to pass over first.")] = 0,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Search the texts, in any case, width and accent; --where label=allow --where since=2026-01-01 …"""
    given: dict[str, Any] = {
        "dataset": dataset,
        "query": query,
        "like": like,
        "slice_name": slice_,
        "where": pairs_of(where) or None,
        "limit": limit,
        "offset": offset,
    }
    do("search", given, home, as_json)


def export(
    file: Annotated[
        Path,
        typer.Argument(
            resolve_path=True, help="Ends in .csv, .jsonl, .parquet or .xlsx; a new folder for datasets."
        ),
    ],
    dataset: Whose = None,
    format: Annotated[
        str, typer.Option(help="csv, jsonl, parquet, xlsx, datasets, or chat; else as FILE ends.")
    ] = "table",
    snapshot: Of = None,
    slice_: Slice = None,
    where: Pairs = None,
    split: Split = "train",
    system_prompt: Prompt = None,
    keep: Keep = None,
    weight: Annotated[
        int | None, typer.Option(help="Of every answer of --format chat: 1 is learned from, 0 is not.")
    ] = None,
    licence: Annotated[str, typer.Option(help="For the card of --format datasets, such as cc-by-4.0.")] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write a dataset, a slice of it or a snapshot to a file, with every vote; `import` reads it again.

    --format datasets writes a folder for load_dataset with a card; --format chat the examples of a split of a
    snapshot, or of a slice.
    """
    given: dict[str, Any] = {
        "path": str(file),
        "dataset": dataset,
        "format": format,
        "snapshot": snapshot,
        "slice_name": slice_,
        "where": pairs_of(where) or None,
        "split": split,
        "weight": weight,
        "licence": licence,
    }
    do("export", {**given, **prompt_and_shares(system_prompt, keep)}, home, as_json)

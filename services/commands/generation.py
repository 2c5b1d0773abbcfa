"""The commands of pairs, prompts and written texts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Dataset, File, Home, Json, Most, Whose
from services.commands.terminal import do, pairs_of, path_text

Task = Annotated[str, typer.Option(help="summarise, reply or detoxify.")]
Columns = Annotated[
    list[str] | None, typer.Option(help="source=COLUMN, reference=COLUMN or text=COLUMN; guessed else.")
]


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command()(pairs)
    app.command()(prompt)
    app.command()(score)


def pairs(
    pair_set: Annotated[str | None, typer.Argument(help="A set to look at.")] = None,
    add: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, resolve_path=True, help="Keep its pairs.")
    ] = None,
    dataset: Whose = None,
    task: Annotated[str | None, typer.Option(help="summarise, reply or detoxify.")] = None,
    name: Annotated[str, typer.Option(help="Of the set.")] = "",
    column: Columns = None,
    limit: Most = 20,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Keep pairs of source and references, look at a set, or list the sets."""
    given: dict[str, Any] = {
        "pairs": pair_set,
        "add": path_text(add),
        "dataset": dataset,
        "task": task,
        "name": name,
    }
    given |= {"columns": pairs_of(column) or None, "limit": limit, "actor": actor}
    do("pairs", given, home, as_json)


def prompt(
    dataset: Dataset,
    task: Task,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, resolve_path=True, help="A new version, with {source} once."
        ),
    ] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What models are told for a task, in versions."""
    do("prompt", {"dataset": dataset, "task": task, "path": path_text(file), "actor": actor}, home, as_json)


def score(
    file: File,
    task: Task = "summarise",
    column: Columns = None,
    model: Annotated[str | None, typer.Option(help="A classifier that judges toxicity.")] = None,
    unwanted: Annotated[str | None, typer.Option(help="Its label that is to be avoided.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Score a file of texts against references: ROUGE, BLEU, chrF2++, meaning; each with its signature."""
    given = {"path": str(file), "task": task, "columns": pairs_of(column) or None}
    do("score", {**given, "model": model, "unwanted": unwanted}, home, as_json)

"""The commands of pairs, prompts and written texts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Dataset, File, Home, Json, Most, NoWait, Pairs, Whose
from services.commands.terminal import do, do_study, number_or_text, pairs_of, path_text
from services.generation.asking import MAX_SHOTS

Task = Annotated[str, typer.Option(help="summarise, reply or detoxify.")]
Columns = Annotated[
    list[str] | None, typer.Option(help="source=COLUMN, reference=COLUMN or text=COLUMN; guessed else.")
]


def whole_path(base: str | None) -> str | None:
    """A folder by its whole path, for the dashboard may stand elsewhere; a name as it is."""
    folder = None if base is None else Path(base).expanduser()
    return str(folder.resolve()) if folder is not None and folder.is_dir() else base


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command()(pairs)
    app.command()(prompt)
    app.command()(score)
    app.command()(generate)
    app.command()(written)
    app.command()(rate)


def pairs(
    pair_set: Annotated[str | None, typer.Argument(help="A set to look at.")] = None,
    add: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, resolve_path=True, help="Keep its pairs.")
    ] = None,
    dataset: Whose = None,
    task: Annotated[str | None, typer.Option(help="summarise, reply or detoxify.")] = None,
    name: Annotated[str, typer.Option(help="Of the set.")] = "",
    column: Columns = None,
    base: Annotated[
        str | None, typer.Option(help="Count its tokens: a folder, or owner/model that was fetched before.")
    ] = None,
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
        "base": whole_path(base),
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


def generate(
    pairs: Annotated[str, typer.Option(help="Whose test split is written.")],
    model: Annotated[str | None, typer.Option(help="A writing model of the workbench.")] = None,
    base: Annotated[
        str | None, typer.Option(help="Or a model as it comes: a folder, or owner/model on the hub.")
    ] = None,
    shots: Annotated[int, typer.Option(min=0, max=MAX_SHOTS, help="Solved examples before each source.")] = 0,
    prompt: Annotated[int | None, typer.Option(help="Version of the prompt; 0 is the task's own.")] = None,
    setting: Pairs = None,
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Let a model write the test split of pairs, with zero, one or a few examples, and measure it."""
    settings = {key: number_or_text(value) for key, value in pairs_of(setting).items()}
    given = {"pairs": pairs, "model": model, "shots": shots, "prompt": prompt, "settings": settings or None}
    given |= {"base": whole_path(base)}
    do_study("generate", {**given, "actor": actor}, home, as_json, wait=not no_wait, reads=("written", "job"))


def written(
    job: Annotated[str, typer.Argument(help="A job that writes.")],
    system: Annotated[str | None, typer.Option(help="Show its texts beside their sources.")] = None,
    order: Annotated[str, typer.Option(help="worst, best or 'meaning lost' first.")] = "",
    limit: Most = 10,
    out: Annotated[
        Path | None,
        typer.Option(resolve_path=True, help="Write the whole report there: .html, .md or .json."),
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What a job wrote: base, tuned and rewarded in one table, what changed, and texts side by side."""
    asked = {"job": job, "system": system, "order": order, "limit": limit, "out": path_text(out)}
    do("written", asked, home, as_json)


def rate(
    job: Annotated[str, typer.Argument(help="A job that wrote.")],
    pair: Annotated[int, typer.Option(help="Number of the pair.")],
    system: Annotated[str, typer.Option(help="Who wrote the text.")],
    relevance: Annotated[int, typer.Option(min=1, max=5)],
    fluency: Annotated[int, typer.Option(min=1, max=5)],
    same_meaning: Annotated[bool, typer.Option("--same-meaning/--other-meaning")],
    toxic: Annotated[bool, typer.Option("--toxic/--not-toxic")],
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Say what you think of one text that was written."""
    given: dict[str, Any] = {"job": job, "pair": pair, "system": system, "relevance": relevance}
    given |= {"fluency": fluency, "same_meaning": same_meaning, "toxic": toxic, "actor": actor}
    do("rate", given, home, as_json)

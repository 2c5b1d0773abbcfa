"""The commands around jobs: train, predict, and what becomes of them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Home, Json, NoWait, Pairs, Whose
from services.commands.terminal import do, do_job, do_study, number_or_text, pairs_of, path_text, tell
from services.modelling.base_models import OFFLINE
from services.modelling.hosted.patience import FOR_A_LIST, asking

Out = Annotated[
    Path | None,
    typer.Option(resolve_path=True, help="Write id, text, label and scores to this .csv or .parquet."),
]


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command()(train)
    app.command()(predict)
    app.command()(answers)
    app.command()(jobs)


def train(
    snapshot: Annotated[str | None, typer.Option("--snapshot")] = None,
    examples: Annotated[str | None, typer.Option(help="Tune a chat model on these kept examples.")] = None,
    pairs: Annotated[str | None, typer.Option(help="Teach a model to write from these pairs.")] = None,
    task: Annotated[str | None, typer.Option(help="Of the pairs: summarise, reply or detoxify.")] = None,
    by: Annotated[str, typer.Option(help="With pairs: pairs, reward or preferences.")] = "pairs",
    prompt: Annotated[
        int | None, typer.Option(help="With pairs: version of the prompt; 0 is the task's own.")
    ] = None,
    backend: Annotated[
        str | None, typer.Option(help="tfidf, huggingface or openai; else the recipe's.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Base model by name or folder: minilm, ./my-encoder, owner/model.")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="baseline, baseline-weighted, quick (or quick-look), solid, best, classic, hosted, "
            "hosted-as-is or hosted-few-shot; else the backend's first, or baseline."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the model.")] = None,
    setting: Pairs = None,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate", help="Only tell what an encoder's training would take, or how long pairs are."
        ),
    ] = False,
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Train a model on a snapshot and let it predict the validation and test splits; or tune on examples."""
    settings = {key: number_or_text(value) for key, value in pairs_of(setting).items()}
    trained: dict[str, Any] = {"backend": backend, "base": named_base(base), "recipe": recipe}
    if estimate:
        asked: dict[str, Any] = {
            "snapshot": snapshot,
            "pairs": pairs,
            "prompt": prompt,
            **trained,
            "settings": settings or None,
        }
        do("estimate", asked, home, as_json)
        return
    given: dict[str, Any] = {
        "snapshot": snapshot,
        "examples": examples,
        "pairs": pairs,
        "task": task,
        "by": by,
        "prompt": prompt,
        **trained,
        "name": name,
        "settings": settings or None,
        "actor": actor,
    }
    do_job("train", given, home, as_json, wait=not no_wait)


def named_base(base: str | None) -> str | None:
    """A folder by its whole path, for the dashboard may stand elsewhere; a name as it is."""
    if base is None or base == OFFLINE:
        return base
    folder = Path(base).expanduser()
    return str(folder.resolve()) if folder.is_dir() else base


def predict(
    model: Annotated[str, typer.Option("--model")],
    snapshot: Annotated[str | None, typer.Option("--snapshot", help="One of its splits.")] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    dataset: Annotated[str | None, typer.Option("--dataset", help="All its comments instead.")] = None,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Of the dataset, those without a label in force.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, resolve_path=True, help="The rows of a file instead."),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="Of the file: text=COLUMN, id=COLUMN; guessed else.")
    ] = None,
    out: Out = None,
    engine: Annotated[str, typer.Option(help="torch, onnx or onnx-int8, for an encoder.")] = "torch",
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Let a model predict one split of a snapshot, the comments of a dataset, or a file of comments."""
    given: dict[str, Any] = {"model": model, "engine": engine, "actor": actor}
    if snapshot is not None and dataset is None and file is None:
        given |= {"snapshot": snapshot, "split": split}
        do_job("predict", given, home, as_json, wait=not no_wait)
        return
    given |= {"snapshot": snapshot, "dataset": dataset, "unlabelled": unlabelled}
    given |= {"file": path_text(file), "columns": pairs_of(column) or None}
    to = {"to": path_text(out)}
    given |= to  # refused now, if it cannot be written then
    do_study("predict", given, home, as_json, wait=not no_wait, reads=("answers", "job"), more=to)


def answers(
    job: Annotated[str, typer.Argument(help="That predicted a dataset or a file.")],
    out: Out = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """How many comments got each label in such a prediction; on demand its answers as a file."""
    do("answers", {"job": job, "to": path_text(out)}, home, as_json)


def jobs(
    job: Annotated[str | None, typer.Argument(help="One job, with its log.")] = None,
    dataset: Whose = None,
    provider: Annotated[str | None, typer.Option(help="List the jobs at this provider instead.")] = None,
    adopt: Annotated[str | None, typer.Option(help="Of those, follow this one here.")] = None,
    labels: Annotated[str, typer.Option(help="Of the adopted model: allow,disallow; none: free text.")] = "",
    system_prompt: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="It was trained with; needed with labels."),
    ] = None,
    cancel: Annotated[bool, typer.Option("--cancel")] = False,
    pause: Annotated[
        bool, typer.Option("--pause", help="A training with checkpoints; --restart goes on.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart")] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="As for train; --restart never waits, with it or without.")
    ] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List jobs, look at one, cancel or pause it, or start it again; or adopt one that a provider has."""
    if provider is not None:
        asked: dict[str, Any] = {"provider": provider, "adopt": adopt, "dataset": dataset, "actor": actor}
        asked["labels"] = [name for name in labels.split(",") if name]
        asked["system_prompt"] = path_text(system_prompt and system_prompt.resolve())
        tell(asking(provider, FOR_A_LIST, "its jobs" if adopt is None else adopt))
        do("hosted-jobs", asked, home, as_json)
        return
    given: dict[str, Any] = {"job": job, "dataset": dataset, "actor": actor}
    given |= {"cancel": cancel, "pause": pause, "restart": restart}
    do("jobs", given, home, as_json)

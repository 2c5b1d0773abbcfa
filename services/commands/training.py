"""The commands around jobs: train, predict, and what becomes of them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Home, Json, NoWait, Pairs, Whose
from services.commands.terminal import do, do_job, number_or_text, pairs_of, path_text, tell
from services.modelling.base_models import OFFLINE
from services.modelling.hosted.patience import FOR_A_LIST, asking


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command()(train)
    app.command()(predict)
    app.command()(jobs)


def train(
    snapshot: Annotated[str | None, typer.Option("--snapshot")] = None,
    examples: Annotated[str | None, typer.Option(help="Tune a chat model on these kept examples.")] = None,
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
        bool, typer.Option("--estimate", help="Only tell what an encoder's training would take.")
    ] = False,
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Train a model on a snapshot and let it predict the validation and test splits; or tune on examples."""
    settings = {key: number_or_text(value) for key, value in pairs_of(setting).items()}
    trained: dict[str, Any] = {"backend": backend, "base": _named_base(base), "recipe": recipe}
    if estimate:
        asked: dict[str, Any] = {"snapshot": snapshot, **trained, "settings": settings or None}
        do("estimate", asked, home, as_json)
        return
    given: dict[str, Any] = {
        "snapshot": snapshot,
        "examples": examples,
        **trained,
        "name": name,
        "settings": settings or None,
        "actor": actor,
    }
    do_job("train", given, home, as_json, wait=not no_wait)


def _named_base(base: str | None) -> str | None:
    """A folder by its whole path, for the dashboard may stand elsewhere; a name as it is."""
    if base is None or base == OFFLINE:
        return base
    folder = Path(base).expanduser()
    return str(folder.resolve()) if folder.is_dir() else base


def predict(
    model: Annotated[str, typer.Option("--model")],
    snapshot: Annotated[str, typer.Option("--snapshot")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    engine: Annotated[str, typer.Option(help="torch, onnx or onnx-int8, for an encoder.")] = "torch",
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Let a model predict one split of a snapshot."""
    given: dict[str, Any] = {
        "model": model,
        "snapshot": snapshot,
        "split": split,
        "engine": engine,
        "actor": actor,
    }
    do_job("predict", given, home, as_json, wait=not no_wait)


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
    pause: Annotated[bool, typer.Option("--pause", help="An encoder's training; --restart goes on.")] = False,
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

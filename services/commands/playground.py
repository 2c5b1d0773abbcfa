"""The command that tries models on a text."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import ME, As, Home, Json
from services.commands.terminal import do, tell
from services.modelling.hosted.patience import FOR_A_QUESTION, asking


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command("try")(try_)


def try_(
    text: Annotated[
        str | None, typer.Argument(help="To be tried; - reads one per line from standard input.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="May be repeated; model-3:base is its base.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, resolve_path=True, help="A text per line.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Its newest models, unless some are named; needed with --provider.")
    ] = None,
    provider: Annotated[str | None, typer.Option(help="Ask its chat models freely instead.")] = None,
    model_id: Annotated[
        list[str] | None, typer.Option(help="As the provider names it; may be repeated.")
    ] = None,
    system: Annotated[str, typer.Option(help="What the chat models are told first.")] = "",
    temperature: Annotated[float, typer.Option(min=0, max=2)] = 0.0,
    max_tokens: Annotated[int, typer.Option(min=1)] = 256,
    save: Annotated[bool, typer.Option("--save", help="Keep the text as a comment of --dataset.")] = False,
    label: Annotated[str | None, typer.Option(help="Your vote on it, with --save.")] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What models say of a text, side by side; nothing is kept unless it is saved."""
    texts = sys.stdin.read().splitlines() if text == "-" else [text] if text else []
    given = {"texts": texts, "path": file and str(file), "models": model, "dataset": dataset, "save": save}
    given |= {"provider": provider, "model_ids": model_id, "system": system, "temperature": temperature}
    if provider is not None:
        tell(asking(provider, FOR_A_QUESTION))
    do("try", {**given, "max_tokens": max_tokens, "label": label, "actor": actor}, home, as_json)

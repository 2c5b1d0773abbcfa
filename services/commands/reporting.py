"""The command of the report."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Home, Json, Split
from services.commands.terminal import do, path_text


def add_commands(app: typer.Typer) -> None:
    """Put it into the program."""
    app.command()(report)


def report(
    run: Annotated[str | None, typer.Option(help="A run; or name its model.")] = None,
    model: str | None = None,
    snapshot: str | None = None,
    split: Split = "test",
    out: Annotated[
        Path | None, typer.Option(resolve_path=True, help="Write it there: .html, .md or .json.")
    ] = None,
    unwanted: Annotated[
        list[str] | None, typer.Option(help="A label that flags a comment; repeatable. Else the policy's.")
    ] = None,
    base_rate: Annotated[float | None, typer.Option(help="Share of real traffic that is unwanted.")] = None,
    volume: Annotated[float, typer.Option(help="Comments a day.")] = 10_000,
    seconds: Annotated[float, typer.Option(help="To read one comment.")] = 10,
    comments: Annotated[int, typer.Option(min=0, help="How many misses to quote.")] = 10,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Whether to release a model and why: verdict, numbers, failures, production, in one file that prints."""
    given: dict[str, Any] = {"run": run, "model": model, "snapshot": snapshot, "split": split, "actor": actor}
    given |= {"out": path_text(out), "unwanted": unwanted, "base_rate": base_rate}
    do("report", {**given, "volume": volume, "seconds": seconds, "comments": comments}, home, as_json)

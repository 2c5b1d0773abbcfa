"""The commands of behaviour: behave and behaviour."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Home, Json, NoWait, Whose
from services.commands.terminal import do, do_study, pairs_of, path_text


def add_commands(app: typer.Typer) -> None:
    """Put the two commands into the program."""
    app.command()(behave)
    app.command()(behaviour)


def behave(
    model: Annotated[str, typer.Option("--model", help="Whom to ask.")],
    suite: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, resolve_path=True, help="Functional tests, a CSV."),
    ] = None,
    invariance: Annotated[
        bool, typer.Option("--invariance", help="True positives in capitals, leet, typos ...")
    ] = False,
    injection: Annotated[
        bool, typer.Option("--injection", help="True positives inside prompt injections.")
    ] = False,
    payloads: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, resolve_path=True, help="Instead of those that ship."),
    ] = None,
    label_map: Annotated[
        list[str] | None, typer.Option("--map", help="SUITE LABEL=LABEL; may be repeated; is remembered.")
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="A functionality that the policy does not decide; repeatable.")
    ] = None,
    snapshot: Annotated[
        str | None, typer.Option(help="Whose test split; else that which it answered last.")
    ] = None,
    unwanted: Annotated[
        list[str] | None, typer.Option(help="A label that stops a comment; else all but the first.")
    ] = None,
    comments: Annotated[int | None, typer.Option(min=1, help="At most so many true positives.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw and of every change.")] = 0,
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Test how a model behaves: on a suite of cases, on its true positives written otherwise, or injected."""
    kind = "injection" if injection or payloads else "invariance" if invariance else "functional"
    given: dict[str, Any] = {"model": model, "kind": kind, "path": path_text(suite or payloads)}
    given |= {"mapping": pairs_of(label_map), "left_out": leave_out, "snapshot": snapshot}
    given |= {"unwanted": unwanted, "comments": comments, "seed": seed, "actor": actor}
    do_study("behave", given, home, as_json, wait=not no_wait, reads=("behaviour", "job"))


def behaviour(
    job: Annotated[str | None, typer.Argument(help="What it found; else the list.")] = None,
    model: str | None = None,
    dataset: Whose = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What tests of behaviour have found."""
    do("behaviour", {"job": job, "model": model, "dataset": dataset}, home, as_json)

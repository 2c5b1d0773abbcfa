"""The commands of the Release station: policy, gate, release and audit."""

from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import ME, As, Dataset, Home, Json, Most, Split, Whose
from services.commands.terminal import do

Threshold = Annotated[
    str | None, typer.Option(help="Judge at this frozen one, or by 'label'; else at the model's newest.")
]


def add_commands(app: typer.Typer) -> None:
    """Put the four commands into the program."""
    for command in (policy, gate, release, audit):
        app.command()(command)


def policy(
    dataset: Dataset,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, resolve_path=True, help="The next version, as JSON."),
    ] = None,
    why: Annotated[str, typer.Option(help="Why it changes.")] = "",
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What a model must show before it is released; --file writes the next version."""
    given = {"dataset": dataset, "path": str(file) if file else None, "why": why, "actor": actor}
    do("policy", given, home, as_json)


def gate(
    model: Annotated[str, typer.Option("--model")],
    snapshot: Annotated[str | None, typer.Option(help="Else that of its newest answers.")] = None,
    split: Split = "test",
    threshold: Threshold = None,
    file: Annotated[
        Path | None,
        typer.Option("--policy", exists=True, dir_okay=False, resolve_path=True, help="Else its dataset's."),
    ] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Judge a model by a policy. Exits with 0: pass, 1: fail, 2: could not be asked, 3: not decidable."""
    given = {"model": model, "snapshot": snapshot, "split": split, "path": str(file) if file else None}
    given |= {"threshold": threshold}
    try:
        verdict = do("gate", {**given, "actor": actor}, home, as_json)
    except typer.Exit as refused:
        raise typer.Exit(2) from refused
    raise typer.Exit({"pass": 0, "fail": 1, "not decidable": 3}[verdict["outcome"]])


def release(
    action: Annotated[str, typer.Argument(help="list, show, propose, approve, reject, rollback or verify.")],
    release: Annotated[str | None, typer.Argument(help="The release.")] = None,
    model: Annotated[str | None, typer.Option(help="To propose.")] = None,
    snapshot: Annotated[str | None, typer.Option(help="Its test answers; else the newest.")] = None,
    threshold: Threshold = None,
    dataset: Whose = None,
    why: Annotated[str, typer.Option(help="Needed to reject, roll back, or release without a pass.")] = "",
    to: Annotated[
        Path | None, typer.Option(resolve_path=True, help="Write the card: .md, .json or .html.")
    ] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Propose a model, decide on it, go back, or check a card: verify exits with 1 if it differs."""
    given = {"action": action, "release": release, "model": model, "snapshot": snapshot, "dataset": dataset}
    given |= {"threshold": threshold}
    answer = do("release", {**given, "why": why, "to": to and str(to), "actor": actor}, home, as_json)
    if action == "verify" and not answer["ok"]:
        raise typer.Exit(1)


def audit(
    action: Annotated[str, typer.Argument(help="list or verify.")] = "list",
    card: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, resolve_path=True, help="A JSON card kept outside."),
    ] = None,
    dataset: Whose = None,
    limit: Most = 20,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """The log of who did what; verify finds an entry that was changed, and exits with 1 then."""
    given = {"action": action, "card": card and str(card), "dataset": dataset, "limit": limit}
    answer = do("audit", given, home, as_json)
    if action == "verify" and not answer["ok"]:
        raise typer.Exit(1)

"""The commands of the desk itself."""

from typing import Annotated, Any

import typer

from domain.errors import BadInput
from services.commands.options import ME, As, Dataset, Home, Json
from services.commands.terminal import do


def add_commands(app: typer.Typer) -> None:
    """Put the four commands into the program."""
    for command in (vote, desk, spare, labels):
        app.command()(command)


def vote(
    comment: Annotated[int, typer.Argument(help="Its number.")],
    label: Annotated[str, typer.Argument(help="Of the label set; or skip or unsure.")],
    reason: Annotated[str | None, typer.Option(help="Why, or a note.")] = None,
    severity: Annotated[int | None, typer.Option(help="How bad, from 0.")] = None,
    span: Annotated[
        list[str] | None, typer.Option(help="Characters that decided, 0-12; may be repeated.")
    ] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Vote on one comment, with a reason, how bad it is, and the words that decided."""
    spans = [_ends(each) for each in span or []]
    given = {"comment": comment, "label": label, "reason": reason, "severity": severity, "spans": spans}
    do("vote", {**given, "actor": actor}, home, as_json)


def desk(
    dataset: Dataset,
    severity: Annotated[int | None, typer.Option(help="Highest step of how bad; 0 asks nothing.")] = None,
    severe: Annotated[str | None, typer.Option(help="Labels that are hard to read: hate,threat.")] = None,
    model: Annotated[str | None, typer.Option(help="Whose answers foresee them; else labels do.")] = None,
    veils: Annotated[bool | None, typer.Option(help="Veil what is foreseen until a key.")] = None,
    most_severe: Annotated[int | None, typer.Option(help="Severe ones a person and day; 0 is all.")] = None,
    most_comments: Annotated[int | None, typer.Option(help="Comments a person and day; 0 is all.")] = None,
    work_min: Annotated[int | None, typer.Option(help="Minutes before a break; 0 is none.")] = None,
    break_min: Annotated[int | None, typer.Option(help="Minutes of a break.")] = None,
    calm: Annotated[int | None, typer.Option(help="At most one severe comment in so many.")] = None,
    masked: Annotated[str | None, typer.Option(help="Words to mask on request: one,two.")] = None,
    help_text: Annotated[str | None, typer.Option(help="Whom to talk to; shown with a break.")] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show how the desk of a dataset is set and what you have behind you today; or set it for everybody."""
    given: dict[str, Any] = {
        "severity": severity, "severe": _listed(severe), "model_id": model, "veils": veils,
        "most_severe": most_severe, "most_comments": most_comments, "work_min": work_min,
        "break_min": break_min, "calm": calm, "masked": _listed(masked), "help_text": help_text,
    }  # fmt: skip
    settings = {name: value for name, value in given.items() if value is not None}
    do("desk", {"dataset": dataset, "settings": settings or None, "actor": actor}, home, as_json)


def spare(
    dataset: Dataset,
    labels: Annotated[str | None, typer.Option(help="Whose comments you are not given: hate.")] = None,
    nothing: Annotated[bool, typer.Option("--nothing", help="Give everything again.")] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Be spared comments of some labels; it changes no figure about you."""
    given = {"dataset": dataset, "actor": actor, "labels": [] if nothing else _listed(labels)}
    do("spare", given, home, as_json)


def labels(
    dataset: Dataset,
    label: Annotated[str | None, typer.Option(help="Whose looks change.")] = None,
    key: Annotated[str | None, typer.Option(help="One digit or letter.")] = None,
    colour: Annotated[str | None, typer.Option(help="As in #2a9d8f.")] = None,
    definition: Annotated[str | None, typer.Option(help="What it means, in a sentence.")] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the labels of a dataset; or give one another key, colour or definition."""
    told = {"key": key, "colour": colour, "definition": definition}
    looks = {label: {name: value for name, value in told.items() if value is not None}} if label else None
    do("labels", {"dataset": dataset, "looks": looks, "actor": actor}, home, as_json)


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _ends(text: str) -> list[int]:
    start, _, end = text.partition("-")
    if not (start.isdigit() and end.isdigit()):
        raise BadInput(f"'{text[:40]}' is no span.", hint="From and to in characters: --span 0-12.")
    return [int(start), int(end)]

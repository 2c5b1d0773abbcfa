"""The commands of queues, suspects, decisions and examples."""

from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Dataset, Home, Json, Most, NoWait, Whose
from services.commands.terminal import do, do_study

Comment = Annotated[int | None, typer.Option(help="Its number.")]
Why = Annotated[str, typer.Option(help="In a sentence.")]


def add_commands(app: typer.Typer) -> None:
    """Put the four commands into the program."""
    for command in (queue, suspects, adjudicate, example):
        app.command()(command)


def queue(
    action: Annotated[str, typer.Argument(help="list, create, show, next or close.")] = "list",
    queue: Annotated[str | None, typer.Argument(help="The queue: queue-1.")] = None,
    dataset: Whose = None,
    name: Annotated[str, typer.Option(help="Of a new queue.")] = "",
    order: Annotated[
        str, typer.Option(help="oldest, random, diverse, learning, uncertain, disagreed, suspected or stale.")
    ] = "oldest",
    votes_needed: Annotated[
        int | None, typer.Option(help="Labels a comment gets; else as many as its dataset asks.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Labels given before do not count.")] = False,
    people: Annotated[str, typer.Option(help="Who may take it: ana,ben; else everybody.")] = "",
    blind: Annotated[bool, typer.Option(help="Show no author, label or score.")] = True,
    golden: Annotated[float, typer.Option(help="Share of decided comments mixed in unseen.")] = 0.0,
    repeats: Annotated[float, typer.Option(help="Share of texts answered before, mixed in.")] = 0.0,
    model: Annotated[str | None, typer.Option(help="Whose uncertainty.")] = None,
    contains: Annotated[str, typer.Option(help="Only comments with these words.")] = "",
    label: Annotated[str | None, typer.Option(help="Only comments with this label.")] = None,
    split: Annotated[str | None, typer.Option(help="Only of this split.")] = None,
    author: Annotated[str | None, typer.Option(help="Only of this author.")] = None,
    slice_name: Annotated[str | None, typer.Option("--slice", help="Only of this saved slice.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Of texts that are alike, one.")] = False,
    assigned: Annotated[
        bool, typer.Option("--assigned", help="Deal the comments out; else whoever comes takes one.")
    ] = False,
    suggest_by: Annotated[
        str | None, typer.Option(help="A model that says what it thinks, in a queue that is not blind.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random order.")] = 0,
    most: Annotated[int, typer.Option(min=0, help="Comments at most; 0 is all.")] = 0,
    wanted: Annotated[int, typer.Option(min=1, max=200, help="How many to hand out.")] = 5,
    show_all: Annotated[bool, typer.Option("--all", help="List closed queues too.")] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Named queues: list them, make one, see how far it is, take what comes next, or close it."""
    settings: dict[str, Any] = {
        "order": order, "again": again, "is_blind": blind, "golden_share": golden, "repeat_share": repeats,
        "model_id": model, "contains": contains, "label": label, "split": split, "author": author,
        "slice_name": slice_name, "once_per_text": once, "assigned": assigned, "suggest_by": suggest_by,
        "seed": seed, "most": most, "people": [name for name in people.split(",") if name],
    }  # fmt: skip
    if votes_needed is not None:
        settings["votes_needed"] = votes_needed
    given = {"action": action, "queue": queue, "dataset": dataset, "name": name, "wanted": wanted}
    made = settings if action == "create" else None
    do("queue", {**given, "settings": made, "show_all": show_all, "actor": actor}, home, as_json)


def suspects(
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", help="Look for them among its labels.")
    ] = None,
    dataset: Whose = None,
    folds: Annotated[int, typer.Option(help="Parts, each answered by what learned from the rest.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the parts.")] = 0,
    limit: Most = 20,
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find labels that may be wrong, the most suspicious first; nothing is changed or dropped."""
    given = {"snapshot": snapshot, "dataset": dataset, "actor": actor}
    if snapshot is None:
        do("suspects", {**given, "limit": limit}, home, as_json)
        return
    told = {**given, "folds": folds, "seed": seed}
    do_study("suspects", told, home, as_json, wait=not no_wait, reads=("suspects", "job"))


def adjudicate(
    dataset: Dataset,
    comment: Comment = None,
    label: Annotated[str | None, typer.Option(help="The decision.")] = None,
    why: Why = "",
    take_back: Annotated[bool, typer.Option("--take-back", help="Let its votes count again.")] = False,
    limit: Most = 5,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show disagreements side by side, or decide one as somebody who did not vote."""
    given = {"dataset": dataset, "comment": comment, "label": label, "why": why, "take_back": take_back}
    do("adjudicate", {**given, "limit": limit, "actor": actor}, home, as_json)


def example(
    dataset: Dataset,
    comment: Comment = None,
    label: Annotated[str | None, typer.Option(help="Else the label in force.")] = None,
    why: Why = "",
    out: Annotated[int | None, typer.Option(help="Take this example out.")] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the examples beside a guideline, or make a comment one."""
    given = {"dataset": dataset, "comment": comment, "label": label, "why": why, "out": out, "actor": actor}
    do("example", given, home, as_json)

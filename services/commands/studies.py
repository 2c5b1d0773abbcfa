"""The commands of experiments: tune, learning-curve, cross-validate and studies."""

from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Home, Json, NoWait, Pairs, Whose
from services.commands.terminal import do, do_study, number_or_text, pairs_of

Snapshot = Annotated[str, typer.Option("--snapshot", help="Its train and validation splits; never test.")]
RecipeOf = Annotated[str, typer.Option("--recipe", help="One that trains on this machine.")]
Metric = Annotated[str, typer.Option(help="macro_f1, weighted_f1, accuracy or recall.")]
Label = Annotated[str | None, typer.Option(help="Whose recall, with --metric recall.")]
Seed = Annotated[int, typer.Option(help="Of every draw.")]


def add_commands(app: typer.Typer) -> None:
    """Put the four commands into the program."""
    for command in (tune, learning_curve, cross_validate, studies):
        app.command()(command)


def tune(
    snapshot: Snapshot,
    recipe: RecipeOf = "baseline",
    trials: Annotated[int, typer.Option(min=1, help="Settings to try, the recipe's own first.")] = 20,
    metric: Metric = "macro_f1",
    label: Label = None,
    setting: Pairs = None,
    seed: Seed = 0,
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Search for better settings of a recipe; ends with the command that trains with them."""
    given = _plan(snapshot, recipe, setting, metric=metric, label=label, seed=seed, actor=actor)
    do_study("tune", {**given, "trials": trials}, home, as_json, wait=not no_wait)


def learning_curve(
    snapshot: Snapshot,
    recipe: RecipeOf = "baseline",
    repeats: Annotated[
        int, typer.Option(min=0, help="Draws of each share; else 3, and 1 of an encoder.")
    ] = 0,
    metric: Metric = "macro_f1",
    label: Label = None,
    setting: Pairs = None,
    seed: Seed = 0,
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Train on 10, 25, 50 and 100 % of the comments, and say whether to label more."""
    given = _plan(snapshot, recipe, setting, metric=metric, label=label, seed=seed, actor=actor)
    do_study("learning-curve", {**given, "repeats": repeats}, home, as_json, wait=not no_wait)


def cross_validate(
    snapshot: Snapshot,
    recipe: RecipeOf = "baseline",
    folds: Annotated[int, typer.Option(min=2, help="Parts, each answered once.")] = 5,
    metric: Metric = "macro_f1",
    label: Label = None,
    setting: Pairs = None,
    seed: Seed = 0,
    no_wait: NoWait = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Answer every comment of train and validation by a model that learned from the others."""
    given = _plan(snapshot, recipe, setting, metric=metric, label=label, seed=seed, actor=actor)
    do_study("cross-validate", {**given, "folds": folds}, home, as_json, wait=not no_wait)


def studies(
    study: Annotated[str | None, typer.Argument(help="One study, with what it found: job-3.")] = None,
    dataset: Whose = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List searches, learning curves and cross-validations, or look at one."""
    do("studies", {"study": study, "dataset": dataset}, home, as_json)


def _plan(snapshot: str, recipe: str, setting: list[str] | None, **rest: Any) -> dict[str, Any]:
    """What every study is told."""
    settings = {name: number_or_text(value) for name, value in pairs_of(setting).items()}
    return {"snapshot": snapshot, "recipe": recipe, "settings": settings, **rest}

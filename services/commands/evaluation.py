"""The commands that say how good a model is."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import ME, As, Home, Json, Most, Whose
from services.commands.terminal import do, pairs_of


def add_commands(app: typer.Typer) -> None:
    """Put them into the program."""
    app.command()(evaluate)
    app.command()(review)
    app.command()(compare)
    app.command()(thresholds)


def evaluate(
    run: str | None = None,
    model: str | None = None,
    snapshot: str | None = None,
    split: str = "test",
    predictions: Annotated[
        Path | None, typer.Option(help="A CSV, JSONL or Parquet file of any other system.")
    ] = None,
    gold: Annotated[str, typer.Option(help="Its column with the true label.")] = "label",
    predicted: Annotated[str, typer.Option(help="Its column with the predicted label.")] = "prediction",
    score: Annotated[str | None, typer.Option(help="Its column with a score.")] = None,
    spelling: Annotated[
        list[str] | None,
        typer.Option(help="WRITTEN=LABEL, where it writes a label otherwise; may be repeated."),
    ] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Every number of a run, or of a file of predictions, with its interval."""
    if predictions is not None:
        given: dict[str, Any] = {
            "path": str(predictions.resolve()),
            "gold": gold,
            "predicted": predicted,
            "score": score,
            "spellings": pairs_of(spelling),
        }
        do("evaluate-file", given, home, as_json)
        return
    given = {"run": run, "model": model, "snapshot": snapshot, "split": split, "actor": actor}
    do("evaluate", given, home, as_json)


def review(
    run: Annotated[str, typer.Option("--run")],
    comment: Annotated[int | None, typer.Option(help="Its number; else the misses not reviewed yet.")] = None,
    verdict: Annotated[
        str | None,
        typer.Option(help="model wrong, label wrong, guideline unclear, context missing, cannot be judged."),
    ] = None,
    label: Annotated[str | None, typer.Option(help="The right label, where the label was wrong.")] = None,
    why: Annotated[str, typer.Option(help="Why.")] = "",
    gold: Annotated[str | None, typer.Option(help="Only misses under this label.")] = None,
    predicted: Annotated[str | None, typer.Option(help="Only misses predicted as this label.")] = None,
    limit: Most = 20,
    similar: Annotated[bool, typer.Option("--similar", help="In groups by the words they share.")] = False,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read the misses of a run, or say what one of them means."""
    given: dict[str, Any] = {
        "run": run,
        "comment": comment,
        "verdict": verdict,
        "label": label,
        "why": why,
        "actor": actor,
    }
    given |= {"gold": gold, "predicted": predicted, "limit": limit, "similar": similar}
    do("review", given, home, as_json)


def compare(
    runs: Annotated[
        list[str], typer.Argument(help="The run before and the run after; or a reference and any others.")
    ],
    show: Annotated[
        str | None,
        typer.Option(
            help="List: fixed, broken, both_wrong or both_right; at an equal flag rate found_by_after,"
            " found_by_before, wronged_by_after or wronged_by_before."
        ),
    ] = None,
    equal_flag_rate: Annotated[
        bool, typer.Option("--equal-flag-rate", help="Let the run after flag as many as the run before.")
    ] = False,
    unwanted: Annotated[
        list[str] | None, typer.Option(help="A label that a flag stands for; may be repeated.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="How much less accurate still counts as not worse; 0.01 among three or more."),
    ] = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Runs on the same comments: what was gained and lost, and whether that can be told from noise."""
    given: dict[str, Any] = {"runs": runs, "show": show, "margin": margin, "actor": actor}
    do("compare", {**given, "equal_flag_rate": equal_flag_rate, "unwanted": unwanted}, home, as_json)


def thresholds(
    run: Annotated[str | None, typer.Option(help="A validation run; or name its model.")] = None,
    model: str | None = None,
    snapshot: str | None = None,
    unwanted: Annotated[
        list[str] | None, typer.Option(help="A label to flag; repeated, their scores are summed.")
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="recall-at-precision=0.9, cost=5, capacity=200, band=0.95,0.98, ...")
    ] = None,
    base_rate: Annotated[float | None, typer.Option(help="Share of real traffic that is unwanted.")] = None,
    volume: Annotated[float, typer.Option(help="Comments a day.")] = 10_000,
    seconds: Annotated[float, typer.Option(help="To read one comment.")] = 10,
    repair: Annotated[bool, typer.Option("--repair", help="Fit a temperature on validation first.")] = False,
    freeze: Annotated[bool, typer.Option("--freeze", help="Keep it, with --why.")] = False,
    why: str = "",
    report: Annotated[str | None, typer.Option(help="Tell once what this frozen one does on test.")] = None,
    dataset: Whose = None,
    actor: As = ME,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Choose a threshold on validation, freeze it, report it once on test; or list the frozen ones."""
    given: dict[str, Any] = {
        "run": run,
        "model": model,
        "snapshot": snapshot,
        "unwanted": unwanted,
        "rule": rule,
    }
    given |= {"base_rate": base_rate, "volume": volume, "seconds": seconds, "repair": repair}
    given |= {"freeze": freeze, "why": why, "report": report, "dataset": dataset, "actor": actor}
    do("thresholds", given, home, as_json)

"""The verbs that say how good a model is: evaluate, review, compare."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errors import BadInput, NotFound
from services.evaluation import clusters, comparing, files, flag_rates, lineup, reviews, set_reports
from services.evaluation.looks import note_look
from services.evaluation.similar import similar_misses
from services.modelling import models
from services.verbs.hosting import ending_of_run, prompt_of_run
from storage.database import Database


def evaluate_run(
    db: Database,
    *,
    actor: str,
    run: str | None = None,
    model: str | None = None,
    snapshot: str | None = None,
    split: str = "test",
) -> Any:
    """Every number of a run."""
    if run is None:
        run = run_of(db, model, snapshot, split)
    note_look(db, run, station="evaluate", actor=actor)
    found = set_reports.evaluate_either(db, run)
    shared = clusters.as_dict(None if isinstance(found, set_reports.SetEvaluation) else found.clustering)
    more = {
        "withheld": found.withheld,
        "clusters": shared,
        "ends": ending_of_run(db, run),
        "prompt": prompt_of_run(db, run),
    }
    return {**set_reports.as_dict(found), **more}


def evaluate_a_file(
    _db: Database,
    *,
    path: str,
    gold: str,
    predicted: str,
    score: str | None = None,
    spellings: dict[str, str] | None = None,
) -> Any:
    """Every number of a file of predictions."""
    return files.as_dict(
        files.evaluate_file(Path(path), gold=gold, predicted=predicted, score=score, spellings=spellings)
    )


def read_or_review(
    db: Database,
    *,
    run: str,
    actor: str,
    comment: int | None = None,
    verdict: str | None = None,
    label: str | None = None,
    why: str = "",
    gold: str | None = None,
    predicted: str | None = None,
    limit: int = 20,
    similar: bool = False,
) -> Any:
    """The misses of a run, one by one or in groups; or what one of them means."""
    if comment is None:
        note_look(db, run, station="review", actor=actor)
        if similar:
            groups = similar_misses(db, run, gold=gold, predicted=predicted)
            return [
                {
                    "words": list(group.words),
                    "misses": len(group.misses),
                    "first": [
                        {"comment_id": miss.comment.comment_id, "body": miss.comment.body}
                        for miss in group.misses[:3]
                    ],
                }
                for group in groups[:limit]
            ]
        return {
            "progress": reviews.progress(db, run),
            "misses": reviews.misses(db, run, gold=gold, predicted=predicted, reviewed=False, limit=limit),
        }
    if verdict is None:
        raise BadInput(
            f"What is the verdict on comment {comment}?", hint=f"One of {', '.join(reviews.VERDICTS)}."
        )
    client_id = f"command:{uuid4()}"
    reviews.review(
        db,
        run_id=run,
        comment_id=comment,
        verdict=verdict,
        label=label,
        why=why,
        client_id=client_id,
        actor=actor,
    )
    return {"run_id": run, "comment_id": comment, "verdict": verdict, "label": label}


def compare_them(
    db: Database,
    *,
    runs: list[str],
    actor: str,
    show: str | None = None,
    equal_flag_rate: bool = False,
    unwanted: list[str] | None = None,
    margin: float | None = None,
) -> Any:
    """Two runs on the same comments, by their labels or where both flag the same share; or any number.

    Three or more, or a margin, make a lineup, in which the first one named is the reference.
    """
    if len(runs) < 2:
        raise BadInput(f"{len(runs)} run cannot be compared.", hint="Name two runs or more.")
    if len(runs) > 2 and (show or equal_flag_rate):
        raise BadInput(
            f"{len(runs)} runs have no comments to list and no flag rate.", hint="Name two runs for that."
        )
    for run in runs:
        note_look(db, run, station="compare", actor=actor)
    if len(runs) > 2 or margin is not None:
        found = lineup.line_up(db, runs)
        return lineup.as_dict(found, runs[0], lineup.MARGIN if margin is None else margin)
    before, after = runs
    if equal_flag_rate:
        rates = flag_rates.equal_flag_rate(db, before, after, unwanted=unwanted)
        return flag_rates.differing(db, rates, show) if show else flag_rates.as_dict(rates)
    if show is not None:
        return comparing.changed(db, before, after, show)
    return comparing.as_dict(comparing.compare_runs(db, before, after))


def run_of(db: Database, model: str | None, snapshot: str | None, split: str) -> str:
    """The model's newest run on that split.

    Raises:
        BadInput: no model is named.
        NotFound: it has not answered that split.
    """
    if model is None:
        raise BadInput(
            "Evaluate what?", hint="Give --run RUN, or --model MODEL [--snapshot S] [--split test]."
        )
    runs = models.list_runs(db, model_id=model, snapshot_id=snapshot, split=split)
    if not runs:
        raise NotFound(
            f"{model} has not predicted the {split} split of {snapshot or 'any snapshot'}.",
            hint="Let it: predict --model MODEL --snapshot SNAPSHOT --split SPLIT.",
        )
    return runs[0].run_id


VERBS: dict[str, Callable[..., Any]] = {
    "evaluate": evaluate_run,
    "evaluate-file": evaluate_a_file,
    "review": read_or_review,
    "compare": compare_them,
}

"""The learning curve of a recipe: what 10, 25, 50 and 100 % of the training comments reach on validation.

    python -m services.jobs.learning_curve FOLDER

FOLDER holds spec.json and inputs/comments.parquet. The script leaves study.json, rewritten after each
training, and keeps finished ones in work/ until the end; what work/ holds is not done again. The test split
is never read.
"""

import sys
import time
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import pyarrow as pa

from domain.errors import BadInput
from services.evaluation.curves import curve_of, verdict_of
from services.jobs.files.study_file import finish_study, write_study
from services.jobs.opponents.opponents import measured
from services.jobs.process.parts import FIT, JobPart, done_once
from services.jobs.process.worker import RunningJob, run
from services.jobs.rows.first_look import check_training_rows
from services.jobs.rows.groups import groups_of, stratified_order
from services.jobs.studies.attempt import Attempt
from services.jobs.studies.attempts import Config, fit_and_answer, learned_and_watched
from services.modelling.settings import BaselineSettings, read_settings
from services.modelling.studies.plans import SHARES, CurvePlan


def learning_curve(job: RunningJob) -> None:
    """The whole learning curve, top to bottom."""
    # 1. What to fit, on which comments, and in which order they are drawn.
    plan = read_settings(CurvePlan, job.spec["settings"])
    config, objective = plan.config(), plan.objective()
    rows, validation = learned_and_watched(job)
    labels, gold = rows["label"].to_pylist(), validation["label"].to_pylist()
    objective.value_of(measured(gold, gold))  # refuses a label that nobody could recall
    groups = groups_of(job, rows, plan.group_by)
    orders = [stratified_order(labels, groups.of, plan.seed + repeat) for repeat in range(plan.draws)]

    # 2. One training after the other, the small ones first.
    runs: list[dict[str, Any]] = []
    skipped: list[str] = []
    wanted = wanted_runs(config, plan.draws)
    whole, begun = sum(share for share, _ in wanted), 0.0
    for share, repeat in wanted:
        job.pause_if_asked()
        part = JobPart(
            job, shares=(begun / whole, (begun + share) / whole), told=f"{share:.0%}, draw {repeat + 1}"
        )
        begun += share
        drawn = rows.filter(pa.array(orders[repeat] <= share))
        try:
            check_training_rows(drawn["label"].to_pylist())
        except BadInput as error:
            skipped.append(f"{share:.0%}, draw {repeat + 1}: {error}")
            continue
        part.progress(0.0, f"{drawn.num_rows:,} comments.")
        folder = job.folder.path / "work" / f"point-{share:g}-{repeat}"
        attempt = Attempt(drawn, validation, validation, folder / FIT)
        repeated = replace(config, seed=config.seed + repeat)
        found = done_once(folder, partial(one_run, part, repeated, attempt))
        runs.append({"share": share, "draw": repeat, "learned": drawn.num_rows, **found})
        points = curve_of(objective, gold, runs)
        job.metric(stage="curve", done=points[-1].learned, value=points[-1].value)
        write_study(job, plan, {"points": [asdict(one) for one in points], "groups": groups.told})

    # 3. Label more, or stop.
    verdict = verdict_of(objective, gold, runs)
    finish_study(
        job,
        plan,
        {
            "points": [asdict(one) for one in curve_of(objective, gold, runs)],
            "gain": verdict.gain and asdict(verdict.gain),
            "verdict": verdict.name,
            "skipped": skipped,
            "groups": groups.told,
            "rows": {"learned": rows.num_rows, "measured": len(gold)},
        },
        sentence=verdict.sentence,
    )


def wanted_runs(config: Config, draws: int) -> list[tuple[float, int]]:
    """Each share with each draw; a baseline on all comments is the same each time, and is fitted once."""
    once = isinstance(config, BaselineSettings)
    return [(share, draw) for share in SHARES for draw in range(1 if once and share == 1.0 else draws)]


def one_run(part: RunningJob, config: Config, attempt: Attempt) -> dict[str, Any]:
    """What a model fitted on these comments answers to validation."""
    started = time.monotonic()
    answers = fit_and_answer(part, config, attempt)
    return {"answers": answers, "seconds": round(time.monotonic() - started, 3)}


if __name__ == "__main__":
    sys.exit(run(learning_curve))

"""Cross-validate a recipe: each comment of train and validation is answered by a model that never saw it.

    python -m services.jobs.cross_validate FOLDER

FOLDER holds spec.json and inputs/comments.parquet. The script leaves study.json, rewritten after each fold,
and keeps finished folds in work/ until the end; what work/ holds is not done again. The test split is never
read.
"""

import statistics
import sys
import time
from collections import Counter
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from domain.errors import BadInput
from services.evaluation.objectives import Objective
from services.jobs.files.study_file import finish_study, write_study
from services.jobs.opponents.opponents import measured
from services.jobs.process.parts import FIT, JobPart, done_once
from services.jobs.process.worker import RunningJob, run
from services.jobs.rows.first_look import check_training_rows
from services.jobs.rows.groups import Groups, groups_of, stratified_order
from services.jobs.studies.attempt import Attempt
from services.jobs.studies.attempts import Config, fit_and_answer
from services.modelling.settings import EncoderSettings, read_settings
from services.modelling.studies.plans import FoldPlan

WATCHED_SHARE = 0.125  # of a fold's training comments, by which an encoder's checkpoint is chosen

Places = NDArray[np.int64]


def cross_validate(job: RunningJob) -> None:
    """The whole cross-validation, top to bottom."""
    # 1. What to fit, on which comments, and which of them belong together.
    plan = read_settings(FoldPlan, job.spec["settings"])
    config, objective = plan.config(), plan.objective()
    rows = job.comments(["train", "validation"])
    check_training_rows(rows["label"].to_pylist())
    groups = groups_of(job, rows, plan.group_by)
    refuse_too_few(rows, groups, plan.folds)

    # 2. One fold after the other.
    folds: list[dict[str, Any]] = []
    for number, (learned, asked) in enumerate(parts(rows, groups, plan.folds, seed=plan.seed), start=1):
        job.pause_if_asked()
        shares = ((number - 1) / plan.folds, number / plan.folds)
        part = JobPart(job, shares=shares, told=f"Fold {number} of {plan.folds}")
        part.progress(0.0, "begins.")
        folder = job.folder.path / "work" / f"fold-{number}"
        fitted, watched = rows.take(learned), rows.slice(0, 0)
        if isinstance(config, EncoderSettings):
            fitted, watched = held_back(fitted, groups.of[learned], seed=plan.seed)
        attempt = Attempt(fitted, watched, rows.take(asked), folder / FIT)
        fold = done_once(folder, partial(one_fold, part, config, attempt, objective))
        folds.append({"fold": number, **fold})
        job.metric(stage="folds", done=number, value=fold["value"])
        write_study(job, plan, {"folds": folds, "groups": groups.told})

    # 3. What they have in common.
    values = [fold["value"] for fold in folds if fold["value"] is not None]
    mean, spread = statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0
    title = f"{objective.title[0].upper()}{objective.title[1:]}"
    told = (
        f"{title} {mean:.3f} on average over {len(values)} folds, from {min(values):.3f} to "
        f"{max(values):.3f} (standard deviation {spread:.3f}). That is the spread between folds, no "
        f"confidence interval: their trainings share comments. {groups.told} The test split was not touched."
    )
    found = {"folds": folds, "groups": groups.told, "mean": mean, "stdev": spread}
    finish_study(job, plan, found, sentence=told)


def refuse_too_few(rows: pa.Table, groups: Groups, folds: int) -> None:
    """Refuse what cannot be parted so that every fold has every label.

    Raises:
        BadInput: a label has fewer groups than there are folds.
    """
    pairs = set(zip(rows["label"].to_pylist(), groups.of.tolist(), strict=True))
    for label, count in sorted(Counter(label for label, _ in pairs).items()):
        if count < folds:
            raise BadInput(
                f"The comments labelled '{label}' form {count} groups, too few for {folds} folds.",
                hint="Label more of them, by other authors, or take fewer folds.",
            )


def parts(rows: pa.Table, groups: Groups, folds: int, *, seed: int) -> list[tuple[Places, Places]]:
    """Places to learn from and to ask, once per fold; labels are spread evenly, groups are whole."""
    labels = np.array(rows["label"].to_pylist(), dtype=object)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(labels)), labels, groups.of))


def held_back(rows: pa.Table, of: Places, *, seed: int) -> tuple[pa.Table, pa.Table]:
    """The training comments of a fold in two: to learn from, and to choose an encoder's checkpoint by.

    Were it chosen by the comments asked, they would have a part in the model that is asked about them.
    """
    watched = pa.array(stratified_order(rows["label"].to_pylist(), of, seed) < WATCHED_SHARE)
    return rows.filter(pc.invert(watched)), rows.filter(watched)


def one_fold(part: RunningJob, config: Config, attempt: Attempt, objective: Objective) -> dict[str, Any]:
    """What a model fitted on the fold's comments answers to the others, in numbers."""
    started = time.monotonic()
    gold = attempt.asked["label"].to_pylist()
    found = measured(gold, fit_and_answer(part, config, attempt), resamples=500)
    try:
        value = asdict(objective.value_of(found))
    except BadInput:  # no comment of this fold has the label whose recall is wanted
        value = {"value": None, "low": None, "high": None}
    return {
        **value,
        "accuracy": found.accuracy.value,
        "macro_f1": found.macro_f1.value,
        "weighted_f1": found.weighted_f1.value,
        "recall": {one.label: one.recall and one.recall.value for one in found.classes if one.support},
        "learned": attempt.rows.num_rows,
        "asked": len(gold),
        "seconds": round(time.monotonic() - started, 3),
    }


if __name__ == "__main__":
    sys.exit(run(cross_validate))

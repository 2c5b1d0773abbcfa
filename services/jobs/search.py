"""Search for better settings of a recipe: each trial learns from train and is measured on validation.

    python -m services.jobs.search FOLDER

FOLDER holds spec.json and inputs/comments.parquet. The script leaves study.json, rewritten after each trial,
and keeps its trials in work/ until the end; where work/ holds some already, it goes on from there. The test
split is never read.
"""

import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from services.evaluation.intervals import Estimate
from services.evaluation.objectives import Objective, gain, least_doubt, resampled_means
from services.jobs.files.study_file import finish_study, write_study
from services.jobs.opponents.opponents import measured
from services.jobs.process.folder import write_whole
from services.jobs.process.parts import FIT, JobPart
from services.jobs.process.worker import RunningJob, run
from services.jobs.studies.attempt import Attempt
from services.jobs.studies.attempts import fit_and_answer, learned_and_watched
from services.jobs.studies.trials import Report, Trial, importance, run_trials
from services.modelling.settings import read_settings
from services.modelling.studies.plans import SearchPlan
from services.modelling.studies.search_spaces import inside, space_of


def search(job: RunningJob) -> None:
    """The whole search, top to bottom."""
    # 1. What to vary, and on which comments.
    plan = read_settings(SearchPlan, job.spec["settings"])
    config, objective = plan.config(), plan.objective()
    rows, validation = learned_and_watched(job)
    gold, work = validation["label"].to_pylist(), job.folder.path / "work"
    objective.value_of(measured(gold, gold))  # refuses a label that nobody could recall

    # 2. One trial after the other. What an earlier try has finished is not done again.
    def ask(number: int, chosen: dict[str, Any], report: Report) -> Estimate:
        job.pause_if_asked()
        shares = ((number - 1) / plan.trials, number / plan.trials)
        part = JobPart(job, shares=shares, told=f"Trial {number} of {plan.trials}")
        part.progress(0.0, "begins.")
        attempt = Attempt(rows, validation, validation, work / f"trial-{number}" / FIT)
        answers = fit_and_answer(
            part,
            replace(config, **chosen),
            attempt,
            heard=lambda step, found: report(step, objective.value_of(found).value),
        )
        write_whole(work / f"answers-{number}.json", json.dumps(answers))
        return objective.value_of(measured(gold, answers, resamples=500))

    def told(trials: list[Trial]) -> None:
        last, best = trials[-1], best_of(trials)
        shutil.rmtree(work / f"trial-{last.number}", ignore_errors=True)
        job.metric(
            stage="trials",
            done=last.number,
            value=last.value,
            best=best.value if best else None,
            state=last.state,
        )
        write_study(job, plan, {"trials": [asdict(one) for one in trials]})

    trials = run_trials(
        work / "trials.db",
        ask,
        space=space_of(config),
        first=inside(space_of(config), asdict(config)),
        trials=plan.trials,
        seed=plan.seed,
        told=told,
    )

    # 3. What was found.
    best = best_of(trials)
    assert best is not None  # else run_trials had raised
    won = gain_between(work, objective, gold, (trials[0], best))
    changed = {name: value for name, value in best.settings.items() if value != getattr(config, name)}
    finish_study(
        job,
        plan,
        {
            "trials": [asdict(one) for one in trials],
            "best": {"trial": best.number, "settings": {**plan.settings, **changed}},
            "gain": won and asdict(won),
            "importance": importance(work / "trials.db"),
            "rows": {"learned": rows.num_rows, "measured": len(gold)},
        },
        sentence=sentence_of(objective.title, trials, best, won),
    )


def best_of(trials: list[Trial]) -> Trial | None:
    """The trial that reached most; of equal ones the first, which is nearer to the recipe."""
    finished = [one for one in trials if one.state == "finished" and one.value is not None]
    return max(finished, key=lambda one: one.value or 0.0, default=None)


def gain_between(
    work: Path, objective: Objective, gold: list[str], two: tuple[Trial, Trial]
) -> Estimate | None:
    """What the second trial reached beyond the first, comment by comment; None where one did not answer."""
    files = [work / f"answers-{trial.number}.json" for trial in two]
    if not all(file.exists() for file in files):
        return None
    before, after = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    labels = sorted({*gold, *before, *after})
    drawn = [resampled_means(objective, gold, [run], labels=labels) for run in (before, after)]
    return gain(drawn[0], drawn[1], doubt=least_doubt(objective, gold))


def sentence_of(title: str, trials: list[Trial], best: Trial, won: Estimate | None) -> str:
    """What the search found, and how far to believe it."""
    told = f"{title} {best.value:.3f} (95 % interval {best.low:.3f} to {best.high:.3f}) on validation"
    if best.number == 1:
        return f"None of {len(trials)} trials beat the recipe's own settings: {told}."
    beside = (
        ""
        if won is None
        else (f"; {won.value:+.3f} ({won.low:+.3f} to {won.high:+.3f}) beside the recipe's own settings")
    )
    return (
        f"Trial {best.number} of {len(trials)} is the best: {told}{beside}. The best of many flatters: it "
        "was chosen by these very comments. Train with it and look at the test split, which no trial saw."
    )


if __name__ == "__main__":
    sys.exit(run(search))

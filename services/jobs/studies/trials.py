"""Trials of a search: settings are proposed, tried, and kept in SQLite, so that a broken search goes on.

The sampler is Optuna's tree of Parzen estimators, drawn anew for each trial from the seed and the number of
trials before it: a search that was broken off proposes what an unbroken one would have.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from domain.errors import BackendError, BadInput
from services.evaluation.intervals import Estimate
from services.modelling.studies.search_spaces import Choice, Space, Span

Report = Callable[[int, float], None]
Ask = Callable[[int, dict[str, Any], Report], Estimate]

UNPRUNED_TRIALS, UNPRUNED_STEPS = 4, 1  # a trial is given up on only beside so many, after so many reports
IMPORTANCE_FROM = 8  # finished trials; fewer say nothing about what matters
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)

optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True)
class Trial:
    """One trial that has ended.

    Attributes:
        number: From 1, in the order of the search.
        settings: Those that the search varies.
        state: "finished", "given up" on the way because it was below the median, or "failed".
        value: What was reached, in [0, 1], with its interval; None where it failed, and without an interval
            where it was given up.
        seconds: It took.
        message: Why it failed.
    """

    number: int
    settings: dict[str, Any]
    state: str
    value: float | None
    low: float | None
    high: float | None
    seconds: float
    message: str = ""


def run_trials(
    file: Path,
    ask: Ask,
    *,
    space: Space,
    first: dict[str, Any],
    trials: int,
    seed: int = 0,
    told: Callable[[list[Trial]], None] = lambda _: None,
) -> list[Trial]:
    """Try settings until there are so many trials, each better informed by those before; MORE IS BETTER.

    Args:
        file: Where trials are kept; those it holds already are not done again.
        ask: Number of the trial, settings, and a function that is told of values on the way: what was
            reached. That function may end the trial.
        space: Where to look.
        first: Settings that are tried first, as far as the space holds them.
        trials: How many in all.
        seed: Of the proposals.
        told: Called after each trial with all so far.

    Raises:
        BadInput, BackendError: every trial failed; the last one's error.
    """
    study = _open(file)
    _forget_broken(study)
    found = list_trials(study)
    if not found and not study.get_trials(states=[TrialState.WAITING]):
        study.enqueue_trial(first)
    where = {name: _distribution(each) for name, each in space.items()}
    last: BadInput | BackendError | None = None
    while len(found) < trials:
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(found))
        last = _run_one(study, study.ask(where), ask, number=len(found) + 1) or last
        found = list_trials(study)
        told(found)
    if last is not None and all(one.state == "failed" for one in found):
        raise last
    return found


def importance(file: Path) -> dict[str, float]:
    """How much of the differences each setting explains, largest first, summing to 1; empty for few trials.

    Source: Watanabe, Bansal and Hutter (2023), PED-ANOVA, arXiv:2304.10255.
    """
    study = _open(file)
    values = {trial.value for trial in study.get_trials(states=[TrialState.COMPLETE])}
    if len(values) < 2 or len(study.get_trials(states=[TrialState.COMPLETE])) < IMPORTANCE_FROM:
        return {}
    found = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
    )
    return {name: float(share) for name, share in found.items()}


def list_trials(study: optuna.Study) -> list[Trial]:
    """The trials that have ended, oldest first; one that was broken off is none."""
    ended = [one for one in study.get_trials(states=_ENDED) if "seconds" in one.user_attrs]
    return [_as_trial(number, one) for number, one in enumerate(ended, start=1)]


def _open(file: Path) -> optuna.Study:
    file.parent.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        study_name="search",
        storage=f"sqlite:///{file}",
        load_if_exists=True,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(UNPRUNED_TRIALS, UNPRUNED_STEPS),
    )


def _forget_broken(study: optuna.Study) -> None:
    """What was under way when the process was killed is proposed anew; it noted no `seconds` at its end."""
    for one in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(one.number, state=TrialState.FAIL)


def _run_one(
    study: optuna.Study, trial: optuna.Trial, ask: Ask, *, number: int
) -> BadInput | BackendError | None:
    """Settings that cannot be trained are a failed trial, not the end of the search."""
    begun = time.monotonic()

    def report(step: int, value: float) -> None:
        trial.report(value, step)
        if trial.should_prune():
            raise optuna.TrialPruned

    def note(**facts: float | str) -> None:
        for name, value in {**facts, "seconds": round(time.monotonic() - begun, 3)}.items():
            trial.set_user_attr(name, value)

    try:
        found = ask(number, trial.params, report)
    except optuna.TrialPruned:
        note()
        study.tell(trial, state=TrialState.PRUNED)
    except (BadInput, BackendError) as error:
        note(message=str(error))
        study.tell(trial, state=TrialState.FAIL)
        return error
    else:
        note(low=found.low, high=found.high)
        study.tell(trial, found.value)
    return None


def _as_trial(number: int, one: FrozenTrial) -> Trial:
    states = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "given up", TrialState.FAIL: "failed"}
    noted = one.user_attrs
    return Trial(
        number=number,
        settings=dict(one.params),
        state=states[one.state],
        value=None if one.state == TrialState.FAIL else one.value,
        low=noted.get("low"),
        high=noted.get("high"),
        seconds=noted["seconds"],
        message=noted.get("message", ""),
    )


def _distribution(where: Span | Choice) -> BaseDistribution:
    if isinstance(where, Choice):
        return CategoricalDistribution(where.values)
    if where.whole:
        return IntDistribution(int(where.low), int(where.high), log=where.log)
    return FloatDistribution(where.low, where.high, log=where.log)

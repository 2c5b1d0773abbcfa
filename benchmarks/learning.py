"""learn: labels that a learning queue needs for what random order reaches, on real comments, five seeds."""

import random
from collections.abc import Iterator, Sequence
from statistics import mean

import numpy as np

from benchmarks.figures import Figure
from benchmarks.labelled import labelled_rows
from benchmarks.workshop import Workshop
from services.evaluation.objectives import Objective, value_of_run
from services.jobs.learn_queue import CONFIG, lead_of
from services.jobs.process.worker import RunningJob
from services.jobs.train_baseline import fit_baseline
from services.labelling.learning import EVERY

SEEDS = 5
_START = 100
_MOST_SHARE = 0.7  # of random order's labels: the aim, and whether it is the order of a new queue
_SMOOTHED = 3  # rounds whose mean is a point: one round more or less must not decide

Rows = Sequence[tuple[str, str]]


class _Quiet(RunningJob):
    """A job without a folder: nobody follows it."""

    def __init__(self) -> None:
        self.spec = {}

    def progress(self, share: float, message: str, *, seconds_left: float | None = None) -> None:
        """Told to nobody."""

    def metric(self, **numbers: float | str | None) -> None:
        """Kept by nobody."""


def figures(shop: Workshop) -> Iterator[Figure]:
    """Labels that learning order takes for the macro-F1 that random order ends with, as a share of its."""
    rows = labelled_rows()
    size = min(6_000, max(shop.rows, 500), 2 * len(rows) // 3)
    most = min(1_000, size // 3)
    shares, ends = [], []
    for seed in range(SEEDS):
        drawn = random.Random(seed).sample(rows, min(len(rows), size + 3_000))
        pool, asked = drawn[:size], drawn[size:]
        random_order = _smooth(_curve(pool, asked, most, learns=False))
        learning = _smooth(_curve(pool, asked, most, learns=True))
        goal = random_order[-1]
        needed = next((place for place, value in enumerate(learning) if value >= goal), None)
        labels = most if needed is None else _START + (needed + _SMOOTHED - 1) * EVERY
        shares.append(labels / most)
        ends.append((goal, learning[-1], labels))
    told = "; ".join(f"{labels:,} for {goal:.3f}, {end:.3f} with all" for goal, end, labels in ends)
    yield Figure(
        f"learn: labels for the macro-F1 of {most:,} at random",
        100 * mean(shares),
        "%",
        limit=100 * _MOST_SHARE,
        aim="at most 70 % of random order's labels",
        parts=f"{size:,} comments wait, {SEEDS} seeds, a round every {EVERY}: {told}",
    )


def _curve(pool: Rows, asked: Rows, most: int, *, learns: bool) -> list[float]:
    """Macro-F1 on comments that nobody labels, after each round."""
    gold = [label for _, label in asked]
    names = sorted({label for _, label in [*pool, *asked]})
    done, waiting, values = list(range(_START)), list(range(_START, len(pool))), []
    while True:
        model = fit_baseline(_Quiet(), CONFIG, [pool[n][0] for n in done], [pool[n][1] for n in done])
        answers = model.predict([text for text, _ in asked]).labels
        values.append(value_of_run(Objective("macro_f1"), gold, [str(one) for one in answers], labels=names))
        if len(done) + EVERY > most:
            return values
        if learns:
            leads = lead_of(model.scores([pool[n][0] for n in waiting]))
            waiting = [waiting[place] for place in np.argsort(leads, kind="stable")]
        done, waiting = done + waiting[:EVERY], waiting[EVERY:]


def _smooth(values: list[float]) -> list[float]:
    return [mean(values[place : place + _SMOOTHED]) for place in range(len(values) - _SMOOTHED + 1)]

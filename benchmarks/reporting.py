"""report: all that is said of a million scored answers, beside scikit-learn; and five models compared."""

import subprocess
import sys
from collections.abc import Iterator
from statistics import median

import numpy as np
from sklearn import metrics
from sklearn.calibration import calibration_curve

from benchmarks.evaluating import add_run, freeze, seconds_of
from benchmarks.figures import Figure
from benchmarks.workshop import Workshop
from services.evaluation.calibration import BINS, brier, brier_over_labels, reliability
from services.evaluation.class_curves import (
    average_precision,
    precision_recall_curve,
    ranked,
    roc_area,
    roc_curve,
)
from services.evaluation.confusion import ConfusionTable
from services.evaluation.lineup import line_up
from services.evaluation.metrics import report
from storage.database import Database, connect

_MODELS = 5
_TIMES = 5
_REPORT_S, _COMPARE_S, _RATIO = 3.0, 5.0, 1.5

# A process of its own, so that nothing is loaded, read or cached before the clock starts.
_COLD = """
import sys, time
started = time.perf_counter()
from pathlib import Path
from services.reporting.facts import report_facts
from services.reporting.files import report_file
from services.reporting.report import model_report
from storage.database import connect
loaded = time.perf_counter()
db = connect(Path(sys.argv[1]))
report = model_report(db, sys.argv[2])
made = time.perf_counter()
report_file(report_facts(report), "html")
print(loaded - started, made - loaded, time.perf_counter() - made)
"""


def figures(shop: Workshop) -> Iterator[Figure]:
    """Seconds of the report, cold and as arithmetic on arrays; then of five models, each against each."""
    home = shop.home(shop.rows)
    db = connect(home)
    snapshot = freeze(db)
    scores = [_scores(_gold(db, snapshot.snapshot_id), seed) for seed in range(_MODELS)]
    runs = [add_run(db, snapshot, each) for each in scores]
    gold = _gold(db, snapshot.snapshot_id)
    db.close()
    command = [sys.executable, "-c", _COLD, str(home), runs[0]]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    load, made, written = map(float, told)
    yield Figure(
        f"report on {shop.rows:,} answers, new process", load + made + written, "s",
        limit=_REPORT_S, aim=f"under {_REPORT_S:g} s",
        parts=f"load {load:.2f} s, open the database and count {made:.2f} s, write HTML {written:.2f} s",
    )  # fmt: skip
    yield _on_arrays(gold, scores[0])
    yield _compared(home, runs)


def _gold(db: Database, snapshot_id: str) -> np.ndarray:
    """1 where the frozen label is the second one, in the order of comment_id."""
    with db.reading() as cursor:
        return cursor.execute(
            "SELECT CAST(label = 'disallow' AS BIGINT) AS gold FROM snapshot_rows WHERE snapshot_id = $id"
            " ORDER BY comment_id",
            {"id": snapshot_id},
        ).fetchnumpy()["gold"]


def _scores(gold: np.ndarray, seed: int) -> np.ndarray:
    """Probabilities of a model that is right about nine times in ten."""
    draw = np.random.default_rng(seed)
    odds = 2 * gold - 2.2 + draw.normal(size=gold.size)
    unwanted = 1 / (1 + np.exp(-odds))
    return np.stack([1 - unwanted, unwanted], axis=1).astype(np.float32).astype(np.float64)


def _on_arrays(gold: np.ndarray, scores: np.ndarray) -> Figure:
    """Ours, with every interval and band, and scikit-learn's plain functions, by turns on the same arrays."""
    named, unwanted = scores.argmax(axis=1), np.ascontiguousarray(scores[:, 1])
    ours, theirs = [], []
    for _ in range(_TIMES):
        ours.append(seconds_of(lambda: _ours(gold, named, scores)))
        theirs.append(seconds_of(lambda: _theirs(gold, named, unwanted)))
    return Figure(
        f"report on {gold.size:,} answers, arrays", median(ours), "s",
        limit=_RATIO * median(theirs), aim=f"at most {_RATIO:g} times",
        rival=median(theirs), rival_name="scikit-learn, no intervals",
        parts=f"ours {min(ours):.2f} to {max(ours):.2f} s, theirs {min(theirs):.2f} to {max(theirs):.2f} s",
    )  # fmt: skip


def _ours(gold: np.ndarray, named: np.ndarray, scores: np.ndarray) -> None:
    counts = np.bincount(gold * 3 + named, minlength=6).reshape(2, 3)
    report(ConfusionTable(("allow", "disallow"), counts))
    positive = gold == 1
    found = ranked(scores[:, 1], positive)
    for measure in (average_precision, roc_area, precision_recall_curve, roc_curve):
        measure(found)
    reliability(scores[:, 1], positive)
    brier(scores[:, 1], positive)
    brier_over_labels(scores, gold)


def _theirs(gold: np.ndarray, named: np.ndarray, unwanted: np.ndarray) -> None:
    metrics.confusion_matrix(gold, named)
    for average in (None, "macro", "weighted"):
        metrics.precision_recall_fscore_support(gold, named, average=average)
    metrics.accuracy_score(gold, named)
    metrics.balanced_accuracy_score(gold, named)
    metrics.matthews_corrcoef(gold, named)
    metrics.average_precision_score(gold, unwanted)
    metrics.roc_auc_score(gold, unwanted)
    metrics.precision_recall_curve(gold, unwanted)
    metrics.roc_curve(gold, unwanted)
    metrics.brier_score_loss(gold, unwanted)
    calibration_curve(gold, unwanted, n_bins=BINS, strategy="quantile")


def _compared(home: object, runs: list[str]) -> Figure:
    db = connect(home)
    try:
        taken = seconds_of(lambda: line_up(db, runs))
    finally:
        db.close()
    pairs = len(runs) * (len(runs) - 1) // 2
    return Figure(
        f"compare {len(runs)} models, {pairs} pairs, Holm", taken, "s",
        limit=_COMPARE_S, aim=f"under {_COMPARE_S:g} s", parts="with the paired bootstrap of macro F1",
    )  # fmt: skip

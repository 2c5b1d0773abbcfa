"""What the scores of one run say of one label: its curves, its calibration, and what a repair would bring."""

from dataclasses import dataclass

import numpy as np

from domain.errors import BadInput
from services.evaluation.calibration import Calibration, calibration_of
from services.evaluation.class_curves import (
    Area,
    Curve,
    average_precision,
    precision_recall_curve,
    ranked,
    roc_area,
    roc_curve,
)
from services.evaluation.intervals import Estimate
from services.evaluation.repair import Repair, repairs
from services.evaluation.scored import PROBABILITIES, Scored, score_of, scored_run
from storage.database import Database
from storage.models import list_runs


@dataclass(frozen=True, eq=False)
class ScoreReport:
    """One label against the rest.

    Attributes:
        positives, negatives, unscored: Comments of the label, others, and those of either without a score.
        calibration: None where the scores claim to be no probabilities; `not_calibrated` says so.
        repairs: Of a test run, repairs fitted on the validation run of the same model; empty without one.
    """

    label: str
    positives: int
    negatives: int
    unscored: int
    precision_recall: Curve
    average_precision: Estimate
    roc: Curve
    area: Area
    calibration: Calibration | None
    not_calibrated: str
    repairs: tuple[Repair, ...]


def score_report(db: Database, run_id: str, label: str) -> ScoreReport:
    """The curves and the calibration of one label in one run.

    Raises:
        NotFound: there is no such run.
        BadInput: the run has no scores, the model no such label, or only one kind of comment occurs.
    """
    scored = scored_run(db, run_id)
    return report_scores(scored, label, validation=validation_of(db, scored))


def validation_of(db: Database, scored: Scored) -> Scored | None:
    """The validation run beside a test run of probabilities, to fit repairs on; None without one."""
    run = scored.run
    if run.split != "test" or run.score_kind not in PROBABILITIES:
        return None
    siblings = list_runs(db, model_id=run.model_id, snapshot_id=run.snapshot_id, split="validation")
    return scored_run(db, siblings[0].run_id) if siblings else None


def comments_near(scored: Scored, label: str, low: float, high: float, *, most: int = 10) -> list[int]:
    """Numbers of the comments whose score for a label is between two scores, the highest first.

    Where the two are the same, a threshold, those next to it on either side; at most so many in all.
    """
    scores, _ = score_of(scored, (label,))
    known = np.flatnonzero(~np.isnan(scores))
    falling = known[np.argsort(-scores[known], kind="stable")]
    first = int(np.searchsorted(-scores[falling], -high, side="left"))
    last = int(np.searchsorted(-scores[falling], -low, side="right"))
    if low == high:
        first, last = max(0, last - most // 2), last + most // 2
    else:
        last = min(last, first + most)
    return [int(number) for number in scored.comment_ids[falling[first:last]]]


def report_scores(scored: Scored, label: str, *, validation: Scored | None = None) -> ScoreReport:
    """The curves and the calibration of one label.

    Args:
        validation: Answers of the same model that repairs are fitted on; None for none.

    Raises:
        BadInput: the model has no such label, or only one kind of comment occurs.
    """
    found = ranked(*score_of(scored, (label,)))
    try:
        calibration, refusal = calibration_of(scored, (label,)), ""
    except BadInput as error:  # curves need a ranking only, and are shown all the same
        calibration, refusal = None, f"{error} {error.hint}"
    mended = repairs(validation, scored, (label,)) if validation is not None and calibration else ()
    return ScoreReport(
        label=label,
        positives=found.positives,
        negatives=found.negatives,
        unscored=found.unscored,
        precision_recall=precision_recall_curve(found),
        average_precision=average_precision(found),
        roc=roc_curve(found),
        area=roc_area(found),
        calibration=calibration,
        not_calibrated=refusal,
        repairs=mended,
    )

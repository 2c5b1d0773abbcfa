"""A report as JSON can carry it: the one source of its file in every format."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from services.evaluation import clusters, comparing
from services.evaluation.costs import usd_per_thousand
from services.evaluation.intervals import as_number
from services.evaluation.reports import as_dict
from services.evaluation.score_reports import ScoreReport
from services.evaluation.slices import Slice
from services.evaluation.slicing import WorstSlices
from services.labelling.ceiling import people_told
from services.plain import plain
from services.release import gate
from services.reporting.opening import KeyNumber, Opening, SmallSlice, WorstSlice
from services.reporting.production import Production
from services.reporting.report import ModelReport

FORMAT = 1
_PARTS = 5  # worse than chance explains, that are told


def report_facts(report: ModelReport) -> dict[str, Any]:
    """The whole report; `results` is what `evaluate` answers of the same run."""
    found, verdict = report.evaluation, report.opening.verdict
    told: dict[str, Any] = plain(
        {
            "format": FORMAT,
            "judged_on": report.made_on.isoformat(),
            "dataset_id": found.run.dataset_id,
            "dataset_title": report.dataset_title,
            "looks": report.looks,
            "people": as_number(report.people),
            "people_told": people_told(report.people),
            "run_id": found.run.run_id,
            "model": {
                "model_id": report.model.model_id,
                "name": report.model.name,
                "backend": report.model.backend,
                "trained_on": report.model.snapshot_id,
            },
            "verdict": gate.as_dict(verdict) if verdict else None,
            "unjudged": report.opening.unjudged,
            "opening": _opening(report.opening),
            "results": as_dict(found),
            "withheld": found.withheld,
            "clusters": clusters.as_dict(found.clustering),
            "scores": [_scores(each) for each in report.scores],
            "slices": list(_slices(report.slices)),
            "slice_search": _search(report.searched) if report.searched else None,
            "misses": {
                "count": found.table.n - found.table.correct,
                "reviewed": report.reviewed,
                "ceiling": report.ceiling,
            },
            "surest_misses": report.misses,
            "production": _production(report.production) if report.production else None,
            "costs": {**asdict(report.costs), "usd_per_1000": as_number(usd_per_thousand(report.costs))},
            "rival": _rival(report),
        }
    )
    return told


def _opening(first: Opening) -> dict[str, Any]:
    return {
        "absent": first.absent,
        "numbers": [_key_number(each) for each in first.numbers],
        "worst_slice": _worst(first.worst) if first.worst else None,
        "small_slice": _small(first.small) if first.small else None,
        "marks": [asdict(each) for each in first.marks],
    }


def _key_number(each: KeyNumber) -> dict[str, Any]:
    return {**asdict(each), "number": as_number(each.number)}


def _worst(worst: WorstSlice) -> dict[str, Any]:
    return {**asdict(worst), "accuracy": as_number(worst.accuracy)}


def _small(small: SmallSlice) -> dict[str, Any]:
    return {**asdict(small), "sentence": small.sentence}


def _slices(slices: Iterable[Slice]) -> Iterable[dict[str, Any]]:
    for each in slices:
        if (share := each.share(None)) is not None:
            yield {
                "by": each.by,
                "name": each.name,
                "accuracy": as_number(share),
                "errors": each.errors_told,
            }


def _search(found: WorstSlices) -> dict[str, Any]:
    parts = [
        {
            "name": found.name(each),
            "wrong": as_number(each.inside),
            "elsewhere": as_number(each.outside),
            "p_holm": each.p_holm,
        }
        for each in found.worse[:_PARTS]
    ]
    return {"sentence": found.sentence, "worse": parts}


def _scores(found: ScoreReport) -> dict[str, Any]:
    calibration = found.calibration
    told = {
        "label": found.label,
        "positives": found.positives,
        "negatives": found.negatives,
        "unscored": found.unscored,
        "average_precision": as_number(found.average_precision),
        "roc_auc": as_number(found.area.auc),
        "precision_recall": found.precision_recall,
        "roc": found.roc,
        "not_calibrated": found.not_calibrated,
        "repairs": [{**asdict(each), "brier": as_number(each.brier)} for each in found.repairs],
        "calibration": None,
    }
    if calibration is not None:
        bins = [{**asdict(each), "share": as_number(each.share)} for each in calibration.bins]
        briers = {name: as_number(getattr(calibration, name)) for name in ("brier", "brier_all")}
        told["calibration"] = {**asdict(calibration), **briers, "bins": bins}
    return told


def _production(found: Production) -> dict[str, Any]:
    day = found.outlook
    return {
        "unwanted": found.unwanted,
        "rule": found.rule,
        "threshold": found.threshold,
        "split": found.split,
        "traffic": found.traffic,
        "is_stated": found.is_stated,
        "tally": found.tally,
        "outlook": {each.name: as_number(getattr(day, each.name)) for each in fields(day)},
        "sentence": found.sentence,
        "warning": found.warning,
    }


def _rival(report: ModelReport) -> dict[str, Any] | None:
    if report.rival is None:
        return None
    return {"is_champion": report.rival.is_champion, **comparing.as_dict(report.rival.comparison)}

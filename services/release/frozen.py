"""What was frozen about a model beside its weights: the one place where a release looks for a threshold."""

from typing import Any

from storage.database import Database
from storage.looks import count_split_looks, list_same_test
from storage.thresholds import find_look, list_thresholds


def threshold_facts(db: Database, model_id: str, threshold_id: str | None = None) -> dict[str, Any] | None:
    """The threshold that is named, else the one frozen for the model last, with its one look at test.

    None where none was frozen.
    """
    found = list_thresholds(db, model_id=model_id)
    found = [each for each in found if threshold_id in (None, each.threshold_id)]
    if not found:
        return None
    frozen = found[0]
    look = find_look(db, frozen.threshold_id)
    return {
        "threshold_id": frozen.threshold_id,
        "snapshot_id": frozen.snapshot_id,
        "run_id": frozen.run_id,
        "unwanted": frozen.unwanted,
        "rule": frozen.rule,
        "upper_score": frozen.upper_score,
        "lower_score": frozen.lower_score,
        "base_rate": frozen.base_rate,
        "temperature": frozen.temperature,
        "on_validation": frozen.tally,
        "on_test": look.tally if look else None,
        "looks_at_test": count_split_looks(db, list_same_test(db, frozen.snapshot_id)).count,
        "why": frozen.why,
        "by": frozen.created_by,
        "at": frozen.created_at.isoformat(),
    }

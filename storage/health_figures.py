"""Figures of a dataset's health, kept on disk: a million comments are not counted again at every start."""

import hashlib
import json
from dataclasses import asdict

from storage import health
from storage.database import Database
from storage.health import Figures, get_figures

# Figures that other definitions counted are counted again.
_COUNTED_BY = hashlib.sha256(repr(health.DEFINED_BY).encode()).hexdigest()[:16]


def figures_of(db: Database, dataset_id: str) -> Figures:
    """Every figure of the health page, as it was kept, or counted now and kept until the dataset changes."""
    kept = _find(db, dataset_id)
    if kept is not None:
        return kept
    revision = db.revision_of(dataset_id)
    figures = get_figures(db, dataset_id)
    with db.writing(dataset_id, is_news=False) as cursor:
        if db.revision_of(dataset_id) == revision:  # nobody wrote while this was counted
            told = {
                "dataset_id": dataset_id,
                "counted_by": _COUNTED_BY,
                "figures": json.dumps(asdict(figures)),
            }
            cursor.execute("DELETE FROM health_figures WHERE dataset_id = $id", {"id": dataset_id})
            cursor.execute("INSERT INTO health_figures VALUES ($dataset_id, $figures, $counted_by)", told)
            db.figures_kept.add(dataset_id)
    return figures


def _find(db: Database, dataset_id: str) -> Figures | None:
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT figures FROM health_figures WHERE dataset_id = $dataset_id AND counted_by = $counted_by",
            {"dataset_id": dataset_id, "counted_by": _COUNTED_BY},
        ).fetchone()
    if row is None:
        return None
    told = json.loads(row[0])
    told["by_import"] = {name: [tuple(each) for each in rows] for name, rows in told["by_import"].items()}
    return Figures(**told)

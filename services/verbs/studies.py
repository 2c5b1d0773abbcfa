"""The verbs of experiments: searches, learning curves and cross-validations."""

from collections.abc import Callable
from functools import partial
from typing import Any

from domain.jobs import StudyKind
from services.curation.datasets import get_dataset
from services.modelling.studies import running as studies
from storage.database import Database


def start(db: Database, *, kind: StudyKind, snapshot: str, actor: str, **plan: Any) -> Any:
    """Start a study; `plan` is what study_plans describes for its kind, and checked there."""
    return studies.start_study(db, kind=kind, snapshot_id=snapshot, actor=actor, **plan)


def list_or_show(db: Database, *, dataset: str | None = None, study: str | None = None) -> Any:
    """The studies of a dataset or of all, or one with what it has found."""
    if study is not None:
        return studies.get_study(db, study)
    return studies.list_studies(db, dataset and get_dataset(db, dataset).dataset_id)


VERBS: dict[str, Callable[..., Any]] = {
    "tune": partial(start, kind="search"),
    "learning-curve": partial(start, kind="learning_curve"),
    "cross-validate": partial(start, kind="cross_validate"),
    "studies": list_or_show,
}

"""The verbs of agreement and aggregation, with plain arguments."""

from collections.abc import Callable
from typing import Any

from domain.errors import BadInput
from services.labelling.aggregation_runs import (
    aggregate,
    list_aggregations,
    put_in_force,
    show_aggregation,
    take_out_of_force,
)
from services.labelling.agreement_report import measure_agreement
from services.labelling.annotators import list_annotators
from services.labelling.ceiling import human_ceiling
from storage.database import Database


def show_agreement(db: Database, *, dataset: str, level: str = "nominal", label: str | None = None) -> Any:
    """How far the annotators of a dataset agree, and how each of them works."""
    found = measure_agreement(db, dataset, level=level, about=label)
    people = list_annotators(db, dataset, about=found.about)
    ceiling = human_ceiling(db, dataset, about=found.about)
    return {
        "agreement": found, "sentence": found.sentence, "annotators": people, "human_ceiling": ceiling
    }  # fmt: skip


def aggregate_or_show(
    db: Database,
    *,
    actor: str,
    dataset: str | None = None,
    method: str = "dawid-skene",
    name: str = "",
    show: str | None = None,
    show_all: bool = False,
    force: str | None = None,
    unforce: bool = False,
    why: str = "",
    limit: int = 20,
) -> Any:
    """Work labels out of all votes and keep the run; or list the runs, show one, or put one in force."""
    if force is not None:
        put_in_force(db, force, why=why, actor=actor)
        return show_aggregation(db, force, limit=limit)
    if show is not None:
        return show_aggregation(db, show, limit=limit)
    if dataset is None:
        raise BadInput("Of which dataset?", hint="Give --dataset NAME.")
    if unforce:
        take_out_of_force(db, dataset, why=why, actor=actor)
    if show_all or unforce:
        return list_aggregations(db, dataset)
    run = aggregate(db, dataset, method=method, name=name, actor=actor)
    return show_aggregation(db, run.aggregation_id, limit=limit)


VERBS: dict[str, Callable[..., Any]] = {"agreement": show_agreement, "aggregate": aggregate_or_show}

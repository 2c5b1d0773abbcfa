"""Work one label per comment out of all votes, keep the run, and show where it differs from now."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from domain.errors import BadInput
from domain.people import actor_named
from domain.text import visible
from services.curation.datasets import get_dataset, get_label_set
from services.labelling.aggregation import METHODS, Aggregated, Ballots, dawid_skene, likeliest, majority
from storage import aggregations as stored
from storage.aggregations import AggregatedLabel, Aggregation
from storage.database import Database

MAX_NAME = 60
_SETTINGS: dict[str, dict[str, Any]] = {
    "majority": {},
    "dawid-skene": {"max_rounds": 200, "tolerance": 1e-6, "smoothing": 0.01},
}


@dataclass(frozen=True)
class ShownAggregation:
    """A run, and how it differs from the labels in force now."""

    run: Aggregation
    count: int
    differences: tuple[AggregatedLabel, ...]


def aggregate(
    db: Database, dataset_id: str, *, method: str = "dawid-skene", name: str = "", actor: str
) -> Aggregation:
    """Aggregate the votes in force of all named annotators, and store the run; no label in force changes.

    Args:
        method: "majority" or "dawid-skene".
        name: The run's name, the method's where there is none; used again, it is the next version.

    Raises:
        NotFound: there is no such dataset.
        BadInput: there is no such method, the name cannot be one, or nobody has labelled anything.
    """
    who = actor_named(actor)
    if method not in METHODS:
        raise BadInput(f"There is no method '{method}'.", hint=f"Methods: {', '.join(METHODS)}.")
    called = name.strip() or method
    if len(called) > MAX_NAME or visible(called) != called or len(called.splitlines()) > 1:
        raise BadInput("That cannot be the name of a run.", hint=f"Up to {MAX_NAME} visible characters.")
    labels = get_label_set(db, get_dataset(db, dataset_id).dataset_id).names
    table = stored.list_ballots(db, dataset_id)
    place = {label: number for number, label in enumerate(labels)}
    table = table.filter(
        pa.array([label in place for label in table.column("label").to_pylist()], pa.bool_())
    )
    comments, of_comment = np.unique(table.column("comment_id").to_numpy(), return_inverse=True)
    people, of_person = np.unique(
        np.array(table.column("annotator").to_pylist(), dtype=str), return_inverse=True
    )
    said = np.array([place[label] for label in table.column("label").to_pylist()], dtype=np.int64)
    ballots = Ballots(of_comment, of_person, said, (len(comments), len(people), len(labels)))
    settings = _SETTINGS[method]
    result = majority(ballots) if method == "majority" else dawid_skene(ballots, **settings)
    return stored.add_aggregation(
        db,
        dataset_id,
        _rows(comments, np.bincount(of_comment), result, labels),
        name=called,
        method=method,
        labels=labels,
        settings=settings,
        found=_found(result, people.tolist()),
        last_vote_id=int(table.column("vote_id").to_numpy().max()),
        actor=who,
    )


def list_aggregations(db: Database, dataset_id: str) -> list[Aggregation]:
    """The runs of a dataset, newest first.

    Raises:
        NotFound: there is no such dataset.
    """
    return stored.list_aggregations(db, get_dataset(db, dataset_id).dataset_id)


def show_aggregation(db: Database, aggregation_id: str, *, limit: int = 100) -> ShownAggregation:
    """A run beside the labels in force: how many differ, and those of which the run is surest.

    Raises:
        NotFound: there is no such run.
    """
    run = stored.get_aggregation(db, aggregation_id)
    differing = tuple(stored.list_differences(db, run, limit=limit))
    return ShownAggregation(run, stored.count_differences(db, run), differing)


def _rows(comments: Any, votes: Any, result: Aggregated, labels: tuple[str, ...]) -> pa.Table:
    chosen = [labels[number] if number >= 0 else None for number in likeliest(result.posterior)]
    return pa.table(
        {
            "comment_id": pa.array(comments, pa.int64()),
            "votes": pa.array(votes, pa.int32()),
            "label": pa.array(chosen, pa.string()),
            "posterior": pa.array(result.posterior.tolist(), pa.list_(pa.float32())),
        }
    )


def _found(result: Aggregated, people: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "shares": result.shares.tolist(),
        "rounds": result.rounds,
        "converged": result.converged,
    }
    if result.confusion is not None:
        told["annotators"] = dict(zip(people, result.confusion.tolist(), strict=True))
    return told

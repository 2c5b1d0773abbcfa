"""Work one label per comment out of all votes, keep the run, show where it differs, put it in force."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from domain.errors import BadInput, Conflict
from domain.people import actor_named
from domain.text import visible
from services.curation.datasets import get_dataset, get_label_set
from services.labelling.aggregation import METHODS, Aggregated, Ballots, dawid_skene, likeliest, majority
from services.several import refuse_several
from storage import aggregations as stored
from storage.aggregations import AggregatedLabel, Aggregation, InForce
from storage.database import Database

MAX_NAME = 60
MAX_WHY = 2_000
_SETTINGS: dict[str, dict[str, Any]] = {
    "majority": {},
    "dawid-skene": {"max_rounds": 200, "tolerance": 1e-6, "smoothing": 0.01},
}


@dataclass(frozen=True)
class ShownAggregation:
    """A run, and how it differs from the labels in force now.

    Attributes:
        run: The run.
        count: Comments that it labels otherwise than they are labelled now.
        differences: Those of which it is surest.
        in_force: Who put it in force and why; None where it is not.
        votes_after: Labels of named people that came after it, and that it does not know.
    """

    run: Aggregation
    count: int
    differences: tuple[AggregatedLabel, ...]
    in_force: InForce | None
    votes_after: int


def aggregate(
    db: Database, dataset_id: str, *, method: str = "dawid-skene", name: str = "", actor: str
) -> Aggregation:
    """Aggregate the votes in force of all named annotators, and store the run; no label in force changes.

    Args:
        method: "majority" or "dawid-skene".
        name: The run's name, the method's where there is none; used again, it is the next version.

    Raises:
        NotFound: there is no such dataset.
        BadInput: there is no such method, the name cannot be one, nobody has labelled anything, or comments
            may have several labels.
    """
    who = actor_named(actor)
    if method not in METHODS:
        raise BadInput(f"There is no method '{method}'.", hint=f"Methods: {', '.join(METHODS)}.")
    called = name.strip() or method
    if len(called) > MAX_NAME or visible(called) != called or len(called.splitlines()) > 1:
        raise BadInput("That cannot be the name of a run.", hint=f"Up to {MAX_NAME} visible characters.")
    dataset = get_dataset(db, dataset_id)
    refuse_several(dataset, "Aggregations")
    labels = get_label_set(db, dataset.dataset_id).names
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
    decided = stored.find_in_force(db, run.dataset_id)
    return ShownAggregation(
        run,
        stored.count_differences(db, run),
        differing,
        decided if decided and decided.aggregation_id == aggregation_id else None,
        stored.count_votes_after(db, run),
    )


def put_in_force(db: Database, aggregation_id: str, *, why: str, actor: str) -> InForce:
    """Let the run give the labels of its comments; decisions stand above it, and votes below.

    Comments that the run does not know, or could not decide, keep what their votes say. Votes that come later
    change none of its labels: aggregate anew, and put the new run in force.

    Raises:
        NotFound: there is no such run.
        BadInput: no reason is given, or it is too long.
        Conflict: it is in force, or its estimation did not settle, or the label set has changed since.
    """
    who, run, reason = actor_named(actor), stored.get_aggregation(db, aggregation_id), _reason(why)
    now = stored.find_in_force(db, run.dataset_id)
    if now is not None and now.aggregation_id == aggregation_id:
        raise Conflict(f"{aggregation_id} is in force already.", hint="It gives the labels.")
    if not run.found["converged"]:
        raise Conflict(
            f"{aggregation_id} did not settle: its labels mean nothing.", hint="Collect more votes first."
        )
    if not set(run.labels) <= set(get_label_set(db, run.dataset_id).names):
        raise Conflict(f"{aggregation_id} knows labels that are no more.", hint="Aggregate anew.")
    return stored.add_in_force(db, run.dataset_id, aggregation_id, why=reason, actor=who)


def take_out_of_force(db: Database, dataset_id: str, *, why: str, actor: str) -> InForce:
    """Let the votes give the labels again; the run stays.

    Raises:
        NotFound: there is no such dataset.
        BadInput: no reason is given, or it is too long.
        Conflict: no run is in force.
    """
    who, reason = actor_named(actor), _reason(why)
    if find_in_force(db, get_dataset(db, dataset_id).dataset_id) is None:
        raise Conflict(f"No aggregation is in force for '{dataset_id}'.", hint="Its votes count already.")
    return stored.add_in_force(db, dataset_id, None, why=reason, actor=who)


def find_in_force(db: Database, dataset_id: str) -> Aggregation | None:
    """The run that gives the labels of the dataset; None where the votes do."""
    decided = stored.find_in_force(db, dataset_id)
    if decided is None or decided.aggregation_id is None:
        return None
    return stored.get_aggregation(db, decided.aggregation_id)


def _reason(why: str) -> str:
    reason = why.strip()
    if not reason:
        raise BadInput("That needs a reason: it changes labels.", hint="Say why, in a sentence.")
    if len(reason) > MAX_WHY:
        raise BadInput(f"A reason of {len(reason):,} characters is too long.", hint=f"Up to {MAX_WHY:,}.")
    return reason


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

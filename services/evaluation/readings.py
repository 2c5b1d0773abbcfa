"""A blind reading of a run: misses and as many hits, drawn by chance, read without telling which is which.

Who reads a comment says which label is right, or why none can be given. Only then is it held against what the
run and the frozen label say, so that neither the model nor the label leads the reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from domain.comments import Comment
from domain.errors import BadInput, NotFound
from domain.people import actor_named
from services.several import refuse_several
from storage import comments
from storage import readings as stored
from storage.database import Database
from storage.models import get_run
from storage.predictions import list_predictions
from storage.readings import Cause, Reading, Said
from storage.snapshots import get_snapshot

__all__ = [
    "NO_LABEL",
    "SIZE",
    "Cause",
    "Desk",
    "Reading",
    "Said",
    "desk_of",
    "find_reading",
    "labels_of",
    "record",
    "said_as",
    "start",
]

# Why a reader gives no label.
NO_LABEL = ("guideline", "context missing", "cannot be judged")
SIZE = 200
_MOST = 1_000
_MAX_CLIENT_ID_LENGTH = 300


@dataclass(frozen=True)
class Desk:
    """What one reader has read of a reading, and the next comments; nothing tells a miss from a hit."""

    reading: Reading
    done: int
    waiting: int
    queue: tuple[Comment, ...]


def start(db: Database, run_id: str, *, actor: str, size: int = SIZE, seed: int = 0) -> Reading:
    """Draw the misses and as many hits of a run, or return what was drawn before: a run has one reading.

    Args:
        size: Misses to draw, at most 1,000; all of them where there are fewer.

    Raises:
        NotFound: there is no such run.
        BadInput: the run has no miss, or the size cannot be used.
    """
    who, run = actor_named(actor), get_run(db, run_id)
    refuse_several(run, "Blind readings")
    if not 0 < size <= _MOST:
        raise BadInput(f"{size} misses cannot be drawn.", hint=f"1 to {_MOST:,}.")
    answers = list_predictions(db, run_id)
    are_hits = pc.fill_null(pc.equal(answers["label"], answers["gold"]), False).to_numpy()
    ids, draw = answers["comment_id"].to_numpy(), np.random.default_rng(seed)
    misses = draw.permutation(ids[~are_hits])[:size]
    if not len(misses):
        raise BadInput(f"{run_id} has no miss to read.", hint="Every answer is the frozen label.")
    hits = draw.permutation(ids[are_hits])[: len(misses)]
    order = draw.permutation(np.concatenate([misses, hits])).tolist()
    return stored.add_reading(
        db,
        run.dataset_id,
        run_id,
        rows=order,
        misses=len(misses),
        hits=len(hits),
        seed=seed,
        actor=who,
    )


def find_reading(db: Database, run_id: str) -> Reading | None:
    """The reading of a run, if one was drawn."""
    return stored.find_reading(db, run_id)


def labels_of(db: Database, reading: Reading) -> tuple[str, ...]:
    """The labels that a reader can give: those that were frozen with the run's snapshot."""
    return tuple(get_snapshot(db, get_run(db, reading.run_id).snapshot_id).labels)


def desk_of(db: Database, run_id: str, *, actor: str, second: bool = False, limit: int = 32) -> Desk:
    """What waits for this reader: comments nobody has read, or (second) those that one other person has.

    What that person said is not told, nor what the run and the frozen label say.

    Raises:
        NotFound: no reading of the run was drawn.
    """
    who, reading = actor_named(actor), _reading(db, run_id)
    readers: dict[int, set[str]] = {}
    for cause in stored.list_causes(db, reading.reading_id):
        readers.setdefault(cause.comment_id, set()).add(cause.created_by)
    order = stored.list_reading_ids(db, reading.reading_id)
    wanted = 1 if second else 0
    waiting = [n for n in order if who not in readers.get(n, ()) and len(readers.get(n, ())) == wanted]
    return Desk(
        reading=reading,
        done=sum(who in given for given in readers.values()),
        waiting=len(waiting),
        queue=tuple(comments.list_comments_by_id(db, reading.dataset_id, waiting[:limit])),
    )


def said_as(db: Database, reading: Reading, comment_id: int, answer: str, client_id: str) -> Said:
    """What a written answer means: a label in any case, or one of NO_LABEL.

    Raises:
        BadInput: it is neither.
    """
    labels = labels_of(db, reading)
    named = next((label for label in labels if label.casefold() == answer.strip().casefold()), None)
    if named is None and answer not in NO_LABEL:
        raise BadInput(
            f"'{answer}' is no answer of a reader.", hint=f"One of: {', '.join((*labels, *NO_LABEL))}."
        )
    return Said(comment_id, "label" if named else answer, client_id, named)


def record(db: Database, run_id: str, given: Sequence[Said], *, actor: str) -> list[str]:
    """Append what a reader said and return the client ids that are safe on disk.

    Raises:
        NotFound: no reading of the run was drawn.
        BadInput: a comment is not in the reading, an answer is none, or what is taken back is another's.
    """
    who, reading = actor_named(actor), _reading(db, run_id)
    known, labels = set(stored.list_reading_ids(db, reading.reading_id)), labels_of(db, reading)
    own = stored.list_client_ids(db, reading.reading_id, who) | {said.client_id for said in given}
    for said in given:
        _check(said, known, labels)
        if said.kind == "undo" and said.undoes not in own:
            raise BadInput(
                f"What is taken back of comment {said.comment_id} is not yours.", hint="Reload the page."
            )
    stored.add_causes(db, reading, given, actor=who)
    return [said.client_id for said in given]


def _reading(db: Database, run_id: str) -> Reading:
    get_run(db, run_id)
    found = stored.find_reading(db, run_id)
    if found is None:
        raise NotFound(f"Nothing of {run_id} was drawn to be read.", hint="Start a blind reading first.")
    return found


def _check(said: Said, known: set[int], labels: Sequence[str]) -> None:
    if said.comment_id not in known:
        raise BadInput(f"Comment {said.comment_id} is not in the reading.", hint="Reload the page.")
    if said.kind not in ("label", "undo", *NO_LABEL):
        raise BadInput(f"'{said.kind}' is no answer of a reader.", hint=f"One of: {', '.join(NO_LABEL)}.")
    if (said.kind == "label") != (said.label is not None) or (said.label and said.label not in labels):
        raise BadInput(f"'{said.label}' cannot be the right label.", hint=f"One of: {', '.join(labels)}.")
    if not 0 < len(said.client_id) <= _MAX_CLIENT_ID_LENGTH:
        raise BadInput("An answer has no id of its own.", hint="Reload the page.")

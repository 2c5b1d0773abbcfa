"""What a model says, beside a comment in a queue that is not blind; and what that does to the labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from domain.labels import Vote
from domain.queues import Queue
from services.evaluation.intervals import Estimate, Proportion, difference, proportion
from storage.database import Database
from storage.foreseen import list_foreseen
from storage.queues import get_queue
from storage.vote_details import count_suggestions

WITHHELD = 0.1  # of the comments the suggestion is not shown, so that its effect can be told


@dataclass(frozen=True)
class SuggestionEffect:
    """What people made of a model's suggestions.

    Attributes:
        accepted: Of comments on which it was shown, those labelled as it said; the rest was changed.
        unseen: The same of comments on which it was withheld.
        anchoring: By how much showing it moves labels towards it: the first less the second.
    """

    accepted: Proportion | None
    unseen: Proportion | None
    anchoring: Estimate | None


def suggestions_for(db: Database, queue: Queue, who: str, comment_ids: Sequence[int]) -> dict[int, str]:
    """The suggestion of each comment on which one is shown to this person; none in a blind queue."""
    said = _said(db, queue, comment_ids)
    return {number: label for number, label in said.items() if _is_shown(queue, who, number)}


def with_suggestions(db: Database, queue: Queue, who: str, given: Sequence[Vote]) -> list[Vote]:
    """The votes with what the model says of their comments, and whether it was shown."""
    said = _said(db, queue, [vote.comment_id for vote in given if vote.kind == "label"])
    return [
        replace(vote, suggested=said[vote.comment_id], shown=_is_shown(queue, who, vote.comment_id))
        if vote.kind == "label" and vote.comment_id in said
        else vote
        for vote in given
    ]


def effect_of_suggestions(db: Database, queue_id: str) -> SuggestionEffect:
    """How often suggestions were followed where they were shown and where not.

    Raises:
        NotFound: there is no such queue.
    """
    counts = count_suggestions(db, get_queue(db, queue_id))
    shown, unseen = (proportion(*counts.get(was, (0, 0))) for was in (True, False))
    return SuggestionEffect(shown, unseen, difference(shown, unseen) if shown and unseen else None)


def _said(db: Database, queue: Queue, comment_ids: Sequence[int]) -> dict[int, str]:
    model_id = queue.settings.suggest_by
    if model_id is None or queue.settings.is_blind:
        return {}
    return list_foreseen(db, queue.dataset_id, comment_ids, model_id=model_id)


def _is_shown(queue: Queue, who: str, number: int) -> bool:
    digest = sha256(f"{queue.queue_id}\x1f{who}\x1f{number}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 >= WITHHELD

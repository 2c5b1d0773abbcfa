"""The named queue: which comments wait, in which order, and for whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

QueueOrder = Literal[
    "oldest", "random", "diverse", "learning", "uncertain", "disagreed", "suspected", "stale"
]
QUEUE_ORDERS: tuple[QueueOrder, ...] = get_args(QueueOrder)

# Comments that have a label already: there the labels given before do not count.
LABELLED_ORDERS = ("disagreed", "suspected", "stale")


@dataclass(frozen=True)
class QueueSettings:
    """What a queue is made with; every field is stored.

    Attributes:
        order: How comments follow each other.
        votes_needed: Labels that a comment gets through the queue before it waits for nobody, 1 to 9.
        again: Labels given before the queue was made do not count; always so where LABELLED_ORDERS say.
        people: Who may take it; empty is everybody.
        is_blind: Whether votes, labels, scores and the author stay hidden.
        golden_share: Of decided comments mixed in unseen, 0 to 0.5 of what waits.
        repeat_share: Of texts that the person has answered before, mixed in unseen, 0 to 0.5.
        model_id: Whose scores order it by uncertainty.
        contains: Only comments with these words; with label, split and author the filter of Comments.
        label: Only comments with this label in force.
        split: Only those of this split.
        author: Only those of this author.
        seed: Of the random order.
        most: Comments at most; 0 is all.
        assigned: Each comment is dealt to as many of the people as it needs labels; else whoever comes first
            takes it.
        slice_name: Only comments of this saved slice.
        once_per_text: Of texts that are alike but for spelling, one.
        suggest_by: Whose answers stand beside the comments; never in a blind queue.
    """

    order: QueueOrder = "oldest"
    votes_needed: int = 1
    again: bool = False
    people: tuple[str, ...] = ()
    is_blind: bool = True
    golden_share: float = 0.0
    repeat_share: float = 0.0
    model_id: str | None = None
    contains: str = ""
    label: str | None = None
    split: str | None = None
    author: str | None = None
    seed: int = 0
    most: int = 0
    assigned: bool = False
    slice_name: str | None = None
    once_per_text: bool = False
    suggest_by: str | None = None

    @property
    def mixes_in(self) -> bool:
        """Whether comments that check the hand are mixed in unseen."""
        return self.golden_share > 0 or self.repeat_share > 0


@dataclass(frozen=True)
class Queue:
    """A queue as it was made; labels and own votes up to the two numbers do not count in it."""

    queue_id: str
    dataset_id: str
    name: str
    settings: QueueSettings
    counted_after: int
    own_after: int
    created_at: datetime
    created_by: str
    closed_at: datetime | None = None


@dataclass(frozen=True)
class QueueCounts:
    """How far a queue is: its comments, those with all labels they need, and one person's part in it.

    `mine` is every comment the person answered in it, those mixed in unseen included; `waiting` leaves those
    out.
    """

    comments: int
    finished: int
    mine: int
    waiting: int

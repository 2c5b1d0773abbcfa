"""What one person's labelling pane holds between reruns: the queue at hand and the votes already safe."""

from collections import deque
from dataclasses import dataclass, field

import streamlit as st

from domain.comments import Comment
from domain.errors import WorkbenchError
from domain.labels import Vote
from services.curation import datasets
from services.labelling import desk
from ui.desk import MAX_VOTES, DeskComment, DeskLabel, DeskVote
from ui.store import database

_REFILL_BELOW = 24


@dataclass
class DeskState:
    """One person's pane on one dataset. Only the pane's callback and the page touch it."""

    dataset_id: str
    who: str
    done: int
    waiting: int
    queue: list[DeskComment] = field(default_factory=list)
    acked: deque[str] = field(default_factory=lambda: deque(maxlen=4 * MAX_VOTES))
    error: WorkbenchError | None = None

    @property
    def key(self) -> str:
        """Names the pane: another person's or another dataset's votes never mix with these."""
        return f"desk_{self.dataset_id}_{self.who}"

    def take(self, given: list[DeskVote]) -> None:
        """Write the votes, acknowledge them, and see to it that the queue does not run dry."""
        votes = [_vote(one, self.who) for one in given]
        try:
            safe = desk.record_votes(database(), self.dataset_id, votes, actor=self.who)
            self.error = None
        except WorkbenchError as error:
            # What cannot be stored now cannot be later either: the person is told, and it is not sent again.
            self.error, safe = error, [vote.client_id for vote in votes]
        self.acked.extend(safe)
        answered = {vote.comment_id for vote in given if vote.kind != "undo"}
        undone = sum(vote.kind == "undo" for vote in given)
        self.done += len(given) - 2 * undone
        self.waiting = max(0, self.waiting - len(given) + 2 * undone)
        self.queue = [comment for comment in self.queue if comment.comment_id not in answered]
        if len(self.queue) < _REFILL_BELOW:
            self.refill()

    def refill(self) -> None:
        """Lease more comments behind those at hand."""
        known = {comment.comment_id for comment in self.queue}
        after = max(known, default=0)
        more = desk.next_comments(database(), self.dataset_id, actor=self.who, after=after)
        self.queue += [_shown(comment) for comment in more if comment.comment_id not in known]


def desk_state(dataset_id: str, who: str) -> DeskState:
    """The state of this person's pane in this session, made at the first visit."""
    held = st.session_state.get("label_desk")
    if not isinstance(held, DeskState) or (held.dataset_id, held.who) != (dataset_id, who):
        counts = desk.count_desk(database(), dataset_id, actor=who)
        held = DeskState(dataset_id, who, done=counts.done, waiting=counts.waiting)
        held.refill()
        st.session_state["label_desk"] = held
    return held


def desk_labels(dataset_id: str) -> list[DeskLabel]:
    """The dataset's labels as the pane's buttons."""
    labels = datasets.get_label_set(database(), dataset_id).labels
    return [DeskLabel(label.name, label.key, label.colour, label.definition) for label in labels]


def _shown(comment: Comment) -> DeskComment:
    posted = comment.posted_at.strftime("%d %b %Y, %H:%M") if comment.posted_at else None
    return DeskComment(
        comment.comment_id, comment.body, comment.author, comment.thread, posted, comment.language
    )


def _vote(given: DeskVote, who: str) -> Vote:
    return Vote(
        comment_id=given.comment_id,
        annotator=who,
        kind=given.kind,
        client_id=given.client_id,
        label=given.label,
        seconds=given.seconds,
        undoes=given.undoes,
    )

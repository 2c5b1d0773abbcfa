"""What one person's labelling pane holds between reruns: the queue at hand and the votes already safe."""

from collections import deque
from dataclasses import dataclass, field

import streamlit as st

from domain.comments import Comment
from domain.errors import BadInput
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
    done: int = 0
    waiting: int = 0
    queue: list[DeskComment] = field(default_factory=list)
    acked: deque[str] = field(default_factory=lambda: deque(maxlen=4 * MAX_VOTES))
    error: BadInput | None = None

    @property
    def key(self) -> str:
        """Names the pane: another person's or another dataset's votes never mix with these."""
        return f"desk_{self.dataset_id}_{self.who}"

    def take(self, given: list[DeskVote]) -> None:
        """Write the votes, acknowledge them, and see to it that the queue does not run dry."""
        self.error = None
        known = set(self.acked)
        fresh = [vote for vote in given if vote.client_id not in known]
        self.acked.extend(self._store([_vote(one, self.who) for one in fresh]))
        answered = {vote.comment_id for vote in fresh if vote.kind != "undo"}
        undone = sum(vote.kind == "undo" for vote in fresh)
        self.done += len(fresh) - 2 * undone
        self.waiting = max(0, self.waiting - len(fresh) + 2 * undone)
        self.queue = [comment for comment in self.queue if comment.comment_id not in answered]
        if len(self.queue) < _REFILL_BELOW:
            self.refill()

    def refill(self) -> None:
        """Lease the comments at hand anew, and more behind them; what others answered meanwhile goes."""
        after = self.queue[0].comment_id - 1 if self.queue else 0
        waiting = desk.next_comments(database(), self.dataset_id, actor=self.who, after=after)
        self.queue = [_shown(comment) for comment in waiting]

    def count(self) -> None:
        """Count anew what was answered and what waits: of a million comments too slow for every callback."""
        counts = desk.count_desk(database(), self.dataset_id, actor=self.who)
        self.done, self.waiting = counts.done, counts.waiting

    def _store(self, votes: list[Vote]) -> list[str]:
        """Write the votes and return the ids of those that need not be sent again."""
        if not votes:
            return []
        try:
            return desk.record_votes(database(), self.dataset_id, votes, actor=self.who)
        except BadInput as error:
            if len(votes) > 1:  # one bad vote must not take the others with it
                return [client_id for vote in votes for client_id in self._store([vote])]
            # What cannot be stored now cannot be later either: the person is told, and it is not sent again.
            self.error = error
            return [votes[0].client_id]


def desk_state(dataset_id: str, who: str) -> DeskState:
    """The state of this person's pane in this session, brought up to date at each visit of the page."""
    held = st.session_state.get("label_desk")
    if not isinstance(held, DeskState) or (held.dataset_id, held.who) != (dataset_id, who):
        held = st.session_state["label_desk"] = DeskState(dataset_id, who)
    held.queue = []  # from the first that waits: what was skipped over or taken back comes again
    held.refill()
    held.count()
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

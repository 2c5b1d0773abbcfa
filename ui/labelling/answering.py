"""What one person's labelling pane holds between reruns: the queue at hand and the votes already safe."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from domain.comments import Comment
from domain.errors import BadInput, Conflict, WorkbenchError
from domain.labels import Vote
from domain.queues import Queue
from services.curation import datasets
from services.labelling import care, desk, queues
from services.labelling.learning import last_learned
from services.labelling.suggestions import suggestions_for
from services.labelling.surroundings import surroundings_of
from ui.labelling.desk import MAX_VOTES, DeskComment, DeskForm, DeskLabel, DeskVote, Recent
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
    error: WorkbenchError | None = None
    queue_id: str | None = None  # None: whatever waits in the dataset
    shows_known: bool = False  # the label in force and scores, in a queue that is not blind
    learns: bool = False  # a baseline learns along, and reorders the queue
    mixes_in: bool = False  # golden comments or repeats, unseen
    is_fresh: bool = True  # no vote came in yet
    late: list[int] = field(default_factory=list)  # answered after somebody else had them
    recent: list[Recent] = field(default_factory=list)  # what can be taken back
    learned: str = ""  # what the last labels taught, in a queue that learns
    rest: str = ""  # why nothing is handed out although something waits
    context: dict[str, object] | None = None  # what stands around the comment that was asked about

    @property
    def key(self) -> str:
        """Names the pane: another person's, dataset's or queue's votes never mix with these."""
        return "_".join(["desk", self.dataset_id, *([self.queue_id] if self.queue_id else []), self.who])

    def take(self, given: list[DeskVote]) -> None:
        """Write the votes, acknowledge them, and see to it that the queue does not run dry."""
        self.error = None
        known = set(self.acked)
        fresh = [vote for vote in given if vote.client_id not in known]
        self.acked.extend(self._store([_vote(one, self.who) for one in fresh]))
        answered = {vote.comment_id for vote in fresh if vote.kind != "undo"}
        undone = sum(vote.kind == "undo" for vote in fresh)
        if self.is_fresh:  # a reloaded tab sends again what may have been stored, and counted, before
            self.count()
            self.is_fresh = False
        else:
            self.done += len(fresh) - 2 * undone
            self.waiting = max(0, self.waiting - len(fresh) + 2 * undone)
        self.queue = [comment for comment in self.queue if comment.comment_id not in answered]
        if len(self.queue) < _REFILL_BELOW:
            self.refill()

    def refill(self) -> None:
        """Lease the comments at hand anew, and more behind them; what others answered meanwhile goes."""
        if self.queue_id is not None:
            held = [comment.comment_id for comment in self.queue]
            try:
                waiting = queues.next_in_queue(database(), self.queue_id, actor=self.who, held=held)
            except Conflict as error:  # closed meanwhile
                waiting, self.error = [], error
        else:
            after = self.queue[0].comment_id - 1 if self.queue else 0
            waiting = desk.next_comments(database(), self.dataset_id, actor=self.who, after=after)
        self.queue = self._shown(waiting)
        if self.learns:
            found = last_learned(database(), self.queue_id or "")
            self.learned = found.sentence if found else ""
        self.rest = "" if waiting else care.why_rest(database(), self.dataset_id, actor=self.who)

    def look_around(self, comment_id: int) -> None:
        """Look up what stands around the comment; of one that is not in this hand, nothing."""
        if comment_id not in {
            each.comment_id for each in [*self.queue, *(each.comment for each in self.recent)]
        }:
            return
        found = surroundings_of(database(), self.dataset_id, comment_id, is_blind=self.is_blind)
        parts = (
            ("Before it in the thread", found.before),
            ("After it in the thread", found.after),
            ("Others of its author", found.by_author),
        )
        told = [(title, [each.body for each in texts]) for title, texts in parts if texts]
        nothing = [
            ("", ["Nothing is known of its thread" + ("." if self.is_blind else ", nor of its author.")])
        ]
        self.context = {"comment_id": comment_id, "parts": told or nothing}

    @property
    def is_blind(self) -> bool:
        """Whether nothing may tell who wrote a comment and what others think of it."""
        return self.queue_id is not None and not self.shows_known

    def count(self) -> None:
        """Count anew what was answered and what waits: of a million comments too slow for every callback."""
        if self.queue_id is not None:
            told = queues.count_queue(database(), self.queue_id, actor=self.who)
            self.done, self.waiting = told.mine, told.waiting
        else:
            counts = desk.count_desk(database(), self.dataset_id, actor=self.who)
            self.done, self.waiting = counts.done, counts.waiting

    def remember(self) -> None:
        """Look up what this person answered last, so that it can be taken back after a reload too."""
        last = desk.last_answers(database(), self.dataset_id, actor=self.who)
        shown = self._shown([comment for comment, _ in last])
        self.recent = [
            Recent(comment, vote.client_id, vote.kind, vote.label)
            for comment, (_, vote) in zip(shown, last, strict=True)
        ]

    def _shown(self, waiting: Sequence[Comment]) -> list[DeskComment]:
        """The comments as the pane gets them."""
        numbers = [comment.comment_id for comment in waiting]
        veiled = care.veiled_among(database(), self.dataset_id, numbers, is_blind=self.is_blind)
        suggested: dict[int, str] = {}
        if self.queue_id is not None and self.shows_known:
            queue = queues.get_queue(database(), self.queue_id)
            suggested = suggestions_for(database(), queue, self.who, numbers)
        return [
            self._one(each, veiled=each.comment_id in veiled, suggested=suggested.get(each.comment_id))
            for each in waiting
        ]

    def _one(self, comment: Comment, *, veiled: bool, suggested: str | None) -> DeskComment:
        """Of a blind queue nothing that tells what others think of the comment."""
        if self.is_blind:
            comment = queues.blinded(comment)
        posted = comment.posted_at.strftime("%d %b %Y, %H:%M") if comment.posted_at else None
        return DeskComment(
            comment.comment_id,
            comment.body,
            comment.author,
            comment.thread,
            posted,
            comment.language,
            known=_known(comment) if self.shows_known else None,
            veiled=veiled,
            suggested=suggested,
        )

    def _store(self, votes: list[Vote]) -> list[str]:
        """Write the votes and return the ids of those that need not be sent again."""
        if not votes:
            return []
        try:
            if self.queue_id is None:
                return desk.record_votes(database(), self.dataset_id, votes, actor=self.who)
            recorded = queues.record_in_queue(database(), self.queue_id, votes, actor=self.who)
            self.late = [*self.late, *recorded.late][-MAX_VOTES:]
            return list(recorded.acked)
        except (BadInput, Conflict) as error:
            if len(votes) > 1:  # one bad vote must not take the others with it
                return [client_id for vote in votes for client_id in self._store([vote])]
            # What cannot be stored now cannot be later either: the person is told, and it is not sent again.
            self.error = error
            return [votes[0].client_id]


def desk_state(dataset_id: str, who: str, queue: Queue | None = None) -> DeskState:
    """The state of this person's pane in this session, brought up to date at each visit of the page."""
    held = st.session_state.get("label_desk")
    wanted = (dataset_id, who, queue and queue.queue_id)
    if not isinstance(held, DeskState) or (held.dataset_id, held.who, held.queue_id) != wanted:
        held = st.session_state["label_desk"] = DeskState(dataset_id, who)
        if queue is not None:
            held.queue_id, held.shows_known = queue.queue_id, not queue.settings.is_blind
            held.mixes_in = queue.settings.mixes_in
            held.learns = queue.settings.order == "learning"
        # Before counting: what the tab takes for unsaved, and is counted below, must not count twice.
        held.acked.extend(desk.last_client_ids(database(), dataset_id, actor=who, limit=MAX_VOTES))
    held.remember()
    held.queue = []  # from the first that waits: what was skipped over or taken back comes again
    held.refill()
    held.count()
    return held


def desk_labels(dataset_id: str) -> list[DeskLabel]:
    """The dataset's labels as the pane's buttons."""
    labels = datasets.get_label_set(database(), dataset_id).labels
    return [DeskLabel(label.name, label.key, label.colour, label.definition) for label in labels]


def desk_form(state: DeskState) -> DeskForm:
    """What the pane asks beside a label."""
    settings = care.desk_settings(database(), state.dataset_id)
    suggests = any(comment.suggested for comment in state.queue)
    return DeskForm(severity=settings.severity, masked=settings.masked, suggests=suggests)


def _known(comment: Comment) -> str | None:
    told = [f"now {comment.label or 'none'} ({comment.label_from})"] if comment.label_from else []
    if comment.source_score is not None:
        told.append(f"score {comment.source_score:.2f}")
    return ", ".join(told) or None


def _vote(given: DeskVote, who: str) -> Vote:
    return Vote(
        comment_id=given.comment_id,
        annotator=who,
        kind=given.kind,
        client_id=given.client_id,
        label=given.label,
        seconds=given.seconds,
        undoes=given.undoes,
        reason=given.reason,
        severity=given.severity,
        spans=given.spans,
    )

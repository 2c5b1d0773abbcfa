"""The desk of a blind reading: one comment, one key, nothing that tells a miss from a hit."""

from collections import deque
from dataclasses import dataclass, field

import streamlit as st

from domain.errors import BadInput, WorkbenchError
from domain.models import Run
from services.curation import datasets
from services.evaluation import readings
from services.evaluation.looks import note_look
from services.evaluation.readings import NO_LABEL, Reading, Said
from ui.errors import show, showing_errors
from ui.labelling.answering import desk_labels
from ui.labelling.desk import MAX_VOTES, DeskComment, DeskLabel, DeskVote, label_desk
from ui.store import database

_REFILL_BELOW = 24
_FIRST, _SECOND = "Nobody has read", "One other person has read"
# Beside the labels: what a reader says instead, with a key that the labels do not take first.
_OTHERS = {
    "guideline": DeskLabel("Guideline unclear", "u", "#7b8496", "Two careful people could differ."),
    "context missing": DeskLabel(
        "Context missing", "x", "#7b8496", "With what stood before it, it could be told."
    ),
    "cannot be judged": DeskLabel(
        "Cannot be judged", "j", "#7b8496", "Nobody could tell, whatever was known."
    ),
}


@dataclass
class ReadingState:
    """One person's pane on one reading. Only the pane's callback and the page touch it."""

    reading: Reading
    labels: tuple[str, ...]
    who: str
    second: bool
    done: int = 0
    waiting: int = 0
    queue: list[DeskComment] = field(default_factory=list)
    acked: deque[str] = field(default_factory=lambda: deque(maxlen=4 * MAX_VOTES))
    skipped: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_VOTES))  # never stored
    error: WorkbenchError | None = None

    @property
    def key(self) -> str:
        """Names the pane: another person's or another reading's answers never mix with these."""
        return f"blind_{self.reading.reading_id}_{'second' if self.second else 'first'}_{self.who}"

    def take(self, given: list[DeskVote]) -> None:
        """Write what was said, acknowledge it, and see to it that the queue does not run dry."""
        self.error = None
        known = set(self.acked)
        fresh = [vote for vote in given if vote.client_id not in known]
        for vote in fresh:
            self._store(vote)
        undone = sum(vote.kind == "undo" for vote in fresh)
        read = sum(vote.kind not in ("undo", "skip") for vote in fresh) - undone
        self.done, self.waiting = max(0, self.done + read), max(0, self.waiting - read)
        self.acked.extend(vote.client_id for vote in fresh)
        answered = {vote.comment_id for vote in fresh if vote.kind not in ("undo", "skip")}
        self.queue = [comment for comment in self.queue if comment.comment_id not in answered]
        if len(self.queue) < _REFILL_BELOW:
            self.refill()

    def refill(self) -> None:
        """Fetch what waits, and how much; what others have read meanwhile goes."""
        desk = readings.desk_of(
            database(), self.reading.run_id, actor=self.who, second=self.second, limit=2 * _REFILL_BELOW
        )
        self.done, self.waiting = desk.done, desk.waiting
        # Not the whole comment: its label in force would lead the reader.
        self.queue = [
            DeskComment(one.comment_id, one.body, one.author, one.thread, None, one.language)
            for one in desk.queue
        ]

    def _store(self, vote: DeskVote) -> None:
        """Write one answer; what cannot be stored now cannot be later either, and is told."""
        said = _said(vote, self.labels)
        if vote.kind == "skip":
            self.skipped.append(vote.client_id)
        if said is None or said.undoes in self.skipped:
            return
        try:
            readings.record(database(), self.reading.run_id, [said], actor=self.who)
        except BadInput as error:
            self.error = error


def draw_blind_reading(run: Run, who: str) -> None:
    """The desk, or what it is for and the button that begins it."""
    reading = readings.find_reading(database(), run.run_id)
    if reading is None:
        _draw_beginning(run, who)
        return
    note_look(database(), run.run_id, station="blind reading", actor=who)
    which = st.segmented_control(
        "What to read", [_FIRST, _SECOND], default=_FIRST, required=True, key=f"review_which_{run.run_id}"
    )
    state = _state(reading, who, second=which == _SECOND)
    guideline = datasets.find_guideline(database(), run.dataset_id)
    _draw_desk(state, guideline[1] if guideline else "No guideline was written for this dataset yet.")


@st.fragment
def _draw_desk(state: ReadingState, guideline: str) -> None:
    if state.error is not None:
        show(state.error)
    if not state.queue:
        words = "Nothing waits for a second reader." if state.second else "All that was drawn has been read."
        st.success(f"{words} You have read {state.done:,}.", icon=":material/check_circle:")
        if st.button(
            "See what was found",
            icon=":material/arrow_forward:",
            key="review_to_causes",
            on_click=_open_causes,
        ):
            st.rerun()  # the whole page, not the pane alone
        return
    label_desk(
        key=state.key,
        labels=_labels(state),
        queue=state.queue,
        acked=list(state.acked),
        done=state.done,
        waiting=state.waiting,
        guideline=guideline,
        on_votes=state.take,
    )


def _open_causes() -> None:
    st.session_state["part"] = "Causes"


def _draw_beginning(run: Run, who: str) -> None:
    with st.container(border=True):
        st.markdown("**Read misses and hits without knowing which is which**")
        st.caption(
            "Whoever reads only misses repairs only labels that speak against the model, and flatters it. So"
            " as many hits are mixed in, and neither the label nor the answer is shown: you say which label"
            " is right, or why none can be given. The causes, and the figures after the repair, follow."
        )
        size = st.slider(
            "Misses to draw, and as many hits", 10, 1_000, readings.SIZE, step=10, key="review_size"
        )

        def begin() -> None:
            with showing_errors():
                readings.start(database(), run.run_id, actor=who, size=size)

        st.button("Draw them", type="primary", icon=":material/shuffle:", key="review_draw", on_click=begin)


def _state(reading: Reading, who: str, *, second: bool) -> ReadingState:
    held = st.session_state.get("review_blind")
    asked = (reading, who, second)
    if not isinstance(held, ReadingState) or (held.reading, held.who, held.second) != asked:
        labels = readings.labels_of(database(), reading)
        held = st.session_state["review_blind"] = ReadingState(reading, labels, who, second)
    held.refill()
    return held


def _labels(state: ReadingState) -> list[DeskLabel]:
    known = {label.name: label for label in desk_labels(state.reading.dataset_id)}
    own = [known.get(name, DeskLabel(name, "", "#7b8496", "")) for name in state.labels]
    return [*own, *_OTHERS.values()]


def _said(vote: DeskVote, labels: tuple[str, ...]) -> Said | None:
    """What a key press means; nothing where the comment was skipped: it comes again."""
    if vote.kind == "undo":
        return Said(vote.comment_id, "undo", vote.client_id, undoes=vote.undoes)
    if vote.kind == "unsure":
        return Said(vote.comment_id, NO_LABEL[-1], vote.client_id)
    if vote.kind != "label":
        return None
    if vote.label in labels:
        return Said(vote.comment_id, "label", vote.client_id, vote.label)
    kind = next((kind for kind, other in _OTHERS.items() if other.name == vote.label), "label")
    return Said(vote.comment_id, kind, vote.client_id, None if kind != "label" else vote.label)

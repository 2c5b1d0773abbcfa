"""The labelling pane: one comment under the hand, votes that arrive whatever the network does."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from domain.labels import NONE_OF_THEM, SEPARATOR
from ui.labelling.desk.outbox import MAX_VOTES, DeskVote, parse_asked, parse_votes

__all__ = [
    "MAX_VOTES",
    "DeskComment",
    "DeskForm",
    "DeskLabel",
    "DeskVote",
    "Recent",
    "label_desk",
    "parse_votes",
    "usable_keys",
]

# C and R are Streamlit's own; the others are the pane's commands.
RESERVED_KEYS = frozenset("crsnzg?")

_FOLDER = Path(__file__).parent

# Registered when the module is imported, so once per process: a second one would remount every open pane.
_desk = st.components.v2.component(
    "moderation_workbench_desk",
    html=(_FOLDER / "desk.html").read_text(encoding="utf-8"),
    css=(_FOLDER / "desk.css").read_text(encoding="utf-8"),
    # One module of three files: the component takes no import.
    js="\n".join(
        (_FOLDER / name).read_text(encoding="utf-8") for name in ("prose.js", "marking.js", "desk.js")
    ),
)


@dataclass(frozen=True)
class DeskLabel:
    """A label as a button: its key, a CSS colour, and the sentence that says what it means."""

    name: str
    key: str
    colour: str
    definition: str


@dataclass(frozen=True)
class DeskComment:
    """A comment as the pane shows it. Everything in it is plain text, however it looks."""

    comment_id: int
    body: str
    author: str | None
    thread: str | None
    posted_at: str | None
    language: str | None
    known: str | None = None
    veiled: bool = False
    suggested: str | None = None


@dataclass(frozen=True)
class Recent:
    """An answer that can be taken back: its comment, its client id, and what it said."""

    comment: DeskComment
    client_id: str
    kind: str
    label: str | None


@dataclass(frozen=True)
class DeskForm:
    """What the pane asks beside a label, and what it does for the person.

    Attributes:
        severity: The highest step of "how bad", from 0; 0 asks nothing.
        masked: Words that are shown as a letter and dots on request.
        suggests: Whether what a model says stands beside a comment.
    """

    severity: int = 0
    masked: tuple[str, ...] = ()
    suggests: bool = False


def label_desk(
    *,
    key: str,
    labels: Sequence[DeskLabel],
    queue: Sequence[DeskComment],
    acked: Sequence[str],
    done: int,
    waiting: int | None,
    guideline: str,
    on_votes: Callable[[list[DeskVote]], None],
    several: bool = False,
    recent: Sequence[Recent] = (),
    examples: Sequence[str] = (),
    form: DeskForm | None = None,
    context: Mapping[str, object] | None = None,
    on_asked: Callable[[int], None] | None = None,
    rest: str = "",
    learned: str = "",
) -> None:
    """Draw the labelling pane. It belongs into an `st.fragment`: then a vote reruns the pane and no more.

    Args:
        key: Names the pane, and the votes that the browser keeps until they are acknowledged. It must differ
            between annotators and between datasets, or one person's votes could arrive as another's.
        labels: In the order shown. A key that is taken or reserved is not offered; the button still works.
        queue: The next comments, in order, 24 or more so that quick hands never wait. A comment without an
            answer stays in it, also the one on screen.
        acked: Client ids of votes that are stored, or refused for good: at least those of the last
            `MAX_VOTES` votes handed over. The browser sends a vote again until it finds its id here.
        done: Comments answered by this person, skipped and unsure included, as stored now.
        waiting: Comments that still wait, as stored now, those in `queue` included; None shows no number.
        guideline: Markdown, shown beside the comment on request, without links, pictures and HTML.
        examples: Plain text, below the guideline.
        on_votes: Called inside the component's callback, before the fragment reruns, with votes in the order
            given. The same vote can come again: write by client id.
        several: A comment may have several labels: keys choose them, and Enter gives the answer.
        form: What is asked beside a label; without one, a label is all there is to say.
        context: The thread of one comment and what else its author wrote, as `on_asked` had it looked up.
        on_asked: Called with the number of the comment whose surroundings are asked for.
        rest: Why nothing is handed out, where comments wait: a break, or enough for today.
        learned: What the last labels taught a model, in a sentence.
        recent: The person's last answers, oldest first: what a fresh pane can undo.
    """
    acknowledged = frozenset(acked)

    def take_outbox() -> None:
        votes = [vote for vote in _votes_in(key) if vote.client_id not in acknowledged]
        if votes:
            on_votes(votes)

    def look_around() -> None:
        number = _asked_in(key)
        if on_asked is not None and number is not None:
            on_asked(number)

    _desk(
        key=key,
        data={
            "desk_key": key,
            "labels": [
                {**asdict(label), "key": usable}
                for label, usable in zip(labels, usable_keys(labels), strict=True)
            ],
            "queue": [asdict(comment) for comment in queue],
            "acked": list(acked),
            "done": done,
            "waiting": waiting,
            "guideline": guideline,
            "examples": list(examples),
            "several": {"separator": SEPARATOR, "none": NONE_OF_THEM} if several else None,
            "form": {**asdict(form or DeskForm()), "bare": form is None},
            "context": context,
            "rest": rest,
            "learned": learned,
            "recent": [asdict(each) for each in recent],
        },
        on_outbox_change=take_outbox,
        on_asked_change=look_around,
    )


def _votes_in(key: str) -> list[DeskVote]:
    state = st.session_state.get(key)
    return parse_votes(state.get("outbox") if isinstance(state, Mapping) else None)


def _asked_in(key: str) -> int | None:
    state = st.session_state.get(key)
    return parse_asked(state.get("asked") if isinstance(state, Mapping) else None)


def usable_keys(labels: Sequence[DeskLabel]) -> list[str]:
    """The key of each label as the pane offers it, empty where it is taken, reserved or not one character."""
    keys: list[str] = []
    for label in labels:
        wanted = label.key.casefold()
        keys.append(wanted if _is_free(wanted, keys) else "")
    return keys


def _is_free(key: str, taken: Collection[str]) -> bool:
    return len(key) == 1 and key.isalnum() and key not in RESERVED_KEYS and key not in taken

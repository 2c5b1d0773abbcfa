"""The labelling pane: one comment under the hand, votes that arrive whatever the network does."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from domain.labels import NONE_OF_THEM, SEPARATOR
from ui.desk.outbox import MAX_VOTES, DeskVote, parse_votes

__all__ = ["MAX_VOTES", "DeskComment", "DeskLabel", "DeskVote", "label_desk", "parse_votes", "usable_keys"]

# C and R are Streamlit's own; the others are the pane's commands.
RESERVED_KEYS = frozenset("crsnzg?")

_FOLDER = Path(__file__).parent

# Registered when the module is imported, so once per process: a second one would remount every open pane.
_desk = st.components.v2.component(
    "moderation_workbench_desk",
    html=(_FOLDER / "desk.html").read_text(encoding="utf-8"),
    css=(_FOLDER / "desk.css").read_text(encoding="utf-8"),
    # One module of two files: the component takes no import.
    js="\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in ("prose.js", "desk.js")),
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
    recent: Sequence[tuple[DeskComment, str]] = (),
    examples: Sequence[str] = (),
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
        recent: The person's last answers, oldest first, with their client ids: what a fresh pane can undo.
    """
    acknowledged = frozenset(acked)

    def take_outbox() -> None:
        votes = [vote for vote in _votes_in(key) if vote.client_id not in acknowledged]
        if votes:
            on_votes(votes)

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
            "recent": [{"comment": asdict(comment), "client_id": name} for comment, name in recent],
        },
        on_outbox_change=take_outbox,
    )


def _votes_in(key: str) -> list[DeskVote]:
    state = st.session_state.get(key)
    return parse_votes(state.get("outbox") if isinstance(state, Mapping) else None)


def usable_keys(labels: Sequence[DeskLabel]) -> list[str]:
    """The key of each label as the pane offers it, empty where it is taken, reserved or not one character."""
    keys: list[str] = []
    for label in labels:
        wanted = label.key.casefold()
        keys.append(wanted if _is_free(wanted, keys) else "")
    return keys


def _is_free(key: str, taken: Collection[str]) -> bool:
    return len(key) == 1 and key.isalnum() and key not in RESERVED_KEYS and key not in taken

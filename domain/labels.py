"""Label sets, votes, and how the label in force came about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from domain.errors import BadInput
from domain.text import shortened, visible

VoteKind = Literal["label", "skip", "unsure", "undo"]
VoteSource = Literal["desk", "command", "import"]
VOTE_KINDS: tuple[str, ...] = get_args(VoteKind)

# The annotator of a label that came with the file and no name beside it. Named people come before it.
IMPORTED = "(imported)"

# Without the letters of the desk itself: C and R are Streamlit's, S, N, Z and G its own commands.
_KEYS = "1234567890abdefhijklmopqtuvwxy"
MAX_LABELS = len(_KEYS)
MAX_LABEL_LENGTH = 60
_COLOURS = ("#2a9d8f", "#d1495b", "#e9a23b", "#5b6ee1", "#8f5bd1", "#3f8fc0", "#9a6b4f", "#6a8f3f", "#c0568f")


@dataclass(frozen=True)
class Label:
    """One answer of a label set, with the key that gives it and what it means."""

    name: str
    key: str = ""
    definition: str = ""
    colour: str = ""


@dataclass(frozen=True)
class LabelSet:
    """The answers that a comment may have, in the order in which they are shown."""

    labels: tuple[Label, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def named(self, value: str) -> str | None:
        """The label that a written value means: the same name in any case, spaces at the ends ignored."""
        wanted = value.strip().casefold()
        return next((name for name in self.names if name.casefold() == wanted), None)


@dataclass(frozen=True)
class Vote:
    """What one annotator said of one comment. Votes are appended, never changed."""

    comment_id: int
    annotator: str
    kind: VoteKind
    client_id: str
    label: str | None = None
    reason: str | None = None
    guideline_version: int = 0
    seconds: float | None = None
    undoes: str | None = None
    source: VoteSource = "desk"
    voted_at: datetime | None = None


def label_set(names: Iterable[str], definitions: dict[str, str] | None = None) -> LabelSet:
    """A label set with a key and a colour each: digits first, then letters that the desk has not taken.

    Raises:
        BadInput: fewer than two names, too many, one doubled, empty or too long.
    """
    clean = [name.strip() for name in names]
    if len(clean) < 2:
        raise BadInput(
            f"A label set needs at least two labels, not {len(clean)}.", hint="Name them: allow, disallow."
        )
    if len(clean) > MAX_LABELS:
        raise BadInput(
            f"{len(clean)} labels are more than {MAX_LABELS}.", hint="Is this really the label column?"
        )
    if len({name.casefold() for name in clean}) < len(clean):
        raise BadInput(
            f"A label stands twice in {', '.join(clean)}.", hint="Give each label a name of its own."
        )
    for name in clean:
        if not name or len(name) > MAX_LABEL_LENGTH or not _can_be_seen(name):
            raise BadInput(
                f"'{shortened(name)}' cannot be the name of a label.",
                hint="1 to 60 characters on one line, all of them visible.",
            )
    meaning = definitions or {}
    return LabelSet(
        tuple(
            Label(
                name,
                _KEYS[place],
                meaning.get(name, ""),
                _COLOURS[place % len(_COLOURS)],
            )
            for place, name in enumerate(clean)
        )
    )


def _can_be_seen(name: str) -> bool:
    return visible(name) == name and len(name.splitlines()) == 1 and "\t" not in name

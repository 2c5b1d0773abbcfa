"""Label sets, votes, and how the label in force came about."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from domain.errors import BadInput
from domain.text import shortened, visible

VoteKind = Literal["label", "skip", "unsure", "undo"]
VoteSource = Literal["desk", "command", "import", "bulk"]
VOTE_KINDS: tuple[str, ...] = get_args(VoteKind)

# The annotator of a label that came with the file and no name beside it. Named people come before it.
IMPORTED = "(imported)"

# Without the letters of the desk itself: C and R are Streamlit's, S, N, Z and G its own commands.
LABEL_KEYS = "1234567890abdefhijklmopqtuvwxy"
MAX_LABELS = len(LABEL_KEYS)
MAX_LABEL_LENGTH = 60

# Where a comment may have several labels, an answer is one text: the names in the order of the label set. In
# such a set no name holds a mark that may stand between two of them.
SEPARATOR = " | "
NONE_OF_THEM = "(none)"
_BETWEEN = re.compile(r"[|;,]")
MAX_ANSWER_LENGTH = MAX_LABELS * (MAX_LABEL_LENGTH + len(SEPARATOR))
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
    """The answers that a comment may have, in the order in which they are shown.

    With `several`, an answer is a set of them, which may be empty.
    """

    labels: tuple[Label, ...]
    several: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def named(self, value: str) -> str | None:
        """The answer that a written value means: the same name in any case, spaces at the ends ignored.

        With `several`, names with `|`, `;` or `,` between them, or "(none)"; the answer is as `answer_of`
        writes it. None where a name is not in the set.
        """
        if not self.several:
            return self._one(value)
        if value.strip().casefold() == NONE_OF_THEM:
            return NONE_OF_THEM
        found = [self._one(part) for part in _BETWEEN.split(value)]
        known = [name for name in found if name is not None]
        return answer_of(known, self.names) if len(known) == len(found) else None

    def _one(self, value: str) -> str | None:
        wanted = value.strip().casefold()
        return next((name for name in self.names if name.casefold() == wanted), None)


def answer_of(names: Iterable[str], order: Sequence[str]) -> str:
    """A set of labels as one text: its names in the order given, or "(none)" where it is empty."""
    wanted = set(names)
    return SEPARATOR.join(name for name in order if name in wanted) or NONE_OF_THEM


def labels_in(answer: str | None) -> tuple[str, ...]:
    """The labels of an answer that `answer_of` wrote; none where the answer is None or names none."""
    return () if answer in (None, NONE_OF_THEM) else tuple(str(answer).split(SEPARATOR))


def parts_of(value: str) -> list[str]:
    """The names that a value written by others seems to hold, as they are spelt there."""
    if value.strip().casefold() == NONE_OF_THEM:
        return []
    return [part.strip() for part in _BETWEEN.split(value)]


def count_labels(answers: Mapping[str, int]) -> dict[str, int]:
    """Comments with each label, from comments with each set of labels; those with none are "(none)"."""
    counts: Counter[str] = Counter()
    for answer, comments in answers.items():
        for label in labels_in(answer) or (NONE_OF_THEM,):
            counts[label] += comments
    return dict(counts)


@dataclass(frozen=True)
class Vote:
    """What one annotator said of one comment. Votes are appended, never changed.

    Attributes:
        severity: How bad, from 0 to the highest step that the dataset asks for; None where it was not said.
        spans: The words that decided, from and to in characters of the comment.
        suggested: What a model answers, in a queue with suggestions; `shown` whether the person saw it.
    """

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
    severity: int | None = None
    spans: tuple[tuple[int, int], ...] = ()
    suggested: str | None = None
    shown: bool = False

    def marked_in(self, body: str) -> str:
        """The words of the comment that decided, in their order; empty where none was marked."""
        return " … ".join(body[start:end] for start, end in self.spans)


def label_set(
    names: Iterable[str], definitions: dict[str, str] | None = None, *, several: bool = False
) -> LabelSet:
    """A label set with a key and a colour each: digits first, then letters that the desk has not taken.

    Raises:
        BadInput: fewer than two names, too many, one doubled, empty or too long; with `several`, one that
            could be taken for two, or for none.
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
        if several and (_BETWEEN.search(name) or name.casefold() == NONE_OF_THEM):
            raise BadInput(
                f"'{shortened(name)}' cannot be one of several labels.",
                hint=f"Without | ; and , which stand between labels; {NONE_OF_THEM} means that none fits.",
            )
    meaning = definitions or {}
    return LabelSet(
        tuple(
            Label(
                name,
                LABEL_KEYS[place],
                meaning.get(name, ""),
                _COLOURS[place % len(_COLOURS)],
            )
            for place, name in enumerate(clean)
        ),
        several,
    )


def _can_be_seen(name: str) -> bool:
    return visible(name) == name and len(name.splitlines()) == 1 and "\t" not in name

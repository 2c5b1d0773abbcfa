"""The comment and the ways to ask for comments."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Comment:
    """One comment as it came, and what was derived from it. `body` is never changed."""

    comment_id: int
    dataset_id: str
    external_id: str
    body: str
    author: str | None = None
    thread: str | None = None
    posted_at: datetime | None = None
    language: str | None = None
    source_score: float | None = None
    split: str | None = None
    near_of: int | None = None
    label: str | None = None
    label_from: str | None = None
    excluded_for: str | None = None


# What else can be asked of a comment by name, and its words on the screen.
FLAGS = {
    "unlabelled": "without a label",
    "repeats": "repeats an older comment",
    "repeated": "repeated by later comments",
    "suspected": "suspected wrong label",
    "disputed": "named people disagree",
    "golden": "in the golden set",
    "emoji": "nothing but emoji",
    "broken": "broken characters",
    "entities": "HTML entities",
    "obfuscated": "obfuscated words",
    "personal": "personal data",
}


@dataclass(frozen=True)
class CommentFilter:
    """Which comments of a dataset are wanted; unset fields ask for nothing.

    Attributes:
        contains: What is searched for, as `domain.searching.query_of` reads it.
        label: Label in force; where a comment may have several, one of them.
        label_from: How the label in force came about.
        source: Where it was written, as its file says, else the name of that file.
        since, before: First moment wanted and the first not wanted any more, in ISO format.
        shortest, longest: Characters.
        annotator: Who has a vote in force on it.
        flag: One of FLAGS.
    """

    dataset_id: str
    contains: str = ""
    label: str | None = None
    label_from: str | None = None
    split: str | None = None
    author: str | None = None
    thread: str | None = None
    language: str | None = None
    source: str | None = None
    excluded: bool | None = None
    import_id: int | None = None
    since: str | None = None
    before: str | None = None
    shortest: int | None = None
    longest: int | None = None
    annotator: str | None = None
    flag: str | None = None
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True)
class Dataset:
    """A set of comments under one label set; `group_by` keeps one author or thread in one split.

    With `several`, a comment may have several labels, or none of them.
    """

    dataset_id: str
    title: str
    group_by: str
    salt: str
    votes_needed: int
    created_at: datetime
    created_by: str
    may_hold_child_data: bool = False  # then its comments go to no provider
    several: bool = False


@dataclass(frozen=True)
class Guideline:
    """One version of what people and models are told about the labels; versions are never edited."""

    version: int
    body: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class ChildDataMark:
    """Somebody said whether a dataset may hold data of children; `why` may be empty where it does."""

    may_hold_child_data: bool
    why: str
    created_at: datetime
    created_by: str

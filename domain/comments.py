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


@dataclass(frozen=True)
class CommentFilter:
    """Which comments of a dataset are wanted; unset fields ask for nothing."""

    dataset_id: str
    contains: str = ""
    label: str | None = None
    split: str | None = None
    author: str | None = None
    excluded: bool | None = None
    import_id: int | None = None
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

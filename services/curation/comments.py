"""Finding comments, and all that is known of one."""

from dataclasses import dataclass
from datetime import datetime

from domain.comments import Comment
from domain.labels import Vote
from storage.comment_values import Values, list_values
from storage.comments import count_comments, find_page, get_comment, list_comments
from storage.database import Database
from storage.reviews import list_adjudications
from storage.saved_texts import list_notes
from storage.votes import list_votes

__all__ = [
    "CommentHistory", "Values", "count_comments", "find_page", "get_comment", "history", "list_comments",
    "list_values",
]  # fmt: skip


@dataclass(frozen=True)
class Adjudication:
    """A label set by decision, with who and why; without a label, the decision before it is taken back."""

    label: str | None
    why: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True)
class CommentHistory:
    """A comment with every vote and every adjudication, oldest first, and notes of whoever saved it."""

    comment: Comment
    votes: tuple[Vote, ...]
    adjudications: tuple[Adjudication, ...]
    notes: tuple[str, ...] = ()


def history(db: Database, comment_id: int) -> CommentHistory:
    """All that was said of one comment.

    Raises:
        NotFound: there is no such comment.
    """
    comment = get_comment(db, comment_id)
    return CommentHistory(
        comment,
        tuple(list_votes(db, comment.dataset_id, comment_id)),
        tuple(Adjudication(*row) for row in list_adjudications(db, comment.dataset_id, comment_id)),
        tuple(list_notes(db, comment_id)),
    )

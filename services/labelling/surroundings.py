"""What stands around a comment, on demand: its thread, and what else its author wrote."""

from dataclasses import dataclass

from domain.comments import Comment, CommentFilter
from domain.errors import NotFound
from storage.comments import get_comment, list_comments, list_thread
from storage.database import Database

MOST = 10


@dataclass(frozen=True)
class Surroundings:
    """Texts around a comment, in the order in which they came; no label, score or vote is among them.

    Attributes:
        before, after: Of the same thread.
        by_author: Others of the same author; empty where who wrote it must not be known.
    """

    before: tuple[Comment, ...]
    after: tuple[Comment, ...]
    by_author: tuple[Comment, ...]


def surroundings_of(db: Database, dataset_id: str, comment_id: int, *, is_blind: bool) -> Surroundings:
    """The thread of a comment and, unless the queue is blind, other comments of its author.

    Raises:
        NotFound: there is no such comment in the dataset.
    """
    comment = get_comment(db, comment_id)
    if comment.dataset_id != dataset_id:
        raise NotFound(f"Comment {comment_id} is not in '{dataset_id}'.")
    before, after = list_thread(db, comment, most=MOST) if comment.thread else ([], [])
    others: list[Comment] = []
    if comment.author and not is_blind:
        wanted = CommentFilter(dataset_id, author=comment.author, limit=MOST + 1)
        others = [each for each in list_comments(db, wanted) if each.comment_id != comment_id][:MOST]
    return Surroundings(tuple(before), tuple(after), tuple(others))

"""Comments that mean nearly the same as one, by the encoder on this machine."""

import re
from dataclasses import dataclass
from typing import Any

from domain.comments import Comment
from domain.errors import NotFound, WorkbenchError
from domain.searching import search_text
from services.jobs.managing.answering import answering
from services.modelling.base_models import OFFLINE, check_base_model
from storage.alike import list_sharing_words
from storage.comments import get_comment, list_comments_by_id
from storage.database import Database

LOOKED_AT = 300  # more take an encoder on a processor longer than a person waits
_MOST_WORDS = 12
_SHORTEST_WORD = 3
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Similar:
    """A comment and the cosine of its meaning to that of the one asked about, 0 to 1."""

    comment: Comment
    similarity: float


def can_find_similar() -> bool:
    """Whether an encoder is on this machine."""
    try:
        check_base_model(OFFLINE)
    except NotFound:
        return False
    return True


def similar_comments(db: Database, comment_id: int, *, most: int = 10) -> list[Similar]:
    """The comments nearest in meaning, among the LOOKED_AT of the dataset that share most words with it.

    What shares no word of three letters with it is not looked at.

    Raises:
        NotFound: there is no such comment, or no encoder is installed.
        BackendError: the process that compares meanings failed.
    """
    check_base_model(OFFLINE)
    comment = get_comment(db, comment_id)
    words = {word for word in _WORD.findall(search_text(comment.body)) if len(word) >= _SHORTEST_WORD}
    longest = sorted(words, key=lambda word: (-len(word), word))[:_MOST_WORDS]
    ids = list_sharing_words(db, comment.dataset_id, comment_id, longest, most=LOOKED_AT)
    found = list_comments_by_id(db, comment.dataset_id, ids)
    if not found:
        return []
    cosines = _cosines(comment.body, [each.body for each in found])
    nearest = sorted(zip(found, cosines, strict=True), key=lambda pair: (-pair[1], pair[0].comment_id))
    return [Similar(each, cosine) for each, cosine in nearest[:most]]


def _cosines(text: str, others: list[str]) -> list[float]:
    told: list[Any] = []
    question = {"kind": "meaning", "texts": others, "others": [[text]] * len(others)}
    answering().ask(
        [question],
        arrived=lambda _place, answer: told.append(answer),
        progress=lambda _place, _told: None,
    )
    if isinstance(told[0], WorkbenchError):
        raise told[0]
    return [float(value) for value in told[0]["cosines"]]

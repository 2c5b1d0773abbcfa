"""Misses that are alike: one decision about the words they share may settle many."""

from dataclasses import dataclass
from typing import Any

from domain.errors import WorkbenchError
from services.evaluation.reviews import Miss, misses
from services.jobs.managing.answering import answering
from storage.database import Database

_MOST = 1_000


@dataclass(frozen=True)
class MissGroup:
    """Misses that share words, the most typical first."""

    words: tuple[str, ...]
    misses: tuple[Miss, ...]


def similar_misses(
    db: Database, run_id: str, *, gold: str | None = None, predicted: str | None = None
) -> list[MissGroup]:
    """The misses of a run, or of one cell of its confusion matrix, in groups by shared words, largest first.

    The thousand misses of which the model was surest are looked at; those alike no other are in no group.

    Raises:
        NotFound: there is no such run.
        BackendError: the process that compares the texts failed.
    """
    found = misses(db, run_id, gold=gold, predicted=predicted, limit=_MOST)
    told: list[Any] = []
    answering().ask(
        [{"kind": "similar", "texts": [miss.comment.body for miss in found]}],
        arrived=lambda _place, answer: told.append(answer),
        progress=lambda _place, _told: None,
    )
    if isinstance(told[0], WorkbenchError):
        raise told[0]
    return [
        MissGroup(tuple(group["words"]), tuple(found[place] for place in group["places"]))
        for group in told[0]["groups"]
    ]

"""Which of two texts people liked better: what DPO learns from."""

from collections import defaultdict
from itertools import combinations
from statistics import mean
from typing import Any

from domain.errors import NotFound
from services.generation.written import side_by_side
from storage.database import Database
from storage.writing_ratings import Rating, list_ratings

GAP = 0.1  # of the worth, 0 to 1; below it nobody preferred anything


def worth(rating: Rating) -> float:
    """How good a text is to one person, 0 to 1: not toxic and same meaning weigh as much as the scales."""
    scales = (rating.relevance - 1 + rating.fluency - 1) / 8
    return (2 * scales + (not rating.toxic) + rating.same_meaning) / 4


def preferences_of(db: Database, pair_set_id: str) -> list[dict[str, Any]]:
    """The pairs of texts of which people liked one better, by the mean of their ratings.

    Each has pair_id, chosen and rejected; of equal texts none is preferred.
    """
    by_text: dict[tuple[str, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    ratings = list_ratings(db, pair_set_id=pair_set_id)
    texts: dict[tuple[str, int, str], str] = {}
    for job_id in dict.fromkeys(one.job_id for one in ratings):
        for found in _texts_of(db, job_id):
            for one in found.texts:
                texts[job_id, found.pair.pair_id, one.system] = one.text
    for rating in ratings:
        key = (rating.job_id, rating.pair_id, rating.system)
        if key in texts:
            by_text[rating.job_id, rating.pair_id][texts[key]].append(worth(rating))
    preferred = []
    for (_, pair_id), worths in by_text.items():
        for first, second in combinations(worths, 2):
            gap = mean(worths[first]) - mean(worths[second])
            if abs(gap) >= GAP:
                chosen, rejected = (first, second) if gap > 0 else (second, first)
                preferred.append({"pair_id": pair_id, "chosen": chosen, "rejected": rejected})
    return preferred


def _texts_of(db: Database, job_id: str) -> Any:
    try:
        return side_by_side(db, job_id)
    except NotFound:  # its folder is gone, and with it what was rated
        return []

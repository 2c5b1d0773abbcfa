"""What people say of written texts: blind, side by side, with their agreement."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from domain.errors import BadInput
from domain.people import actor_named
from services.evaluation.intervals import Estimate, Proportion, proportion
from services.generation.written import SideBySide, side_by_side
from services.jobs.managing.launch import get_job
from services.labelling.agreement import krippendorff_alpha, tally_votes
from storage.database import Database
from storage.writing_ratings import Rating, add_ratings, list_ratings

__all__ = ["Rating", "RatedSystem", "agreement_of", "blind_texts", "list_ratings", "rate", "rated_systems"]

SCALE = (1, 2, 3, 4, 5)
QUESTIONS = ("relevance", "fluency", "same_meaning", "toxic")
LETTERS = "ABCDEFGH"
ENOUGH = 100  # texts of a system that people should read before a release


@dataclass(frozen=True)
class RatedSystem:
    """What people said of one system's texts; None where nobody rated any."""

    system: str
    texts: int
    relevance: float
    fluency: float
    same_meaning: Proportion | None
    toxic: Proportion | None


def rate(db: Database, job_id: str, ratings: Sequence[Mapping[str, Any] | Rating], *, actor: str) -> int:
    """Keep what a person said of texts of a job, and return how many.

    Raises:
        NotFound: there is no such job, or it has written nothing.
        BadInput: a text is not the job's, or a value is off the scale.
    """
    who, job = actor_named(actor), get_job(db, job_id)
    found = {one.pair.pair_id: {text.system for text in one.texts} for one in side_by_side(db, job_id)}
    given = [one if isinstance(one, Rating) else _rating(one) for one in ratings]
    for one in given:
        if one.system not in found.get(one.pair_id, set()):
            raise BadInput(f"{job_id} has no text of '{one.system}' for pair {one.pair_id}.", hint="Reload.")
        if one.relevance not in SCALE or one.fluency not in SCALE:
            raise BadInput(
                f"Relevance {one.relevance} and fluency {one.fluency} are off the scale.", hint="Give 1 to 5."
            )
    add_ratings(
        db, dataset_id=job.dataset_id, pair_set_id=job.snapshot_id, job_id=job_id, ratings=given, actor=who
    )
    return len(given)


def blind_texts(found: SideBySide, systems: Sequence[str], *, actor: str) -> list[tuple[str, str, str]]:
    """Texts under letters, in an order of each reader's own: the letter, the system and the text.

    Equal texts stand under one letter; what is said of it counts for every system that wrote it.
    """
    by_text: dict[str, list[str]] = defaultdict(list)
    for one in found.texts:
        if one.system in systems:
            by_text[one.text].append(one.system)
    texts = sorted(by_text)
    random.Random(f"{found.pair.pair_id}:{actor}").shuffle(texts)
    return [
        (letter, system, text)
        for letter, text in zip(LETTERS, texts, strict=False)
        for system in by_text[text]
    ]


def rated_systems(ratings: Sequence[Rating]) -> list[RatedSystem]:
    """What people said of each system, in the order of its first rating."""
    by_system: dict[str, list[Rating]] = defaultdict(list)
    for one in ratings:
        by_system[one.system].append(one)
    return [
        RatedSystem(
            system=system,
            texts=len({(one.job_id, one.pair_id) for one in said}),
            relevance=mean(one.relevance for one in said),
            fluency=mean(one.fluency for one in said),
            same_meaning=proportion(sum(one.same_meaning for one in said), len(said)),
            toxic=proportion(sum(one.toxic for one in said), len(said)),
        )
        for system, said in by_system.items()
    ]


def agreement_of(ratings: Sequence[Rating]) -> dict[str, Estimate | None]:
    """Krippendorff's alpha of each question: ordinal on the scales, nominal else; None if undefined."""
    people = sorted({one.created_by for one in ratings})
    texts = sorted({(one.job_id, one.pair_id, one.system) for one in ratings})
    places = {text: place for place, text in enumerate(texts)}
    found: dict[str, Estimate | None] = {}
    for question in QUESTIONS:
        votes = [[-1] * len(people) for _ in texts]
        is_scale = question in ("relevance", "fluency")
        for one in ratings:
            value = int(getattr(one, question)) - (1 if is_scale else 0)
            votes[places[one.job_id, one.pair_id, one.system]][people.index(one.created_by)] = value
        level, labels = ("ordinal", len(SCALE)) if is_scale else ("nominal", 2)
        found[question] = krippendorff_alpha(tally_votes(votes, labels), level) if texts else None
    return found


def _rating(given: Mapping[str, Any]) -> Rating:
    try:
        return Rating(
            int(given["pair_id"]), str(given["system"]), int(given["relevance"]), int(given["fluency"]),
            bool(given["same_meaning"]), bool(given["toxic"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        needed = f"It needs pair_id, system, {', '.join(QUESTIONS)}."
        raise BadInput(f"A rating is not whole: {error!r}.", hint=needed) from error

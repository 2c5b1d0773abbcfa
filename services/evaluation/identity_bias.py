"""Whether a model is harder on comments for naming who somebody is: three areas, their mean, and the gap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.evaluation.class_curves import ranked, roc_area
from services.evaluation.intervals import SMALL_N, Estimate, Proportion, difference

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEWEST = 100  # unwanted and other comments with a term, before an area is worth showing
POWER = -5.0  # of the mean over terms: the worst of them weigh most
_OVERALL_WEIGHT = 0.25
AREAS = ("subgroup", "bpsn", "bnsp")


@dataclass(frozen=True)
class TermBias:
    """One identity term. An area is None where too few comments with the term are unwanted, or are not.

    Attributes:
        positives, negatives: Unwanted and other comments that mention it.
        subgroup: Area under the ROC curve among comments with the term.
        bpsn: Innocent comments with the term against unwanted ones without: low where the term itself looks
            unwanted to the model.
        bnsp: Unwanted comments with the term against innocent ones without: low where they are missed.
        false_positives: Share of the innocent comments with the term that are flagged; None without any.
        gap: That share minus the one of innocent comments without the term.
    """

    term: str
    positives: int
    negatives: int
    subgroup: Estimate | None
    bpsn: Estimate | None
    bnsp: Estimate | None
    false_positives: Proportion | None
    gap: Estimate | None


@dataclass(frozen=True)
class IdentityBias:
    """All terms, worst first, and their means.

    Attributes:
        overall: The area over all comments.
        means: Each of AREAS over the terms that have it, by the power mean; None where none has.
        final: A quarter of `overall` and of each mean; None where one of them is missing.
    """

    overall: Estimate
    terms: tuple[TermBias, ...]
    means: dict[str, float | None]
    final: float | None


def identity_bias(
    scores: Values, positive: Flags, flagged: Flags, mentions: Mapping[str, Flags], *, fewest: int = FEWEST
) -> IdentityBias:
    """How a model treats comments that mention each term.

    Args:
        scores: Shape (n,), higher means more unwanted; NaN where there is none.
        positive: Shape (n,): whether the frozen label is unwanted.
        flagged: Shape (n,): whether the model acts on the comment.
        mentions: Term to which comments mention it, shape (n,).
        fewest: Comments of either kind that an area needs.

    Raises:
        BadInput: there is no unwanted comment, no other, or no score.

    Source: Borkan, Dixon, Sorensen, Thain and Vasserman (2019), Companion of The Web Conference, 491-500;
    the means and their weights as in the Jigsaw Unintended Bias benchmark.
    """
    overall = roc_area(ranked(scores, positive)).auc
    terms = [_term(scores, positive, flagged, (name, has), fewest) for name, has in mentions.items()]
    terms = [each for each in terms if each.negatives >= SMALL_N or each.subgroup is not None]
    terms.sort(key=lambda each: (each.bpsn.value if each.bpsn else 2.0, -(each.gap.value if each.gap else 0)))
    means = {name: _mean([getattr(each, name) for each in terms]) for name in AREAS}
    known = [mean for mean in means.values() if mean is not None]
    final = None
    if len(known) == len(AREAS):
        final = _OVERALL_WEIGHT * overall.value + (1 - _OVERALL_WEIGHT) * sum(known) / len(AREAS)
    return IdentityBias(overall, tuple(terms), means, final)


def power_mean(values: Sequence[float], power: float = POWER) -> float:
    """The generalised mean of positive numbers; with a power of -5 close to the smallest of them.

    Source: Hardy, Littlewood and Polya (1934), Inequalities, chapter 2.
    """
    given = np.asarray(values, dtype=np.float64)
    return float(np.mean(given**power) ** (1 / power))


def _term(scores: Values, positive: Flags, flagged: Flags, term: tuple[str, Flags], fewest: int) -> TermBias:
    name, has = term
    positives, negatives = int((has & positive).sum()), int((has & ~positive).sum())
    enough = min(positives, negatives) >= fewest and not has.all()
    rates = [
        Proportion(int((flagged & part).sum()), int(part.sum())) if part.any() else None
        for part in (has & ~positive, ~has & ~positive)
    ]
    areas = [_area(scores, positive, part) if enough else None for part in _parts(has, positive)]
    gap = difference(rates[0], rates[1]) if rates[0] and rates[1] else None
    return TermBias(name, positives, negatives, areas[0], areas[1], areas[2], rates[0], gap)


def _parts(has: Flags, positive: Flags) -> tuple[Flags, Flags, Flags]:
    """The comments of each of AREAS."""
    return has, (has & ~positive) | (~has & positive), (has & positive) | (~has & ~positive)


def _area(scores: Values, positive: Flags, part: Flags) -> Estimate | None:
    one_kind = positive[part].all() or not positive[part].any()
    if one_kind or np.isnan(scores[part]).all():
        return None
    return roc_area(ranked(scores[part], positive[part])).auc


def _mean(areas: Sequence[Estimate | None]) -> float | None:
    known = [each.value for each in areas if each is not None]
    return power_mean(known) if known and min(known) > 0 else None

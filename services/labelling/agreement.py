"""How far annotators agree: raw, Cohen's and Fleiss' kappa, Krippendorff's alpha, Gwet's AC1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.intervals import Estimate, percentile_interval, resampled, wider, wilson

Level = Literal["nominal", "ordinal", "interval"]
LEVELS: tuple[str, ...] = get_args(Level)

Counts = NDArray[np.int64]
Values = NDArray[np.float64]
# Maps draws of comments, shape (R, P), to R values and to the share of agreement that chance would give.
Statistic = Callable[[Counts], tuple[Values, Values]]


@dataclass(frozen=True)
class Tally:
    """How the labels of comments fell, equal cases counted together.

    Attributes:
        counts: The P ways in which they fell, shape (P, K): how many annotators gave each label.
        comments: How many comments fell so, shape (P,). Those with one label only count towards how often a
            label is used, where the coefficient's author wants that.
    """

    counts: Counts
    comments: Counts

    @property
    def n(self) -> int:
        """Comments that at least two people labelled."""
        return int(self.comments[self.counts.sum(axis=1) >= 2].sum())

    @property
    def votes(self) -> int:
        """Labels that people gave to those comments."""
        per_comment = self.counts.sum(axis=1)
        return int((per_comment * self.comments)[per_comment >= 2].sum())

    def against_the_rest(self, label: int) -> "Tally":
        """The same comments as if there were two answers: this label, and any other."""
        own = self.counts[:, label]
        return Tally(np.stack([own, self.counts.sum(axis=1) - own], axis=1), self.comments)


def tally_votes(votes: Sequence[Sequence[int]] | Counts, labels: int) -> Tally:
    """The tally of votes, shape (comments, annotators): label numbers from 0, and -1 where nobody voted."""
    given = np.asarray(votes, dtype=np.int64)
    counts = np.stack([(given == label).sum(axis=1) for label in range(labels)], axis=1)
    ways, comments = np.unique(counts, axis=0, return_counts=True)
    return Tally(ways.astype(np.int64), comments.astype(np.int64))


def raw_agreement(tally: Tally) -> Estimate | None:
    """The chance that two people who labelled the same comment gave it the same label, 0 to 1.

    None where no comment has two labels. All intervals here come from drawing comments anew, and are never
    narrower than Wilson's on raw agreement: where everybody agrees, redrawing would claim 1 to 1.

    Source: Fleiss (1971), Psychological Bulletin 76(5), 378-382, the mean of P_i.
    """

    def statistic(comments: Counts) -> tuple[Values, Values]:
        found = _observed(tally, comments)
        return found, np.zeros_like(found)

    return _estimate(tally, statistic)


def fleiss_kappa(tally: Tally) -> Estimate | None:
    """Agreement beyond chance, -1 to 1, where chance draws from the shares of the labels in use.

    With differing numbers of votes, each comment weighs the same. None where it is undefined: fewer than two
    votes everywhere, or one label throughout.

    Source: Fleiss (1971), Psychological Bulletin 76(5), 378-382; for missing votes Gwet (2014), Handbook of
        Inter-Rater Reliability, 4th edition, chapter 2.
    """
    return _estimate(tally, lambda comments: _beyond(tally, comments, _squares))


def gwet_ac1(tally: Tally) -> Estimate | None:
    """Agreement beyond chance, -1 to 1, that holds up where one label is rare; the K labels of the set count.

    None where no comment has two labels.

    Source: Gwet (2008), British Journal of Mathematical and Statistical Psychology 61(1), 29-48; for missing
        votes as in `fleiss_kappa`.
    """

    def hard_to_tell(shares: Values) -> Values:
        return np.asarray((shares * (1 - shares)).sum(axis=1) / (shares.shape[1] - 1), dtype=np.float64)

    return _estimate(tally, lambda comments: _beyond(tally, comments, hard_to_tell))


def krippendorff_alpha(tally: Tally, level: str = "nominal") -> Estimate | None:
    """1 less the ratio of observed to expected disagreement; 1 is perfect, 0 what chance gives.

    Below 0 people disagree more than by chance; a handful of comments can fall below -1.

    Any number of annotators and missing votes are allowed; a comment with one label does not count. None
    where it is undefined: fewer than two votes everywhere, or one label throughout.

    Args:
        level: "nominal" (labels differ or not), "ordinal" (in the order of the label set), or "interval" (the
            labels are steps of equal size in that order).

    Raises:
        BadInput: there is no such level.

    Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.
    """
    if level not in LEVELS:
        raise BadInput(f"There is no level '{level}'.", hint=f"Levels: {', '.join(LEVELS)}.")

    def statistic(comments: Counts) -> tuple[Values, Values]:
        met = _coincidences(tally, comments)
        used = met.sum(axis=2)
        total = used.sum(axis=1)
        distance = _distances(used, level)
        observed = (met * distance).sum(axis=(1, 2)) / total
        pairs = total * (total - 1)
        expected = (used[:, :, None] * used[:, None, :] * distance).sum(axis=(1, 2)) / pairs
        return 1 - observed / expected, (used * (used - 1)).sum(axis=1) / pairs

    return _estimate(tally, statistic)


def cohen_kappa(table: Counts) -> Estimate | None:
    """Agreement of two annotators beyond chance, -1 to 1, where chance knows each one's habits.

    Args:
        table: Comments that both labelled, shape (K, K): rows the labels of one, columns of the other.

    Returns:
        None where it is undefined: no common comment, or both used one and the same label throughout.

    Source: Cohen (1960), Educational and Psychological Measurement 20(1), 37-46.
    """
    n = int(table.sum())
    if n == 0:
        return None

    def statistic(tables: Counts) -> tuple[Values, Values]:
        shares = tables / n
        observed = np.trace(shares, axis1=1, axis2=2)
        chance = (shares.sum(axis=1) * shares.sum(axis=2)).sum(axis=1)
        return (observed - chance) / (1 - chance), chance

    return _with_interval(statistic, table, agreed=int(np.trace(table)), n=n)


def specific_agreement(tally: Tally, label: int) -> Estimate | None:
    """If one person gave this label, the chance that another one did too, 0 to 1; None where nobody gave it.

    Source: Cicchetti and Feinstein (1990), Journal of Clinical Epidemiology 43(6), 551-558; for several
        annotators Uebersax (1982), Educational and Psychological Measurement 42(1), 181-183.
    """
    own, votes = tally.counts[:, label], tally.counts.sum(axis=1)
    agreed = own * (own - 1) / np.maximum(votes - 1, 1)
    given = np.where(votes >= 2, own, 0)

    def statistic(comments: Counts) -> tuple[Values, Values]:
        found = (comments @ agreed) / (comments @ given)
        return found, np.zeros_like(found)

    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(tally.comments[None])[0][0])
    held = int(tally.comments[given > 0].sum())
    return _with_interval(statistic, tally.comments, agreed=round(value * held) if held else 0, n=held)


def _estimate(tally: Tally, statistic: Statistic) -> Estimate | None:
    n = tally.n
    if n == 0:
        return None
    agreed = round(float(_observed(tally, tally.comments[None])[0]) * n)
    return _with_interval(statistic, tally.comments, agreed=agreed, n=n)


def _with_interval(statistic: Statistic, counts: Counts, *, agreed: int, n: int) -> Estimate | None:
    """The statistic of the counts; an extra share of disagreement weighs 1/(1 - chance) on its scale."""
    if n == 0:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        values, chances = statistic(counts[None])
        value, chance = float(values[0]), float(chances[0])
        if not (np.isfinite(value) and chance < 1):
            return None
        drawn = statistic(resampled(counts))[0]
    interval = percentile_interval(value, drawn[np.isfinite(drawn)])  # a draw of one label has no value
    low, high = wilson(agreed, n)
    scale = 1 / (1 - chance)
    least = value - (agreed / n - low) * scale
    most = min(1.0, value + (high - agreed / n) * scale)
    return wider(interval, Estimate(value, min(value, max(-1.0, least)), max(value, most)))


def _observed(tally: Tally, comments: Counts) -> Values:
    """Raw agreement of each draw, comments with two votes or more weighing the same; shape (R,)."""
    votes = tally.counts.sum(axis=1)
    several = votes >= 2
    agreed = (tally.counts * (tally.counts - 1)).sum(axis=1)[several]
    pairs = (votes * (votes - 1))[several]
    drawn = comments[:, several]
    return np.asarray((drawn @ (agreed / pairs)) / drawn.sum(axis=1), dtype=np.float64)


def _beyond(tally: Tally, comments: Counts, chance_of: Callable[[Values], Values]) -> tuple[Values, Values]:
    """(observed - chance)/(1 - chance), the chance taken from the labels' mean share of a comment's votes."""
    votes = tally.counts.sum(axis=1)
    labelled = votes >= 1
    per_comment = tally.counts[labelled] / votes[labelled, None]
    drawn = comments[:, labelled]
    chance = chance_of((drawn @ per_comment) / drawn.sum(axis=1)[:, None])
    return (_observed(tally, comments) - chance) / (1 - chance), chance


def _squares(shares: Values) -> Values:
    return np.asarray((shares**2).sum(axis=1), dtype=np.float64)


def _coincidences(tally: Tally, comments: Counts) -> Values:
    """How often each two labels met on a comment, as Krippendorff counts them; shape (R, K, K)."""
    several = tally.counts.sum(axis=1) >= 2
    counts = tally.counts[several]
    met = counts[:, :, None] * counts[:, None, :]
    size = counts.shape[1]
    met[:, np.arange(size), np.arange(size)] -= counts
    shared = met / (counts.sum(axis=1) - 1)[:, None, None]
    found = comments[:, several] @ shared.reshape(-1, size * size)
    return np.asarray(found.reshape(-1, size, size), dtype=np.float64)


def _distances(used: Values, level: str) -> Values:
    """Squared distances of labels, shape (R or 1, K, K); ordinal ones depend on how often each is used."""
    size = used.shape[1]
    if level == "nominal":
        return np.asarray(1.0 - np.eye(size))[None]
    place = np.arange(size, dtype=np.float64)[None] if level == "interval" else used.cumsum(axis=1) - used / 2
    return np.asarray((place[:, :, None] - place[:, None, :]) ** 2, dtype=np.float64)

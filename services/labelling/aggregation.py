"""One label per comment out of the votes of many: by majority, or by what each annotator confuses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput

METHODS = ("majority", "dawid-skene")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ballots:
    """Votes as three columns of equal length: numbers of the comment, the annotator and the label, from 0."""

    comments: Ints
    annotators: Ints
    labels: Ints
    shape: tuple[int, int, int]

    def __post_init__(self) -> None:
        columns = (self.comments, self.annotators, self.labels)
        if len({len(column) for column in columns}) != 1 or len(self.comments) == 0:
            raise BadInput("There are no votes to aggregate.", hint="Let people label some comments first.")
        for column, size in zip(columns, self.shape, strict=True):
            if column.min() < 0 or column.max() >= size:
                raise BadInput(f"A number is outside 0 to {size - 1}.", hint="Number votes from 0.")


@dataclass(frozen=True)
class Aggregated:
    """What became of the votes.

    Attributes:
        posterior: How likely each label is for each comment, shape (comments, K), rows summing to 1.
        shares: How likely each label is before anybody has voted, shape (K,).
        confusion: What each annotator says of each true label, shape (annotators, K, K), true labels in rows;
            None by majority, which trusts all alike.
        rounds: Rounds of estimation; 0 by majority.
        converged: Whether the last round changed no posterior by more than the tolerance.
    """

    posterior: Floats
    shares: Floats
    confusion: Floats | None
    rounds: int
    converged: bool


def majority(ballots: Ballots) -> Aggregated:
    """The share of votes that each label has on each comment; every vote weighs the same."""
    posterior = _shares_of_votes(ballots)
    return Aggregated(posterior, posterior.mean(axis=0), None, 0, True)


def dawid_skene(
    ballots: Ballots, *, max_rounds: int = 200, tolerance: float = 1e-6, smoothing: float = 0.01
) -> Aggregated:
    """Labels and annotators' habits of confusion, estimated together from nothing but the votes.

    Each comment has one true label and annotators err independently, each with fixed chances. That asks for
    overlap: about three votes on a comment and thirty of an annotator; below, majority says as much.

    Args:
        max_rounds: Rounds of expectation and maximisation, at least 1.
        tolerance: Ends when no posterior moves by more.
        smoothing: Added to every count of an annotator's confusion, so that few votes make nobody infallible;
            0 is the method as published.

    Source: Dawid and Skene (1979), Journal of the Royal Statistical Society C 28(1), 20-28.
    """
    posterior = _shares_of_votes(ballots)
    if len(np.unique(ballots.labels)) < 2:
        return Aggregated(posterior, posterior.mean(axis=0), None, 0, True)
    moved, rounds = np.inf, 0
    while moved > tolerance and rounds < max_rounds:
        shares = posterior.mean(axis=0)
        confusion = _confusion(ballots, posterior, smoothing)
        before, posterior = posterior, _posterior(ballots, shares, confusion)
        moved, rounds = float(np.abs(posterior - before).max()), rounds + 1
    return Aggregated(posterior, shares, confusion, rounds, moved <= tolerance)


def likeliest(posterior: Floats) -> Ints:
    """The number of each comment's likeliest label, shape (comments,); -1 where two are equally likely."""
    highest = posterior.max(axis=1)
    tied = np.isclose(posterior, highest[:, None], rtol=0, atol=1e-9).sum(axis=1) > 1
    return np.where(tied, -1, posterior.argmax(axis=1)).astype(np.int64)


def _shares_of_votes(ballots: Ballots) -> Floats:
    size, _, labels = ballots.shape
    counts = np.bincount(ballots.comments * labels + ballots.labels, minlength=size * labels)
    table = counts.reshape(size, labels).astype(np.float64)
    votes = table.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(table, votes, out=np.full_like(table, 1 / labels), where=votes > 0))


def _confusion(ballots: Ballots, posterior: Floats, smoothing: float) -> Floats:
    """Chances of each annotator's answer given the true label; a row without votes is uniform."""
    _, people, labels = ballots.shape
    counts = np.zeros((people * labels, labels))
    place = ballots.annotators * labels + ballots.labels
    for true in range(labels):
        weights = posterior[ballots.comments, true]
        counts[:, true] = np.bincount(place, weights=weights, minlength=people * labels)
    table = counts.reshape(people, labels, labels).transpose(0, 2, 1) + smoothing  # (annotator, true, said)
    total = table.sum(axis=2, keepdims=True)
    return np.asarray(np.divide(table, total, out=np.full_like(table, 1 / labels), where=total > 0))


def _posterior(ballots: Ballots, shares: Floats, confusion: Floats) -> Floats:
    size, _, labels = ballots.shape
    with np.errstate(
        divide="ignore"
    ):  # a chance of 0 is a logarithm of minus infinity, which adds up rightly
        log_said = np.log(confusion)[ballots.annotators, :, ballots.labels]
        log_chance = np.tile(np.log(shares), (size, 1))
    for true in range(labels):
        log_chance[:, true] += np.bincount(ballots.comments, weights=log_said[:, true], minlength=size)
    log_chance -= log_chance.max(axis=1, keepdims=True)
    chance = np.exp(log_chance)
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))

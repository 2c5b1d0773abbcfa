"""Probabilities of labels from the log-probabilities of the tokens that spell them."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from services.modelling.answers.parsing import answer_key


@dataclass(frozen=True)
class Position:
    """One token of an answer: how likely it was there, and what else was likely (the token itself too)."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...]


def label_scores(
    positions: Sequence[Position], labels: Sequence[str], *, ends_with: str = ""
) -> tuple[float, ...] | None:
    """The probability of each label in the order of `labels`, or None where no position is told.

    Follows the answer token by token. A token with which only one label can go on gives that label its
    probability, whatever its case and spacing. The scores add up to at most 1; what is missing is the
    probability of everything that begins none of the labels, or that stays undecided.

    Args:
        positions: Of the answer that was given, from its first token.
        labels: The label set.
        ends_with: What follows a label in the answer, such as the quotation mark that closes it; whatever
            comes after that is not looked at.
    """
    if not positions:
        return None
    keys = [answer_key(label) + ends_with for label in labels]
    scores = [0.0] * len(keys)
    said, path = "", 1.0
    for position in positions:
        likely = dict(position.top) | {position.token: position.logprob}
        for token, logprob in likely.items():
            fitting = _fitting(_up_to(said + token, ends_with), keys)
            if len(fitting) == 1:
                scores[fitting[0]] += path * math.exp(min(logprob, 0.0))
        said += position.token
        if len(_fitting(_up_to(said, ends_with), keys)) < 2:
            return tuple(min(score, 1.0) for score in scores)
        path *= math.exp(min(position.logprob, 0.0))
    if answer_key(said) in keys:
        scores[keys.index(answer_key(said))] += path  # the answer ended while a longer label could go on
    return tuple(min(score, 1.0) for score in scores)


def _up_to(said: str, end: str) -> str:
    """The text with everything after the end of the label taken away."""
    label, mark, _ = said.partition(end) if end else (said, "", "")
    return label + mark


def _fitting(said: str, keys: Sequence[str]) -> list[int]:
    """The labels that an answer beginning so may become."""
    begun = " ".join(unicodedata.normalize("NFKC", said).casefold().split()).lstrip("\"'*_`([{ ")
    if not begun:
        return list(range(len(keys)))
    return [place for place, key in enumerate(keys) if key.startswith(begun)]

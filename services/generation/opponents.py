"""What every writing model has to beat: opponents that need no training."""

import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from services.generation.words import sentences_of, words_of

COPY, DELETE, CONSTANT = "copy the input", "delete the toxic words", "a constant sentence"
FIRST, LAST = "the first sentences", "the last turn"
CONSTANTS = {
    "detoxify": "Please be kind.",
    "reply": "I see, thank you.",
    "summarise": "Two people talk to each other.",
}
TELLING_FROM, MOST_WORDS = 3.0, 2_000  # standard errors; words
DRAWN = 8

_WORD_OR_MARK = re.compile(r"[^\W_][\w’'*@$!]*|\S", re.UNICODE)


def telling_words(sources: Sequence[str], targets: Sequence[str]) -> frozenset[str]:
    """The words that sources have and their polite versions have not: what *delete* takes out.

    Telling is the log odds ratio of a word standing in a source and in a target, in its standard errors, with
    half a text added to every count.

    Source: Agresti (2013), Categorical Data Analysis, section 3.1 (the odds ratio with 0.5 added).
    """
    before = Counter(word for text in sources for word in set(words_of(text)))
    after = Counter(word for text in targets for word in set(words_of(text)))
    told: dict[str, float] = {}
    for word, times in before.items():
        cells = (times, len(sources) - times, after[word], len(targets) - after[word])
        a, b, c, d = (cell + 0.5 for cell in cells)
        told[word] = log(a * d / (b * c)) / sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    best = sorted((word for word in told if told[word] >= TELLING_FROM), key=lambda word: -told[word])
    return frozenset(best[:MOST_WORDS])


def without_words(text: str, listed: Collection[str]) -> str:
    """The text without the words of the list, in whatever case, and without double spaces."""
    kept = _WORD_OR_MARK.sub(
        lambda found: "" if any(word in listed for word in words_of(found.group())) else found.group(), text
    )
    return " ".join(kept.split())


def random_deletions(text: str, *, drawn: int = DRAWN, seed: int = 0) -> list[str]:
    """So many versions of the text, each without one to three words drawn by chance."""
    words, draw = text.split(), random.Random(f"{seed}:{text}")
    versions = []
    for _ in range(drawn):
        gone = set(draw.sample(range(len(words)), min(len(words), draw.randint(1, 3))))
        versions.append(" ".join(word for place, word in enumerate(words) if place not in gone))
    return versions


def best_of(
    candidates: Sequence[Sequence[str]], reward: Callable[[list[str], list[int]], NDArray[np.float64]]
) -> list[str]:
    """Of every text's candidates the one with the highest reward; the first of equals.

    Args:
        candidates: As many per text as there are.
        reward: Told all candidates and the place of the text that each belongs to.
    """
    flat = [text for each in candidates for text in each]
    owners = [place for place, each in enumerate(candidates) for _ in each]
    scores, chosen, first = reward(flat, owners), [], 0
    for each in candidates:
        chosen.append(each[int(np.argmax(scores[first : first + len(each)]))])
        first += len(each)
    return chosen


def trivial(task: str, sources: Sequence[str], listed: Collection[str]) -> dict[str, list[str]]:
    """What the opponents of a task write, by their names.

    Args:
        task: One of TASKS.
        sources: The texts.
        listed: The words that *delete* takes out; used for detoxify alone.
    """
    found = {COPY: list(sources)}
    if task == "detoxify":
        found[DELETE] = [without_words(text, listed) for text in sources]
    elif task == "summarise":
        found[FIRST] = [" ".join(sentences_of(text)[:2]) for text in sources]
    else:
        found[LAST] = [(text.strip().splitlines() or [""])[-1] for text in sources]
    found[CONSTANT] = [CONSTANTS[task]] * len(sources)
    return found


def rival_of(task: str) -> str:
    """The opponent that a model of the task has to beat."""
    return {"detoxify": DELETE, "summarise": FIRST, "reply": LAST}[task]

"""Two minds: one that answers as the nearest training example did, and one that was never trained."""

import hashlib
import math
import re
from collections import Counter, defaultdict
from functools import lru_cache

import numpy as np

NEIGHBOURS = 5
SHARPNESS = 14.0
KNOWN_ANSWERS = 20
UNSURE_SHARE = 0.02
QUOTED = re.compile(r'["`“]([\w -]{1,30})["`”]')
RUDE = ("stupid", "idiot", "ugly", "hate", "moron", "scum", "trash", "disgust", "loser", "kill")

Spread = list[tuple[str, float]]


class TrainedMind:
    """Memorises (prompt, answer) pairs and finds the nearest by shared trigrams, rare ones counting more."""

    def __init__(self, examples: list[tuple[str, str]]) -> None:
        self.examples = examples
        shapes = [trigrams(prompt) for prompt, _ in examples]
        found: dict[str, list[int]] = defaultdict(list)
        for place, shape in enumerate(shapes):
            for gram in shape:
                found[gram].append(place)
        self.holders = {gram: np.array(places) for gram, places in found.items()}
        self.weights = {gram: math.log(1 + len(examples) / len(places)) for gram, places in found.items()}
        self.sizes = np.array([math.fsum(self.weights[gram] for gram in shape) for shape in shapes])
        self.usual = Counter(answer for _, answer in examples).most_common(KNOWN_ANSWERS)

    def spread(self, text: str) -> Spread:
        """Answers with their probabilities, likeliest first; they add up to 1."""
        shares = {answer: UNSURE_SHARE * count / len(self.examples) for answer, count in self.usual}
        near = self.nearest(text)
        votes = [(self.examples[place][1], math.exp(SHARPNESS * likeness)) for place, likeness in near]
        votes = votes or [(answer, float(count)) for answer, count in self.usual]
        whole = sum(weight for _, weight in votes)
        for answer, weight in votes:
            shares[answer] = shares.get(answer, 0.0) + weight / whole
        return normalised(shares)

    def nearest(self, text: str) -> list[tuple[int, float]]:
        """Places of the nearest examples and their likeness (weighted Dice, 0 to 1), nearest first."""
        shape = trigrams(text)
        shared = np.zeros(len(self.examples))
        for gram in sorted(shape & self.holders.keys()):
            shared[self.holders[gram]] += self.weights[gram]
        # A trigram that no example holds is as rare as can be.
        rarest = math.log(1 + len(self.examples))
        size = math.fsum(self.weights.get(gram, rarest) for gram in shape)
        likeness = 2 * shared / (size + self.sizes)
        nearest = np.argsort(-likeness, kind="stable")[:NEIGHBOURS]
        return [(int(place), float(likeness[place])) for place in nearest if shared[place] > 0]


class UntrainedMind:
    """Picks among the answers that the instructions name, badly but the same every time.

    Where they name none it says something polite.
    """

    def __init__(self, instructions: str) -> None:
        named = [word.strip() for word in QUOTED.findall(instructions)]
        if re.search(r"\ballow\b", instructions) and re.search(r"\bdisallow\b", instructions):
            named += ["allow", "disallow"]
        self.answers = list(dict.fromkeys(named))

    def spread(self, text: str) -> Spread:
        if not self.answers:
            return [(f"I am not sure what you would like me to do with “{text[:40]}”.", 1.0)]
        return normalised({answer: 0.2 + chance(answer, text) for answer in self.answers})


@lru_cache(maxsize=50_000)
def trigrams(text: str) -> frozenset[str]:
    """Character trigrams of the text, case and spacing aside."""
    plain = f" {' '.join(text.casefold().split())} "
    return frozenset(plain[place : place + 3] for place in range(max(1, len(plain) - 2)))


def chance(*parts: str) -> float:
    """A number in [0, 1) that looks drawn but belongs to these texts."""
    return int(hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12], 16) / 16**12


def rudeness(text: str) -> float:
    """How rude a text looks to a list of ten words: a number in (0, 1)."""
    found = sum(word in text.casefold() for word in RUDE)
    return min(0.98, 0.02 + 0.1 * chance("rude", text) + 0.45 * found)


def normalised(shares: dict[str, float]) -> Spread:
    whole = sum(shares.values())
    return sorted(
        ((answer, share / whole) for answer, share in shares.items()), key=lambda item: (-item[1], item[0])
    )

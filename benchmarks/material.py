"""Made-up comments for the benchmarks: seeded, so that every run reads the same million."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

COLUMNS = ("id", "author", "thread", "time", "text", "label")
_COMMON = (
    "the of and to a in that it is was I for on you he be with as by at have are this not but had his they"
    " from she which or we an there her were one do been all their has would will what if can when so my"
)
_SYLLABLES = (
    "ba be bo cha da de di fo ga ge hi ja ka ke ki la le li lo ma me mi mo na ne no pa pe po ra re ri "
)
_SYLLABLES += "ro sa se shi so ta te ti to tra u va ve vi wa we zo"
_EMOJI = (
    "\U0001f602",
    "\U0001f621",
    "\U0001f44d\U0001f3fd",
    "\u2764\ufe0f",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
)
_AT_ONCE = 20_000


def write_comments(path: Path, rows: int, *, seed: int = 7) -> None:
    """Write a CSV of that many comments: about 130 bytes each, some with line breaks, quotes or emoji.

    One comment in a hundred repeats an earlier one word for word, one in a hundred but for one word, and one
    in ten is at most four words long. Words are as unequally common as in real text (Zipf).
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number, text in enumerate(comments(rows, seed=seed)):
            writer.writerow(_row(number, text))


def comments(rows: int, *, seed: int = 7) -> Iterator[str]:
    """That many texts."""
    draw = np.random.default_rng(seed)
    vocabulary = _vocabulary(draw)
    weights = 1 / np.arange(5, len(vocabulary) + 5)
    shares = np.cumsum(weights / weights.sum())
    for start in range(0, rows, _AT_ONCE):
        yield from _block(min(_AT_ONCE, rows - start), draw, vocabulary, shares)


def _block(rows: int, draw: np.random.Generator, vocabulary: np.ndarray, shares: np.ndarray) -> Iterator[str]:
    lengths = np.where(
        draw.random(rows) < 0.1, draw.integers(1, 5, rows), draw.lognormal(2.35, 0.45, rows).astype(int) + 3
    )
    words = vocabulary[np.searchsorted(shares, draw.random(lengths.sum()))]
    kinds, places = draw.random(rows), draw.integers(0, 1 << 30, rows)
    earlier: list[list[str]] = []
    for length, end, kind, place in zip(lengths, np.cumsum(lengths), kinds, places, strict=True):
        own = words[end - length : end].tolist()
        if earlier and kind < 0.02:
            own = [*earlier[place % len(earlier)]]
            if kind < 0.01:
                own[place % len(own)] = str(words[end - 1])
        earlier.append(own)
        yield _punctuated(own, kind, int(place))


def _punctuated(words: list[str], kind: float, place: int) -> str:
    if kind < 0.12:
        return f"{' '.join(words[:6])}\n\n{' '.join(words[6:])}"
    if kind < 0.22:
        return f"{' '.join(words)} {_EMOJI[place % len(_EMOJI)]}"
    if kind < 0.40:
        return f'{words[0]}, "{" ".join(words[1:])}"!'
    return " ".join(words)


def _row(number: int, text: str) -> tuple[object, ...]:
    minute, day = number % 60, number // 60_000 % 28 + 1
    return (
        f"c{number}",
        f"author{number * 7919 % 120_011}",
        f"thread{number // 40}",
        f"2026-{day % 12 + 1:02}-{day:02}T{number // 60 % 24:02}:{minute:02}:00Z",
        text,
        "disallow" if number * 31 % 97 < 12 else "allow",
    )


def _vocabulary(draw: np.random.Generator) -> np.ndarray:
    syllables = np.array(_SYLLABLES.split())
    made = ["".join(syllables[draw.integers(0, len(syllables), draw.integers(1, 5))]) for _ in range(30_000)]
    return np.array(list(dict.fromkeys([*_COMMON.split(), *made])), dtype=object)

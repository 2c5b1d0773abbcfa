"""The charts of a report as SVG, drawn from its numbers: nothing to run, nothing to load, prints well."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

from services.release.documents import html_text

BLUE, RED, GREY, INK = "#3657d6", "#d1495b", "#8b93a3", "#1d2433"
_COLOURS = {"pass": BLUE, "fail": RED, "not decidable": GREY, None: BLUE}
_SIDE = 250
_LEFT, _TOP, _BELOW, _RIGHT = 46, 10, 40, 14
_ROW, _NAMES, _BAR, _VALUES = 26, 220, 340, 170
_NAME_LENGTH = 34
_LEAST_RATE = 0.001  # where the axis of a false-positive rate begins: it has no 0
_FEW = 10  # bins with fewer comments are hollow

Told = Mapping[str, Any]
Scale = Callable[[float], float]


@dataclass(frozen=True)
class _Plot:
    """A square from 0 to 1 upwards; `across` says where a value lies on the horizontal axis, 0 to 1."""

    title: str
    up: str
    along: str
    ticks: tuple[float, ...]
    across: Scale

    def x(self, value: float) -> float:
        return _LEFT + _SIDE * min(1.0, max(0.0, self.across(value)))

    def y(self, value: float) -> float:
        return _TOP + _SIDE * (1 - min(1.0, max(0.0, value)))

    def points(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in zip(xs, ys, strict=True))

    def svg(self, marks: Sequence[str]) -> str:
        width, height = _LEFT + _SIDE + _RIGHT, _TOP + _SIDE + _BELOW
        return _svg(width, height, self.title, [*self._grid(), *marks, *self._words(width, height)])

    def _grid(self) -> list[str]:
        upright = [_line(self.x(tick), _TOP, self.x(tick), _TOP + _SIDE) for tick in self.ticks]
        flat = [_line(_LEFT, self.y(tick / 4), _LEFT + _SIDE, self.y(tick / 4)) for tick in range(5)]
        return [*upright, *flat]

    def _words(self, width: int, height: int) -> list[str]:
        below = [_text(self.x(tick), _TOP + _SIDE + 15, f"{tick:g}", "middle") for tick in self.ticks]
        beside = [_text(_LEFT - 6, self.y(tick / 4) + 4, f"{tick / 4:g}", "end") for tick in range(5)]
        turned = (
            f'<text transform="translate(12 {_TOP + _SIDE / 2}) rotate(-90)" text-anchor="middle"'
            f' fill="{INK}">{html_text(self.up)}</text>'
        )
        return [*below, *beside, _text(_LEFT + _SIDE / 2, height - 6, self.along, "middle"), turned]


def intervals_drawing(marks: Sequence[Told]) -> str:
    """Shares with their intervals, one below the other, and the policy's line as an upright stroke."""
    drawn = []
    for place, mark in enumerate(marks):
        middle = _TOP + _ROW * place + _ROW / 2
        colour = _COLOURS[mark["outcome"]]
        low, value, high = (_NAMES + _BAR * _clipped(mark[name]) for name in ("low", "value", "high"))
        drawn += [
            _text(_NAMES - 12, middle + 4, _short(mark["title"]), "end"),
            _line(_NAMES, middle, _NAMES + _BAR, middle, "#e3e7ef"),
            _line(low, middle, high, middle, colour, 3),
            f'<circle cx="{value:.1f}" cy="{middle}" r="5" fill="{colour}"/>',
            _text(
                _NAMES + _BAR + 12,
                middle + 4,
                f"{mark['value']:.3f} ({mark['low']:.3f} to {mark['high']:.3f})",
            ),
        ]
        if mark["line"] is not None:
            at = _NAMES + _BAR * _clipped(mark["line"])
            drawn.append(_line(at, middle - 9, at, middle + 9, INK, 2))
    bottom = _TOP + _ROW * len(marks)
    ticks = [_text(_NAMES + _BAR * tick / 4, bottom + 16, f"{tick / 4:g}", "middle") for tick in range(5)]
    return _svg(_NAMES + _BAR + _VALUES, bottom + 24, "Shares with 95 % intervals", [*drawn, *ticks])


def precision_recall_drawing(scores: Told) -> str:
    """Precision over recall with its band; dashed, the share of the label among these comments."""
    plot = _Plot("Precision over recall", "Precision", "Recall", (0, 0.25, 0.5, 0.75, 1), float)
    rate = scores["positives"] / (scores["positives"] + scores["negatives"])
    chance = _dashed(plot, [0.0, 1.0], [rate, rate])
    return plot.svg([chance, *_banded(plot, scores["precision_recall"])])


def roc_drawing(scores: Told) -> str:
    """Recall over the false-positive rate, on a logarithmic axis, with its band; dashed, chance."""
    plot = _Plot(
        "ROC curve",
        "Recall",
        "False-positive rate (logarithmic)",
        (0.001, 0.01, 0.1, 1),
        lambda rate: 1 - log10(max(rate, _LEAST_RATE)) / log10(_LEAST_RATE),
    )
    rates = [10 ** (-3 + step / 10) for step in range(31)]
    return plot.svg([_dashed(plot, rates, rates), *_banded(plot, scores["roc"])])


def reliability_drawing(calibration: Told) -> str:
    """How often it is so over what the score says; grey, what perfect calibration would show."""
    ticks = (0, 0.25, 0.5, 0.75, 1)
    plot = _Plot("Reliability", "Share that is so", "Score", ticks, float)
    bins = calibration["bins"]
    said = [each["mean_score"] for each in bins]
    band = plot.points(
        [*said, *reversed(said)],
        [*(each["null_high"] for each in bins), *(each["null_low"] for each in reversed(bins))],
    )
    marks = [f'<polygon points="{band}" fill="{GREY}" fill-opacity="0.2"/>']
    for each in bins:
        share, x = each["share"], plot.x(each["mean_score"])
        marks.append(_line(x, plot.y(share["low"]), x, plot.y(share["high"]), BLUE, 1.5))
        fill = BLUE if share["n"] >= _FEW else "white"
        marks.append(
            f'<circle cx="{x:.1f}" cy="{plot.y(share["value"]):.1f}" r="4" fill="{fill}" stroke="{BLUE}"/>'
        )
    return plot.svg([_dashed(plot, [0.0, 1.0], [0.0, 1.0]), *marks])


def _banded(plot: _Plot, curve: Told) -> list[str]:
    x, low, high = curve["x"], curve["low"], curve["high"]
    band = plot.points([*x, *reversed(x)], [*high, *reversed(low)])
    return [
        f'<polygon points="{band}" fill="{BLUE}" fill-opacity="0.2"/>',
        f'<polyline points="{plot.points(x, curve["y"])}" fill="none" stroke="{BLUE}" stroke-width="2"/>',
    ]


def _dashed(plot: _Plot, xs: Sequence[float], ys: Sequence[float]) -> str:
    return f'<polyline points="{plot.points(xs, ys)}" fill="none" stroke="{GREY}" stroke-dasharray="4 4"/>'


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" aria-label="{html_text(title)}" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}">{"".join(parts)}</svg>'
    )


def _line(x: float, y: float, to_x: float, to_y: float, colour: str = "#e3e7ef", width: float = 1) -> str:
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"'
        f' stroke-width="{width:g}"/>'
    )


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}">{html_text(words)}</text>'


def _short(words: str) -> str:
    return words if len(words) <= _NAME_LENGTH else f"{words[: _NAME_LENGTH - 1]}…"


def _clipped(share: float) -> float:
    return min(1.0, max(0.0, share))

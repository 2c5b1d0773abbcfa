"""A figure: what was measured, what it is held against, and whether the aim was kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number and its aim.

    Attributes:
        rival: What it is compared with, measured in the same run, in the same unit; None for a fixed limit.
        limit: The largest value that keeps the aim.
        parts: What the number is made of, for the reader.
    """

    name: str
    value: float
    unit: str
    limit: float
    aim: str
    rival: float | None = None
    rival_name: str = ""
    parts: str = ""

    @property
    def is_kept(self) -> bool:
        return self.value <= self.limit

    def line(self) -> str:
        """Name, figure, rival or limit, ratio, aim, kept or missed."""
        against = self.limit if self.rival is None else self.rival
        name = self.rival_name or "limit"
        told = (
            f"{self.name:<46} {_short(self.value):>7} {self.unit:<2} | {name} {_short(against)} {self.unit}"
            f" | ratio {self.value / against:.2f} | {self.aim} | {'kept' if self.is_kept else 'MISSED'}"
        )
        return f"{told}\n    {self.parts}" if self.parts else told


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"

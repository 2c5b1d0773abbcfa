"""What the copies of an encoder say of the same texts, beside the model itself."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal

from services.evaluation.intervals import Proportion


@dataclass(frozen=True)
class EngineCheck:
    """ONNX files against torch in 32 bits.

    Attributes:
        n: Texts that were compared.
        difference: The largest of any probability of the 32-bit file.
        difference_int8: The same of the 8-bit file alone; None without one, as are the next two.
        other_labels: Texts on which the 8-bit file alone gives another label.
        other_labels_close: The same when close calls are asked again in 32 bits.
        close: Texts that were asked again.
    """

    n: int
    difference: float
    difference_int8: float | None = None
    other_labels: Proportion | None = None
    other_labels_close: Proportion | None = None
    close: int = 0

    def __str__(self) -> str:
        """In sentences."""
        most = _at_most(self.difference)
        told = f"On {self.n:,} comments no score of the ONNX file differs by more than {most}."
        if self.other_labels is None or self.other_labels_close is None:
            return told
        rough = Decimal(repr(self.difference_int8)).quantize(Decimal("0.01"), ROUND_CEILING)
        return (
            f"{told} In 8 bits {_share(self.other_labels)} get another label (a probability differs by up to "
            f"{rough}); with close calls asked again in 32 bits, "
            f"{_share(self.other_labels_close)}."
        )


def _at_most(value: float) -> str:
    """One digit that is not below the value: a bound that was rounded down would not hold."""
    return f"{float(Context(prec=1, rounding=ROUND_CEILING).create_decimal(repr(value))):.1g}"


def _share(part: Proportion) -> str:
    return f"{part.successes:,} ({part.value:.2%}, 95 % interval {part.low:.2%} to {part.high:.2%})"

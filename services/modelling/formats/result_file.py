"""Loss and token-accuracy curves, from the result file of a job or from its metric events."""

import base64
import binascii
import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.errors import BadInput

_Row = dict[str, float | None]

# Each curve under every name that its column has had.
# Source: the fine-tuning guide's example file (train_accuracy); the checkpoint object of the API
# (train_mean_token_accuracy, full_valid_*); Microsoft's description (validation_mean_token_accuracy).
_NAMES = {
    "train_loss": ("train_loss",),
    "train_accuracy": ("train_mean_token_accuracy", "train_accuracy"),
    "valid_loss": ("valid_loss", "validation_loss"),
    "valid_accuracy": ("valid_mean_token_accuracy", "validation_mean_token_accuracy", "valid_accuracy"),
    "full_valid_loss": ("full_valid_loss", "full_validation_loss"),
    "full_valid_accuracy": ("full_valid_mean_token_accuracy", "full_validation_mean_token_accuracy"),
}
_CURVES = {name: curve for curve, names in _NAMES.items() for name in names}


@dataclass(frozen=True)
class Curves:
    """What a job measured, one value per step in rising order; None where it measured nothing.

    Losses are cross-entropies of a batch, 0 or more; accuracies are shares of tokens, 0 to 1. The curves
    named `full_valid` are over the whole validation file, which happens only now and then.
    `not_finite_count` values were NaN or endless: training went wrong there; they stand as None.
    """

    steps: tuple[int, ...] = ()
    train_loss: tuple[float | None, ...] = ()
    train_accuracy: tuple[float | None, ...] = ()
    valid_loss: tuple[float | None, ...] = ()
    valid_accuracy: tuple[float | None, ...] = ()
    full_valid_loss: tuple[float | None, ...] = ()
    full_valid_accuracy: tuple[float | None, ...] = ()
    not_finite_count: int = 0


def curves_from_file(content: bytes | str) -> Curves:
    """The curves of a result file: CSV, plain or in base64, with the column names of any year.

    Raises:
        BadInput: it is neither, has no column `step`, or a cell holds no number.
    """
    reader = csv.reader(io.StringIO(_plain_text(content), newline=""))
    header = [name.strip().lower() for name in next(reader, [])]
    if "step" not in header:
        raise BadInput(
            "The result file has no column 'step'.", hint="Download the result file of the job again."
        )
    collected = _Collected()
    for cells in reader:
        if any(cell.strip() for cell in cells):
            named = dict(zip(header, cells, strict=False))
            collected.add(named, where=f"Line {reader.line_num} of the result file")
    return collected.curves()


def curves_from_events(events: Iterable[Mapping[str, object]]) -> Curves:
    """The curves of a job's metric events, in whatever order and however often they were fetched.

    Events of another type, or without a step, are passed over: unknown kinds appear now and then.

    Raises:
        BadInput: a metric holds no number.
    """
    collected = _Collected()
    for event in events:
        data = event.get("data")
        is_metrics = event.get("type") in ("metrics", None) and isinstance(data, Mapping)
        if is_metrics and isinstance(data, Mapping) and data.get("step") is not None:
            collected.add(data, where=f"Event {str(event.get('id', '?'))[:60]}")
    return collected.curves()


class _Collected:
    """Values by step; a later value fills or replaces an earlier one, an empty one does not."""

    def __init__(self) -> None:
        self._steps: dict[int, _Row] = {}
        self._not_finite: set[tuple[int, str]] = set()

    def add(self, named: Mapping[str, object], *, where: str) -> None:
        step = _number(named.get("step"), where, "step")
        if step is None or step != int(step):
            raise BadInput(f"{where}: the step is {named.get('step')!r}.", hint="Steps are whole numbers.")
        row = self._steps.setdefault(int(step), {})
        for name, value in named.items():
            curve = _CURVES.get(name)
            number = _number(value, where, name) if curve else None
            if curve is None or number is None:
                continue
            if math.isfinite(number):
                row[curve] = number
                self._not_finite.discard((int(step), curve))
            else:
                self._not_finite.add((int(step), curve))

    def curves(self) -> Curves:
        known = {step: row for step, row in sorted(self._steps.items()) if row or self._is_broken(step)}
        columns = {curve: tuple(row.get(curve) for row in known.values()) for curve in _NAMES}
        return Curves(steps=tuple(known), **columns, not_finite_count=len(self._not_finite))

    def _is_broken(self, step: int) -> bool:
        return any(place == step for place, _ in self._not_finite)


def _number(value: object, where: str, name: str) -> float | None:
    """The number; None for an empty cell."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadInput(f"{where}: {name} is {str(value)[:40]!r}, not a number.")
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{where}: {name} is {str(value)[:40]!r}, not a number.") from error


def _plain_text(content: bytes | str) -> str:
    """The content as text without a byte order mark, out of base64 where it is in it."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    if b"step" not in data[:200].lower():  # the header is never base64, which has no underscore or comma
        try:
            data = base64.b64decode(b"".join(data.split()), validate=True)
        except binascii.Error as error:
            raise BadInput("The result file is neither CSV nor base64.", hint="Download it again.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("The result file is not UTF-8.", hint="Download it again.") from error

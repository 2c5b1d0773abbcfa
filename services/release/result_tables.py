"""Numbers of a verdict and of an evaluation as tables of text: the card and the report show the same ones."""

from collections.abc import Mapping
from typing import Any

from services.evaluation.confusion import UNPARSED
from services.evaluation.intervals import SMALL_N
from services.release.documents import Table, pairs

Told = Mapping[str, Any]

_AVERAGES = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "balanced_accuracy": "Balanced accuracy",
    "mcc": "Matthews correlation",
}


def shown(number: Any) -> str:
    """A number of the card with its interval, or that it is undefined."""
    if number is None:
        return "undefined"
    return f"{number['value']:.3f} ({number['low']:.3f} to {number['high']:.3f})"


def measured(told: Any) -> str:
    """What was found of a clause, with its interval where it has one."""
    if told["value"] is None:
        return "–"
    if told["low"] == told["high"] == told["value"]:
        return f"{told['value']:,g}"
    return shown(told)


def clauses_table(verdict: Told) -> Table:
    """Each clause of a verdict: how it came out, what was found, and why."""
    rows = tuple(
        (each["outcome"], each["words"], measured(each), f"{each['n']:,}" if each["n"] else "–", each["why"])
        for each in verdict["clauses"]
    )
    return Table(("outcome", "clause", "found (95 % interval)", "n", "why"), rows)


def averages_table(results: Told) -> Table:
    """The numbers over all labels."""
    return pairs("with 95 % interval", ((words, shown(results[name])) for name, words in _AVERAGES.items()))


def classes_table(results: Told) -> Table:
    """Precision, recall and F1 of each label; those with few comments are marked."""
    rows = tuple(
        (
            each["label"],
            f"{each['support']:,}",
            *(shown(each[name]) for name in ("precision", "recall", "f1")),
        )
        for each in results["classes"]
    )
    few = frozenset(place for place, each in enumerate(results["classes"]) if each["support"] < SMALL_N)
    return Table(("label", "comments", "precision", "recall", "F1"), rows, few)


def matrix_table(results: Told, *, as_shares: bool = False) -> Table:
    """The confusion matrix, answers without a label in the last column; shares are of each row."""
    matrix = results["confusion"]
    predicted = [UNPARSED if name is None else name for name in matrix["predicted"]]
    cells = matrix["row_shares"] if as_shares else matrix["counts"]
    rows = tuple((gold, *map(_cell, row)) for gold, row in zip(matrix["gold"], cells, strict=True))
    return Table(("label \\ predicted", *predicted), rows)


def _cell(value: float | int | None) -> str:
    if value is None:
        return "undefined"
    return f"{value:,}" if isinstance(value, int) else f"{value:.1%}"

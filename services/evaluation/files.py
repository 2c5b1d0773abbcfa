"""The evaluation of predictions that some other system made, from a file with a row per comment."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather

from domain.errors import BadInput, NotFound
from domain.labels import MAX_LABELS, Label, LabelSet, label_set
from services.evaluation.confusion import ConfusionTable, from_counts
from services.evaluation.intervals import Estimate, as_number
from services.evaluation.metrics import Report, report
from services.evaluation.ranking import roc_auc
from services.evaluation.reports import numbers
from storage.intake.parent import Finding, parse

_SHOWN = 20


@dataclass(frozen=True)
class Ranking:
    """How a score column ranks comments: `label` is the one that the system predicts at higher scores."""

    label: str
    n: int
    roc_auc: Estimate


@dataclass(frozen=True)
class FileEvaluation:
    """The numbers of a file of predictions.

    Attributes:
        name: The file's name, as given.
        sha256: Of its bytes.
        refused: The first rows that could not be used, each with its line and the reason.
        refused_count: All of them; none is in the numbers.
        unknown: Predictions that are no gold label, the commonest first; they count as unparsed.
        ranking: None unless a score column was named.
    """

    name: str
    sha256: str
    refused: tuple[Finding, ...]
    refused_count: int
    unknown: dict[str, int]
    table: ConfusionTable
    report: Report
    ranking: Ranking | None


@dataclass(frozen=True)
class _Row:
    line: int
    gold: str
    predicted: str | None
    score: float | None


def evaluate_file(
    path: Path,
    *,
    gold: str,
    predicted: str,
    score: str | None = None,
    labels: Sequence[str] | None = None,
    spellings: Mapping[str, str] | None = None,
) -> FileEvaluation:
    """The evaluation of the predictions in a CSV, JSONL or Parquet file.

    Labels are the same in any case, spaces at the ends ignored. An empty prediction, or one that is no gold
    label, counts as unparsed, which is wrong.

    Args:
        gold, predicted: Names of the columns with the right and the predicted label. A row without a gold
            label is refused.
        score: Name of a column with the score of one label, for two labels only.
        labels: The gold label set; those of the gold column unless given.
        spellings: What either column writes, in any case, to the label that it means.

    Raises:
        NotFound: there is no such file.
        BadInput: it cannot be read, has no such column, holds no row that can be used, or a score is given
            for other than two labels.
    """
    if not path.is_file():
        raise NotFound(f"There is no file '{path}'.", hint="Check the path.")
    columns = {"text": gold, "label": predicted} | ({"score": score} if score else {})
    with tempfile.TemporaryDirectory() as folder:
        parsed = parse(path, Path(folder), columns=columns)
        found = feather.read_table(parsed.rows, memory_map=False)
        findings = [Finding(**row) for row in feather.read_table(parsed.findings).to_pylist()]
    refused = [finding for finding in findings if finding.kind == "refused"]
    meant = {written.strip().casefold(): label for written, label in (spellings or {}).items()}
    golden = (_meaning(value, meant) for value in found["body"].to_pylist())
    names = label_set(labels) if labels else _label_set(golden)
    rows, unusable = _rows(found, names, meant)
    if not rows:
        raise BadInput(
            f"No row of '{path.name}' has a gold label in '{gold}'.", hint="Is this the right column?"
        )
    counted = Counter((row.gold, row.predicted) for row in rows)
    table = from_counts(names.names, ((g, p, n) for (g, p), n in counted.items()))
    unknown = Counter(row.predicted for row in rows if row.predicted and row.predicted not in names.names)
    return FileEvaluation(
        name=path.name,
        sha256=parsed.sha256,
        refused=tuple(sorted(refused + unusable, key=lambda finding: finding.line)[:_SHOWN]),
        refused_count=parsed.refused_count + len(unusable),
        unknown=dict(unknown.most_common(_SHOWN)),
        table=table,
        report=report(table),
        ranking=_ranking(rows, names) if score else None,
    )


def as_dict(evaluation: FileEvaluation) -> dict[str, Any]:
    """The evaluation as JSON can carry it; what is undefined is null."""
    ranking = evaluation.ranking
    return {
        "file": evaluation.name,
        "sha256": evaluation.sha256,
        "refused_count": evaluation.refused_count,
        "refused": [{"line": each.line, "reason": each.reason} for each in evaluation.refused],
        "unknown_predictions": evaluation.unknown,
        **numbers(evaluation.table, evaluation.report),
        "ranking": ranking
        and {"label": ranking.label, "n": ranking.n, "roc_auc": as_number(ranking.roc_auc)},
    }


def _label_set(values: Iterable[str]) -> LabelSet:
    """The labels among the values, each in its commonest spelling, in the order of their names."""
    spellings = Counter(value.strip() for value in values)
    names: dict[str, str] = {}
    for spelling, _ in sorted(spellings.items(), key=lambda pair: (-pair[1], pair[0])):
        if spelling:
            names.setdefault(spelling.casefold(), spelling)
    if len(names) > MAX_LABELS:
        raise BadInput(
            f"The gold column has {len(names):,} different labels; at most {MAX_LABELS} are evaluated.",
            hint="Is this the right column?",
        )
    return LabelSet(tuple(Label(name) for name in sorted(names.values())))


def _meaning(value: str, meant: Mapping[str, str]) -> str:
    return meant.get(value.strip().casefold(), value)


def _rows(found: pa.Table, names: LabelSet, meant: Mapping[str, str]) -> tuple[list[_Row], list[Finding]]:
    """The rows with the labels as the set spells them, and what is wrong with those that cannot be used."""
    named = {
        value: names.named(_meaning(value, meant))
        for name in ("body", "label")
        for value in _values(found[name])
    }
    rows, unusable = [], []
    columns = (found[name].to_pylist() for name in ("line", "body", "label", "score_text"))
    for line, gold, predicted, score_text in zip(*columns, strict=True):
        score = _score(score_text)
        if named[gold] is None:
            reason = f"'{gold.strip()}' is no gold label." if gold.strip() else "The gold label is empty."
            unusable.append(Finding(line, "refused", reason, gold))
        elif score_text is not None and score is None:
            unusable.append(Finding(line, "refused", f"The score '{score_text}' is no number.", score_text))
        else:
            answer = predicted.strip() if predicted else ""
            rows.append(_Row(line, str(named[gold]), named.get(predicted) or answer or None, score))
    return rows, unusable


def _values(column: pa.ChunkedArray) -> list[str]:
    return [value for value in column.unique().to_pylist() if value is not None]


def _score(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and isfinite(value) else None


def _ranking(rows: list[_Row], names: LabelSet) -> Ranking:
    if len(names.names) != 2:
        raise BadInput(
            f"A score ranks two labels; the file has {len(names.names)}: {', '.join(names.names)}.",
            hint="Leave the score column out.",
        )
    scored = [(row.gold, row.predicted, row.score) for row in rows if row.score is not None]
    means = {
        name: float(np.mean([score for _, predicted, score in scored if predicted == name]))
        for name in names.names
        if any(predicted == name for _, predicted, _ in scored)
    }
    if len(means) < 2:
        raise BadInput(
            "Rows with a score predict fewer than two labels; nothing tells which one the score is for.",
            hint="Leave the score column out.",
        )
    label = max(means, key=means.__getitem__)
    scores = np.array([score for _, _, score in scored], dtype=np.float64)
    return Ranking(label, len(scored), roc_auc(scores, np.array([gold == label for gold, _, _ in scored])))

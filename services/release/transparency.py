"""Figures for a transparency report: decisions, how many no human saw, and how often they are wrong."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import NotFound
from services.evaluation.acting import Acting, acting
from services.evaluation.intervals import Proportion, proportion
from services.evaluation.reports import evaluate
from services.plain import plain
from services.release.export import csv_of
from storage.database import Database
from storage.datasets import get_dataset
from storage.models import get_run
from storage.releases import find_champion, get_release
from storage.slices import get_slice_facts

Flags = NDArray[np.bool_]
HEAD = ("language", "figure", "count", "of", "share", "low_95", "high_95", "method")
EVERY = "(all)"
FIGURES = {
    "decided automatically": "comments that no human was to read, of all comments",
    "removed automatically": "comments removed without a human, of all comments",
    "removed wrongly": "comments removed though not unwanted, of those removed",
    "false positives": "comments removed though not unwanted, of those not unwanted",
    "missed": "unwanted comments neither removed nor shown to a human, of those unwanted",
}


@dataclass(frozen=True)
class Line:
    """One figure of one language; `share` is None where there is nothing to count."""

    language: str
    figure: str
    share: Proportion | None


@dataclass(frozen=True)
class TransparencyReport:
    """The figures of a release, with how they were come by."""

    dataset_id: str
    release_id: str
    model_id: str
    run_id: str
    threshold: str | None
    unwanted: tuple[str, ...]
    method: str
    lines: tuple[Line, ...]

    @property
    def as_csv(self) -> str:
        """RFC 4180, with a head; no cell runs as a formula."""
        return csv_of(
            HEAD, [(*_row(each).values(), f"{FIGURES[each.figure]}. {self.method}") for each in self.lines]
        )

    @property
    def as_dict(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {**vars(self), "figures": FIGURES, "lines": [_row(each) for each in self.lines]}


def transparency(db: Database, dataset_id: str, *, release_id: str | None = None) -> TransparencyReport:
    """What a release does, counted on the labelled comments that it was judged on, by language.

    Args:
        release_id: None takes what is in production.

    Raises:
        NotFound: there is no such dataset or release, or nothing is in production.
    """
    name = get_dataset(db, dataset_id).dataset_id
    chosen = release_id or find_champion(db, name)
    if chosen is None:
        raise NotFound(f"Nothing of '{name}' is in production.", hint="Release a model, or name a release.")
    release = get_release(db, chosen)
    run, named = get_run(db, release.run_id), release.verdict.get("threshold")
    held = acting(db, run.run_id, named) if named else None
    unwanted = held.threshold.unwanted if held else run.labels[1:]
    rows = get_slice_facts(db, run.run_id)
    positive = np.isin(np.array(rows["gold"].to_pylist()), unwanted)
    removed, read = _decisions(held, rows["predicted"].to_pylist(), unwanted)
    languages = np.array(rows["language"].to_pylist())
    parts = {EVERY: np.ones(languages.size, dtype=np.bool_)}
    parts |= {str(each): languages == each for each in sorted(set(languages.tolist()))}
    return TransparencyReport(
        dataset_id=release.dataset_id,
        release_id=chosen,
        model_id=release.model_id,
        run_id=run.run_id,
        threshold=named,
        unwanted=unwanted,
        method=_method(db, run.run_id, held),
        lines=tuple(
            line
            for language, part in parts.items()
            for line in _lines(language, part, positive, (removed, read))
        ),
    )


def _decisions(
    held: Acting | None, predicted: list[str | None], unwanted: tuple[str, ...]
) -> tuple[Flags, Flags]:
    """Which comments are removed, and which go to a human; an answer without a label removes nothing."""
    if held is not None:
        return held.removed, held.reached & ~held.removed
    removed = np.array([label in unwanted for label in predicted], dtype=np.bool_)
    return removed, np.zeros(removed.size, dtype=np.bool_)


def _lines(language: str, part: Flags, positive: Flags, decided: tuple[Flags, Flags]) -> list[Line]:
    removed, read = decided
    kept = ~removed & ~read
    counts = {
        "decided automatically": (part & ~read, part),
        "removed automatically": (part & removed, part),
        "removed wrongly": (part & removed & ~positive, part & removed),
        "false positives": (part & removed & ~positive, part & ~positive),
        "missed": (part & kept & positive, part & positive),
    }
    return [
        Line(language, figure, proportion(int(some.sum()), int(all_.sum())))
        for figure, (some, all_) in counts.items()
    ]


def _method(db: Database, run_id: str, held: Acting | None) -> str:
    found = evaluate(db, run_id)
    data = found.data
    sources = ", ".join(f"{n:,} {source}" for source, n in data.label_from.items())
    acts = held.words if held else "the label that the model names"
    return (
        f"Estimated on {found.report.n:,} comments of the {data.split} split of {data.snapshot_id} (sha256"
        f" {data.sha256}), labelled by people ({sources}); decided by {acts}; 95 % Wilson intervals, comments"
        " taken as independent. Shares hold for real traffic as far as these comments are like it."
    )


def _row(line: Line) -> dict[str, Any]:
    share = line.share
    return {
        "language": line.language,
        "figure": line.figure,
        "count": share.successes if share else 0,
        "of": share.n if share else 0,
        "share": share.value if share else None,
        "low_95": share.low if share else None,
        "high_95": share.high if share else None,
    }


def file_of(found: TransparencyReport, format: str) -> str:
    """The figures as the text of a file: "csv", or else JSON."""
    if format == "csv":
        return found.as_csv
    return json.dumps(plain(found.as_dict), ensure_ascii=False, indent=2) + "\n"

"""The evaluation of one run: the one function that pages, command line and comparison call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from domain.models import Run
from services.evaluation.clusters import Clustering, clustering_of
from services.evaluation.confusion import ConfusionTable, from_counts
from services.evaluation.intervals import as_number
from services.evaluation.metrics import ClassMetrics, Report, report
from services.several import refuse_several
from storage import misses
from storage.database import Database
from storage.models import get_model, get_run
from storage.snapshots import Snapshot, get_snapshot


@dataclass(frozen=True)
class DataFacts:
    """What the run was measured on.

    Attributes:
        row_count: Comments in the whole snapshot; the run answers one split of it.
        guideline_version: 0 where no guideline was written.
        label_from: How the labels of this split came about, and how many each way.
        leaks: Comments of the split that share something with the snapshot's training comments; of all its
            held-out splits together where the snapshot was frozen before they were counted apart.
        held_out: Comments of that split, or of those splits together.
        split_rows: Comments of the split; another system may have answered fewer.
        seen_in_training: Comments of this run that the model itself learned from.
        repaired: Comments of the split whose label somebody changed before the freeze, having read what a
            model said of them.
    """

    snapshot_id: str
    sha256: str
    row_count: int
    guideline_version: int
    split: str
    split_mode: str
    label_from: dict[str, int]
    leaks: dict[str, int]
    held_out: int
    split_rows: int
    seen_in_training: int
    repaired: int


@dataclass(frozen=True)
class Evaluation:
    """Every number of one run, with what it was measured on; as frozen as the run and its snapshot.

    Attributes:
        report: Its intervals allow for authors or threads with several comments.
        withheld: Comments that were never asked about, for their personal data; they are among the unparsed.
        clustering: What authors or threads that repeat do to the intervals; None where none repeats.
    """

    run: Run
    model_name: str
    data: DataFacts
    table: ConfusionTable
    report: Report
    withheld: int = 0
    clustering: Clustering | None = None


def evaluate(db: Database, run_id: str, *, clusters: bool = True) -> Evaluation:
    """The evaluation of a run against the labels frozen in its snapshot.

    Args:
        clusters: Whether intervals allow for authors or threads that repeat; cards of earlier formats were
            counted without.

    Raises:
        NotFound: there is no such run.
        BadInput: the run answered no comment, or its answers are sets of labels (see set_reports).
    """
    run = get_run(db, run_id)
    refuse_several(run, "A confusion matrix, a gate and what builds on them")
    snapshot = get_snapshot(db, run.snapshot_id)
    table = from_counts(snapshot.labels, misses.count_pairs(db, run_id))
    found, shared = report(table), clustering_of(db, run_id) if clusters else None
    return Evaluation(
        run=run,
        model_name=get_model(db, run.model_id).name,
        data=data_facts(db, run, snapshot),
        table=table,
        report=shared.over(found) if shared else found,
        withheld=misses.count_withheld(db, run_id),
        clustering=shared,
    )


def data_facts(db: Database, run: Run, snapshot: Snapshot) -> DataFacts:
    """What a run was measured on."""
    told, run_id = snapshot.manifest, run.run_id
    rows = {part: sum(n.values()) for part, n in told["counts"].items()}
    apart = told.get("leaks_by_split", {}).get(run.split)
    held_out = sum(n for part, n in rows.items() if part != "train")
    return DataFacts(
        snapshot_id=snapshot.snapshot_id,
        sha256=snapshot.sha256,
        row_count=snapshot.row_count,
        guideline_version=int(told["guideline_version"]),
        split=run.split,
        split_mode=str(told["split_mode"]),
        label_from=misses.count_label_sources(db, run_id),
        leaks={name: int(n) for name, n in (told["leaks"] if apart is None else apart).items()},
        held_out=held_out if apart is None else rows[run.split],
        split_rows=rows.get(run.split, 0),
        seen_in_training=misses.count_seen_in_training(db, run_id),
        repaired=misses.count_repaired(db, run_id),
    )


def unparsed_told(unparsed: int, withheld: int) -> str:
    """Why answers named no label, as a sentence; empty where all did.

    Args:
        unparsed: All of them.
        withheld: Those among them that were never asked about.
    """
    silent = unparsed - withheld
    parts = [
        f"{_counted(silent, 'answer')} named no label" if silent else "",
        f"{_counted(withheld, 'comment')} {'was' if withheld == 1 else 'were'} withheld for personal data "
        "and never asked" if withheld else "",
    ]  # fmt: skip
    told = "; ".join(filter(None, parts))
    return f"{told}: counted as wrong" if told else ""


_CAME_FROM = {
    "single": "by one person's vote",
    "majority": "by a majority of votes",
    "imported": "by the imported file",
    "adjudicated": "by a decision after review",
    "aggregated": "by an aggregation of all votes",
}


def labels_told(label_from: Mapping[str, int]) -> str:
    """Who gave the labels, and how many each way, as a sentence."""
    return f"Labels given {', '.join(f'{_CAME_FROM.get(how, how)} {n:,}' for how, n in label_from.items())}."


def repaired_told(repaired: int, split: str) -> str:
    """That labels were changed by whoever read a model's misses, and what follows; empty where none was."""
    if not repaired:
        return ""
    were = "of these labels was" if repaired == 1 else "of these labels were"
    return (
        f"{repaired:,} {were} changed by somebody who had read a model's misses, so that the {split} split"
        " makes models look better than one that nobody repaired."
    )


def leaks_told(data: Mapping[str, Any]) -> str:
    """How many held-out comments share something with a training comment, and what follows from it."""
    leaks, held_out = data["leaks"], data["held_out"]
    shared = [f"{n:,} of {held_out:,} {name.replace('_', ' ')}" for name, n in leaks.items() if n]
    where = f"Comments of the {data['split']} split"
    if held_out != data["split_rows"]:
        where = "Held-out comments of the snapshot, validation and test together,"
    head = f"{where} that share something with a training comment"
    if not shared:
        return f"{head}: none of {held_out:,}."
    return f"{head}: {', '.join(shared)}. The numbers may flatter the model."


def absent_labels(report: Report, named: Iterable[str] = ()) -> tuple[str, ...]:
    """The labels of the table, and any others named, that no comment of it has."""
    found = {each.label: each.support for each in report.classes}
    return tuple(label for label in dict.fromkeys([*found, *named]) if not found.get(label))


def absent_told(labels: Sequence[str], data: DataFacts, n: int) -> str:
    """That nothing is known about these labels; empty where there are none. Show it as text only.

    Args:
        n: Comments of the split that were answered.
    """
    if not labels:
        return ""
    names = " or ".join(f"“{label}”" for label in labels)
    about = "it" if len(labels) == 1 else "them"
    fate = "is in" if n == data.split_rows else "was answered of"
    return f"Not one {names} comment {fate} the {data.split} split: nothing is known about {about}."


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation as JSON can carry it; what is undefined is null."""
    run = evaluation.run
    return {
        "run_id": run.run_id,
        "model_id": run.model_id,
        "model": evaluation.model_name,
        "data": {each.name: getattr(evaluation.data, each.name) for each in fields(evaluation.data)},
        **numbers(evaluation.table, evaluation.report),
    }


def numbers(table: ConfusionTable, found: Report) -> dict[str, Any]:
    """A report and its confusion matrix as JSON can carry them; shares of an empty row are null."""
    return {
        **{
            each.name: as_number(getattr(found, each.name))
            for each in fields(found)
            if each.name != "classes"
        },
        "classes": [_class(each) for each in found.classes],
        "confusion": {
            "gold": list(table.labels),
            "predicted": [*table.labels, None],
            "counts": table.counts.tolist(),
            "row_shares": [
                [None if np.isnan(share) else share for share in row] for row in table.row_shares.tolist()
            ],
        },
    }


def _class(metrics: ClassMetrics) -> dict[str, Any]:
    told = {each.name: getattr(metrics, each.name) for each in fields(metrics)}
    return {name: value if name == "label" else as_number(value) for name, value in told.items()}

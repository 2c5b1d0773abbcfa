"""Around every training: whether the rows can teach anything, and a first look at the answers."""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import BadInput
from services.evaluation.confusion import from_counts
from services.evaluation.metrics import report
from services.evaluation.set_metrics import report_sets, sets_from_counts
from services.jobs.process.worker import RunningJob

MIN_ROWS_PER_LABEL = 2


def check_training_rows(labels: list[str]) -> None:
    """Refuse what nothing can be learned from, in words.

    Raises:
        BadInput: there is no row, only one label, or a label has too few comments.
    """
    check_training_counts(Counter(labels))


def check_training_counts(counts: Mapping[str, int]) -> None:
    """The same from the number of comments of each label, known before there is a job.

    Raises:
        BadInput: there is no row, only one label, or a label has too few comments.
    """
    told = ", ".join(f"{label}: {count:,}" for label, count in sorted(counts.items())) or "none"
    if len(counts) < 2:
        raise BadInput(
            f"The train split has {len(counts)} label(s) ({told}); a classifier needs at least two.",
            hint="Label comments of another kind, then take a new snapshot.",
        )
    rare = [label for label, count in sorted(counts.items()) if count < MIN_ROWS_PER_LABEL]
    if rare:
        raise BadInput(
            f"The train split has too few comments labelled {', '.join(rare)} ({told}).",
            hint=f"Each label needs at least {MIN_ROWS_PER_LABEL}; label more of them, or merge the label.",
        )


def no_validation(snapshot_id: str) -> BadInput:
    """Why an encoder, whose checkpoint is chosen on validation, cannot be trained without."""
    return BadInput(
        f"Snapshot {snapshot_id} has no validation comment with a label of training.",
        hint="Take a snapshot with more comments, or with stratified splits.",
    )


def measure(job: RunningJob, comments: pa.Table, split: str) -> None:
    """Accuracy and macro F1 of the answers just written, as a first look; the evaluation has them in full."""
    gold = {
        row["comment_id"]: row["label"]
        for row in comments.select(["comment_id", "label", "split"]).to_pylist()
        if row["split"] == split
    }
    if not gold:
        return
    written = pq.read_table(
        job.folder.path / "predictions.parquet", columns=["comment_id", "label"]
    ).to_pylist()
    pairs = Counter((gold[row["comment_id"]], row["label"]) for row in written if row["comment_id"] in gold)
    if job.several is not None:
        triples = [(*pair, count) for pair, count in pairs.items()]
        sets = report_sets(sets_from_counts(job.several, triples), resamples=200)
        job.metric(stage=split, accuracy=sets.accuracy.value, macro_f1=sets.macro_f1.value, rows=len(gold))
        return
    names = sorted({label for pair in pairs for label in pair if label is not None})
    found = report(from_counts(names, [(*pair, count) for pair, count in pairs.items()]), resamples=200)
    job.metric(stage=split, accuracy=found.accuracy.value, macro_f1=found.macro_f1.value, rows=len(gold))

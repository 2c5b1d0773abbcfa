"""The predictions of a job as a file: the job writes it in chunks, the app reads it whole and checks it."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from domain.errors import BadInput
from domain.labels import labels_in
from domain.models import PARSE_STATUSES, Answers
from services.backends.protocol import Classifier, PaidClassifier
from services.jobs.files.answer_chunks import KeptChunks, Pace, longest_first, work_in
from services.jobs.files.billing import allowed_usd, tell_bill, tell_estimate
from services.jobs.process.worker import RunningJob

CHUNK_ROWS = 2_000

SCHEMA = pa.schema(
    {
        "split": pa.string(),
        "comment_id": pa.int64(),
        "label": pa.string(),
        "parse_status": pa.string(),
        "scores": pa.list_(pa.float32()),  # in the order of the model's labels
        "latency_ms": pa.float32(),
        "tokens": pa.int32(),
        "cost_usd": pa.float64(),
    }
)


def write_answers(
    job: RunningJob,
    classifier: Classifier,
    comments: pa.Table,
    *,
    from_share: float = 0.0,
    keeps_chunks: bool = False,
) -> None:
    """Ask the classifier about every comment and write predictions.parquet.

    Each row carries the id of its comment; the rows come in an order of their own.

    Args:
        job: Told of the progress, and of the seconds left once a chunk was timed.
        classifier: Gets the texts in chunks of CHUNK_ROWS, or of its own size where each answer is paid for.
        comments: Columns comment_id, text, split.
        from_share: Share of the whole job that was done before.
        keeps_chunks: Keep each chunk under work/ once it is answered, where a restart of the job finds it.
            Only for a model that the job was given: one that it trained may come out another time.
    """
    chunk_rows = CHUNK_ROWS
    if isinstance(classifier, PaidClassifier):
        chunk_rows = begin_paid(job, classifier, comments["text"].to_pylist())
    else:
        comments = longest_first(comments)
    unfinished = job.folder.path / "predictions.parquet.tmp"
    kept = KeptChunks(job.folder.path / "work" / "answers" if keeps_chunks else None)
    pace, done, total, cost_usd = Pace(work_in(comments["text"])), 0, comments.num_rows, 0.0
    with pq.ParquetWriter(unfinished, SCHEMA, compression="zstd") as writer:
        for number, batch in enumerate(comments.to_batches(max_chunksize=chunk_rows)):
            rows, is_new = ask_chunk(classifier, batch, kept, number)
            writer.write_table(rows)
            cost_usd += pc.sum(rows["cost_usd"]).as_py() or 0.0
            done += batch.num_rows
            pace.did(batch, asked=is_new)
            share = from_share + (1 - from_share) * pace.share
            told = f"Predicted {done:,} of {total:,} comments."
            job.progress(share, told, seconds_left=pace.seconds_left)
    unfinished.replace(job.folder.path / "predictions.parquet")
    if isinstance(classifier, PaidClassifier):
        tell_bill(job, f"{total:,} answers", cost_usd)


def begin_paid(job: RunningJob, classifier: PaidClassifier, texts: list[str]) -> int:
    """Look at all that will be sent and tell what it costs; returns how many go into a chunk.

    The answers are kept under work/: a restart of the job goes on with those that were paid for.

    Raises:
        WorkbenchError: something may not leave, or would cost too much.
    """
    usd = classifier.begin(
        texts, job.folder.path / "work" / "answers.jsonl", allowed_usd=allowed_usd(job.spec, math.inf)
    )
    if not any("estimate_usd" in event for event in job.folder.events()):  # a training told it with its own
        tell_estimate(job, usd, prices=classifier.prices)
    return classifier.chunk_rows


def ask_chunk(
    classifier: Classifier, batch: pa.RecordBatch, kept: KeptChunks, number: int
) -> tuple[pa.Table, bool]:
    """The answers to the chunk of that number in SCHEMA, and whether they are new; else they were kept."""
    found = kept.find(number, batch)
    if found is not None:
        return found, False
    rows = _rows(batch, classifier.predict(batch.column("text").to_pylist()))
    kept.add(number, rows)
    return rows, True


def read_answers(path: Path, *, label_names: Sequence[str], several: bool = False) -> pa.Table:
    """The predictions that a job wrote, in SCHEMA; with `several`, an answer is a set of labels.

    Raises:
        BadInput: the file is missing or damaged; a column is missing or of another type; a label is not
            among the model's, a parse status is unknown, or a row of scores has another length.
    """
    try:
        table = pq.read_table(path).select(SCHEMA.names).cast(SCHEMA)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise BadInput(f"{path.name} cannot be used: {error}", hint="Restart the job.") from error
    given = pc.unique(table["label"].drop_null()).to_pylist()
    _refuse_others({one for each in given for one in labels_in(each)} if several else given, label_names,
                   "label")  # fmt: skip
    _refuse_others(pc.unique(table["parse_status"]).to_pylist(), PARSE_STATUSES, "parse status")
    lengths = pc.unique(pc.list_value_length(table["scores"]).drop_null()).to_pylist()
    if lengths not in ([], [len(label_names)]):
        raise BadInput(
            f"{path.name} has scores for {lengths} labels; the model has {len(label_names)}.",
            hint="Restart the job.",
        )
    return table


def _refuse_others(given: Iterable[str], known: Sequence[str], what: str) -> None:
    others = sorted(set(given) - set(known), key=str)
    if others:
        raise BadInput(
            f"The predictions have the {what} {others[0]!r}, which is none of: {', '.join(known)}.",
            hint="Restart the job.",
        )


def _rows(batch: pa.RecordBatch, answers: Answers) -> pa.Table:
    """The answers beside the ids of the comments that were asked about."""
    if len(answers) != batch.num_rows:
        raise BadInput(f"The model gave {len(answers)} answers to {batch.num_rows} comments.")
    columns = {
        "split": batch.column("split"),
        "comment_id": batch.column("comment_id"),
        "label": answers.labels,
        "parse_status": answers.parse_status,
        "scores": None if answers.scores is None else _lists(answers.scores),
        "latency_ms": answers.latency_ms,
        "tokens": answers.tokens,
        "cost_usd": answers.cost_usd,
    }
    arrays = [
        pa.nulls(batch.num_rows, field.type)
        if columns[field.name] is None
        else pa.array(columns[field.name], field.type, from_pandas=True)
        for field in SCHEMA
    ]
    return pa.table(arrays, schema=SCHEMA)


def _lists(scores: NDArray[np.float32]) -> pa.ListArray:
    """The rows of scores as lists; a row of NaN as no list."""
    rows, width = scores.shape
    offsets = pa.array(np.arange(rows + 1) * width, pa.int32())
    missing = pa.array(np.isnan(scores).any(axis=1))
    return pa.ListArray.from_arrays(offsets, pa.array(scores.ravel(), pa.float32()), mask=missing)

"""Ask a model about comments outside of any snapshot: those of a dataset, or the rows of a file.

    python -m services.jobs.score FOLDER

FOLDER holds spec.json, inputs/comments.parquet (comment_id, id, text), inputs/model/ and, where an earlier
prediction made them, inputs/onnx/. The script leaves predictions.parquet, scored.csv, scored.parquet and
events.jsonl there. Comments are read, answered and written a stretch at a time, so that the memory does not
grow with their number.
"""

import sys
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from domain.errors import BadInput
from services.backends.protocol import Classifier, PaidClassifier
from services.jobs.files import answers
from services.jobs.files.answer_chunks import KeptChunks, Pace, longest_first, work_in
from services.jobs.files.answers import SCHEMA, ask_chunk, begin_paid
from services.jobs.files.billing import tell_bill
from services.jobs.files.scored_files import ScoredFiles
from services.jobs.predict import clear_work, load_model, works_here
from services.jobs.process.worker import RunningJob, run

STRETCH_ROWS = 20_000  # put into the order of their length together


def score(job: RunningJob) -> None:
    """The whole prediction, top to bottom."""
    asked = open_comments(job)
    first = next(stretches(asked), None)
    if first is None:
        raise BadInput("There is no comment to ask about.", hint="Choose other comments or another file.")
    classifier = load_model(job, first)
    write_scored(job, classifier, asked, keeps_chunks=works_here(job.folder))
    clear_work(job)


def open_comments(job: RunningJob) -> pq.ParquetFile:
    """The comments, of which nothing is read yet.

    Raises:
        BadInput: the file is missing or damaged.
    """
    try:
        return pq.ParquetFile(job.folder.path / "inputs" / "comments.parquet")
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"The job's comments cannot be read: {error}", hint="Launch the job again.") from error


def stretches(asked: pq.ParquetFile) -> Iterator[pa.Table]:
    """The comments, STRETCH_ROWS at a time, in the order of their file."""
    for batch in asked.iter_batches(batch_size=STRETCH_ROWS):
        table = pa.Table.from_batches([batch])
        yield table.append_column("split", pa.nulls(table.num_rows, pa.string()))


def write_scored(
    job: RunningJob, classifier: Classifier, asked: pq.ParquetFile, *, keeps_chunks: bool
) -> None:
    """Ask about every comment and write the results; the files keep the order of the comments.

    Args:
        job: Told of the progress, and of the seconds left once a chunk was timed.
        classifier: Gets the texts of a stretch sorted by length; one that is paid for, as they come.
        asked: The comments.
        keeps_chunks: Keep each chunk under work/, where a restart of the job finds it.
    """
    chunk_rows = answers.CHUNK_ROWS
    if isinstance(classifier, PaidClassifier):
        chunk_rows = begin_paid(job, classifier, asked.read(["text"])["text"].to_pylist())
    kept = KeptChunks(job.folder.path / "work" / "answers" if keeps_chunks else None)
    pace, total = Pace(letters_of(asked)), asked.metadata.num_rows
    number, done, cost_usd = 0, 0, 0.0
    unfinished = job.folder.path / "predictions.parquet.tmp"
    with (
        pq.ParquetWriter(unfinished, SCHEMA, compression="zstd") as writer,
        ScoredFiles(job.folder.path, classifier.labels) as files,
    ):
        for stretch in stretches(asked):
            ordered = stretch if isinstance(classifier, PaidClassifier) else longest_first(stretch)
            found = []
            for batch in ordered.to_batches(max_chunksize=chunk_rows):
                rows, is_new = ask_chunk(classifier, batch, kept, number)
                number, done = number + 1, done + batch.num_rows
                writer.write_table(rows)
                found.append(rows)
                cost_usd += pc.sum(rows["cost_usd"]).as_py() or 0.0
                pace.did(batch, asked=is_new)
                told = f"Predicted {done:,} of {total:,} comments."
                job.progress(pace.share, told, seconds_left=pace.seconds_left)
            files.add(stretch, pa.concat_tables(found))
    unfinished.replace(job.folder.path / "predictions.parquet")
    if isinstance(classifier, PaidClassifier):
        tell_bill(job, f"{total:,} answers", cost_usd)


def letters_of(asked: pq.ParquetFile) -> int:
    """The work in all texts, as the pace counts it."""
    return sum(work_in(batch.column("text")) for batch in asked.iter_batches(columns=["text"]))


if __name__ == "__main__":
    sys.exit(run(score, waits=works_here))

"""Comments outside of any snapshot that a model is asked about: frozen as a file, named by its hash."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from hashlib import file_digest
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.database import EVERY_ID, Database

ASKED = "asked-"  # how the name of such a file begins
FILE, REFUSED = "comments.parquet", "refused.csv"
BATCH_ROWS = 10_000

# comment_id joins the answers back: the number of a comment, or the place of a row in a file, from 1.
SCHEMA = pa.schema({"comment_id": pa.int64(), "id": pa.string(), "text": pa.string()})

_COMMENTS = """
SELECT c.comment_id, c.external_id AS id, c.body AS text
FROM comments c
LEFT JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = c.comment_id
WHERE c.dataset_id = $dataset_id
  AND (l.label IS NULL OR NOT $unlabelled)
  AND c.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
ORDER BY c.comment_id
"""


def asked_folder(home: Path, asked_id: str) -> Path:
    """Where the comments lie, and beside them the rows of their file that were refused."""
    return home / "asked" / asked_id


def add_comments_asked(db: Database, dataset_id: str, *, unlabelled: bool) -> tuple[str, int]:
    """Freeze the comments of a dataset that were not excluded; returns the name and how many there are.

    Args:
        unlabelled: Only those without a label in force.
    """
    with db.reading() as cursor:
        found = cursor.sql(_COMMENTS, params={"dataset_id": dataset_id, "unlabelled": unlabelled, **EVERY_ID})
        return _add(db.home, found.to_arrow_reader(BATCH_ROWS), refused=None)


def add_rows_asked(home: Path, rows: Path, *, refused: str | None) -> tuple[str, int]:
    """Freeze the rows that the intake has read of a file; returns the name and how many there are.

    Args:
        rows: The intake's Arrow file. A row without an id is known by its line, as "line 3": a
            bare 3 may be the id of another.
        refused: What could not be read, as CSV.
    """
    with pa.memory_map(str(rows)) as source:
        return _add(home, _batches(pa.ipc.open_file(source)), refused=refused)


def find_repeated_id(home: Path, asked_id: str) -> tuple[int, str | None]:
    """How many rows have an id that an earlier one has, and the first such id in the order of the file."""
    ids = pq.read_table(asked_folder(home, asked_id) / FILE, columns=["id"])["id"]
    counted = pc.value_counts(ids)  # in the order in which they are met
    several = counted.filter(pc.greater(counted.field("counts"), 1))
    first = several.field("values")[0].as_py() if len(several) else None
    return len(ids) - len(counted), first


def _batches(read: pa.ipc.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
    first = 1
    for number in range(read.num_record_batches):
        batch = read.get_batch(number)
        numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
        lines = pc.binary_join_element_wise("line", pc.cast(batch.column("line"), pa.string()), " ")
        ids = pc.coalesce(batch.column("external_id"), lines)
        yield pa.RecordBatch.from_arrays([numbers, ids, batch.column("body")], schema=SCHEMA)
        first += batch.num_rows


def _add(home: Path, batches: Iterable[pa.RecordBatch], *, refused: str | None) -> tuple[str, int]:
    """Write both files under a name of their own, which becomes that of their content once it is whole."""
    (home / "asked").mkdir(exist_ok=True)
    draft, count = Path(tempfile.mkdtemp(prefix="draft-", dir=home / "asked")), 0
    try:
        with pq.ParquetWriter(draft / FILE, SCHEMA, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch.cast(SCHEMA))
                count += batch.num_rows
        with open(draft / FILE, "rb") as file:
            digest = file_digest(file, "sha256")
        if refused is not None:
            (draft / REFUSED).write_text(refused, encoding="utf-8", newline="")
            digest.update(refused.encode())
        asked_id = f"{ASKED}{digest.hexdigest()[:16]}"
        try:
            draft.rename(asked_folder(home, asked_id))
        except OSError:
            if not asked_folder(home, asked_id).is_dir():  # else the very same files were frozen before
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return asked_id, count

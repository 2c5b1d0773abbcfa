"""suspects.parquet: labels that may be wrong, the most suspicious first; written whole."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import BadInput

SUSPECTS_FILE = "suspects.parquet"
SCHEMA = pa.schema(
    [
        ("comment_id", pa.int64()),
        ("label", pa.string()),
        ("likelier", pa.string()),
        ("self_confidence", pa.float64()),
        ("likelier_score", pa.float64()),
    ]
)


def write_suspects(folder: Path, rows: pa.Table) -> None:
    """Write the rows into the job's folder."""
    draft = folder / f"{SUSPECTS_FILE}.tmp"
    pq.write_table(rows.cast(SCHEMA), draft)
    draft.rename(folder / SUSPECTS_FILE)


def read_suspects(folder: Path) -> pa.Table:
    """What the job in the folder found: a row per suspect, with the columns of SCHEMA.

    Raises:
        BadInput: the file is missing or damaged.
    """
    try:
        return pq.read_table(folder / SUSPECTS_FILE).cast(SCHEMA)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise BadInput(
            f"{SUSPECTS_FILE} of {folder.name} cannot be read: {error}", hint="Restart the job."
        ) from error

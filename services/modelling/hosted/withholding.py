"""How many comments of a snapshot hold personal data, which is asked before anything is started."""

import pyarrow.parquet as pq

from domain.personal_data import find_personal_data
from services.curation.snapshots import snapshot_file
from services.modelling.tokens.comment_tokens import Progress
from storage.database import Database

_AT_ONCE = 2_000


def count_personal_data(db: Database, snapshot_id: str, *, progress: Progress) -> int:
    """The comments of a snapshot that hold personal data; a snapshot is frozen, so this never changes.

    Args:
        progress: Called with what is done and a share, 0 to 1; it may raise to cancel.

    Raises:
        NotFound: there is no such snapshot, or its file is gone.
    """
    found = seen = 0
    with pq.ParquetFile(snapshot_file(db, snapshot_id, "comments.parquet")) as file:
        for batch in file.iter_batches(_AT_ONCE, columns=["text"]):
            progress("Looking for personal data", seen / file.metadata.num_rows)
            found += sum(find_personal_data(text) is not None for text in batch.column(0).to_pylist())
            seen += batch.num_rows
    return found

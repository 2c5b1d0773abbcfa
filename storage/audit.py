"""The log of who did what: appended with the thing it tells, each entry chained to the one before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from storage.database import Database, now

START = "0" * 64  # stands for the hash before the first entry
_COLUMNS = "seq, logged_at, actor, verb, dataset_id, object, details, previous, hash"


@dataclass(frozen=True)
class Entry:
    """One entry; `details` is the JSON text that was hashed, letter by letter."""

    seq: int
    logged_at: datetime
    actor: str
    verb: str
    dataset_id: str
    object: str
    details: str
    previous: str
    hash: str

    @property
    def expected_hash(self) -> str:
        """The hash that the entry's own fields and the hash before it come to."""
        return entry_hash(
            self.previous,
            {
                "seq": self.seq,
                "at": self.logged_at.isoformat(timespec="microseconds"),
                "actor": self.actor,
                "verb": self.verb,
                "dataset_id": self.dataset_id,
                "object": self.object,
                "details": self.details,
            },
        )


@dataclass(frozen=True)
class Head:
    """The newest entry of the log: its number (0 where the log is empty) and its hash."""

    seq: int
    hash: str


def entry_hash(previous: str, fields: Mapping[str, Any]) -> str:
    """sha256 over the hash before and the fields as canonical JSON: keys sorted, ASCII, no white space."""
    return hashlib.sha256(f"{previous}{canonical(fields)}".encode()).hexdigest()


def canonical(value: Any) -> str:
    """The value as JSON that is spelt one way only."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def add_entry(
    cursor: duckdb.DuckDBPyConnection,
    *,
    actor: str,
    verb: str,
    dataset_id: str,
    object_: str,
    details: Mapping[str, Any],
) -> int:
    """Append an entry within the caller's transaction and return its number: both are there or neither."""
    head = head_within(cursor)
    unsigned = Entry(
        head.seq + 1, now(), actor, verb, dataset_id, object_, canonical(details), head.hash, hash=""
    )
    values = {**vars(unsigned), "hash": unsigned.expected_hash}
    cursor.execute(
        f"INSERT INTO audit_log ({_COLUMNS}) VALUES ($seq, $logged_at, $actor, $verb, $dataset_id, $object,"
        " $details, $previous, $hash)",
        values,
    )
    return unsigned.seq


def add_lone_entry(
    db: Database, *, actor: str, verb: str, dataset_id: str, object_: str, details: Mapping[str, Any]
) -> int:
    """Append an entry about something that leaves no other row, such as a judgement; return its number."""
    with db.writing(dataset_id, is_news=False) as cursor:
        return add_entry(
            cursor, actor=actor, verb=verb, dataset_id=dataset_id, object_=object_, details=details
        )


def head_within(cursor: duckdb.DuckDBPyConnection) -> Head:
    """The newest entry, as the caller's transaction sees it."""
    row = cursor.execute("SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(int(row[0]), str(row[1])) if row else Head(0, START)


def get_head(db: Database) -> Head:
    """The newest entry."""
    with db.reading() as cursor:
        return head_within(cursor)


def list_entries(db: Database, dataset_id: str | None = None, *, limit: int | None = None) -> list[Entry]:
    """The entries about a dataset, or all, oldest first; on demand only the newest so many."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM audit_log
            WHERE $dataset_id IS NULL OR dataset_id = $dataset_id
            ORDER BY seq DESC
            LIMIT $limit
            """,
            {"dataset_id": dataset_id, "limit": 2**62 if limit is None else limit},
        ).fetchall()
    return [Entry(*row) for row in reversed(rows)]

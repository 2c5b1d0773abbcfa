"""Money promised to providers and paid to them: one entry per job, or per answer asked for by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import duckdb

from storage.database import Database, now


@dataclass(frozen=True)
class Entry:
    """What somebody may spend or has spent at a provider.

    Attributes:
        job_id: None where it is no job's.
        what: What for, in a few words.
        usd: What counts against the caps.
    """

    job_id: str | None
    actor: str
    provider: str
    model: str
    what: str
    usd: float


@dataclass(frozen=True)
class Cost:
    """What a job that has ended cost: what counts against the caps, and how that came about."""

    usd: float
    estimated_usd: float | None
    billed_usd: float | None


class Ledger:
    """The entries within one transaction: what is read here stays true until it ends."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def count_spent_usd(self, since: datetime, *, actor: str | None = None) -> float:
        """What was spent or promised since then, by one person or by all, in US dollars."""
        rows = self._cursor.execute(
            """
            SELECT coalesce(sum(usd), 0)
            FROM spending
            WHERE created_at >= $since
              AND ($actor IS NULL OR actor = $actor)
            """,
            {"since": since, "actor": actor},
        ).fetchall()
        return float(rows[0][0])

    def add_entry(self, entry: Entry, *, is_settled: bool = False) -> None:
        """Add what may be spent, or what was."""
        self._cursor.execute(
            """
            INSERT INTO spending
            VALUES (
              nextval('spending_ids'), $job_id, $actor, $provider, $model, $what, $usd, NULL, $billed, $at,
              $settled
            )
            """,
            {
                "job_id": entry.job_id,
                "actor": entry.actor,
                "provider": entry.provider,
                "model": entry.model,
                "what": entry.what,
                "usd": entry.usd,
                "billed": entry.usd if is_settled else None,
                "at": now(),
                "settled": now() if is_settled else None,
            },
        )

    def update_taken_over(self, job_id: str) -> None:
        """A job that repeats this one is billed for both: nothing of this one counts any more."""
        self._cursor.execute(
            "UPDATE spending SET usd = 0, settled_at = $at WHERE job_id = $job_id",
            {"job_id": job_id, "at": now()},
        )


@contextmanager
def writing_ledger(db: Database) -> Iterator[Ledger]:
    """A ledger in a transaction of its own; one at a time in the whole program."""
    with db.writing("", is_news=False) as cursor:
        yield Ledger(cursor)


def count_spent_usd(db: Database, since: datetime, *, actor: str | None = None) -> float:
    """What was spent or promised since then, by one person or by all, in US dollars."""
    with db.reading() as cursor:
        return Ledger(cursor).count_spent_usd(since, actor=actor)


def update_settled(cursor: duckdb.DuckDBPyConnection, job_id: str, cost: Cost) -> None:
    """Put what a job cost in the place of what it might have, as part of the caller's transaction.

    An entry that a repeating job took over stays as it is.
    """
    cursor.execute(
        """
        UPDATE spending
        SET usd = $usd, estimated_usd = $estimated, billed_usd = $billed, settled_at = $at
        WHERE job_id = $job_id AND settled_at IS NULL
        """,
        {
            "job_id": job_id,
            "usd": cost.usd,
            "estimated": cost.estimated_usd,
            "billed": cost.billed_usd,
            "at": now(),
        },
    )

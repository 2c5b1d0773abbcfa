"""Release policies: versions of a dataset's clauses, never edited. The clauses are kept as canonical JSON."""

from dataclasses import dataclass
from datetime import datetime

from storage.audit import add_entry
from storage.database import Database, now


@dataclass(frozen=True)
class StoredPolicy:
    """One version of a dataset's policy."""

    dataset_id: str
    version: int
    clauses: str
    sha256: str
    why: str
    created_at: datetime
    created_by: str


def add_policy(db: Database, dataset_id: str, *, clauses: str, sha256: str, why: str, actor: str) -> int:
    """Add the next version of the policy and return its number; the versions before stay."""
    with db.writing(dataset_id) as cursor:
        [(version,)] = cursor.execute(
            "SELECT coalesce(max(version), 0) + 1 FROM policies WHERE dataset_id = $dataset_id",
            {"dataset_id": dataset_id},
        ).fetchall()
        cursor.execute(
            "INSERT INTO policies VALUES ($dataset_id, $version, $clauses, $sha256, $why, $at, $actor)",
            {
                "dataset_id": dataset_id,
                "version": version,
                "clauses": clauses,
                "sha256": sha256,
                "why": why,
                "at": now(),
                "actor": actor,
            },
        )
        add_entry(
            cursor,
            actor=actor,
            verb="policy written",
            dataset_id=dataset_id,
            object_=f"policy {version}",
            details={"sha256": sha256, "why": why},
        )
    return int(version)


def list_policies(db: Database, dataset_id: str) -> list[StoredPolicy]:
    """Every version of a dataset's policy, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT * FROM policies WHERE dataset_id = $dataset_id ORDER BY version DESC",
            {"dataset_id": dataset_id},
        ).fetchall()
    return [StoredPolicy(*row) for row in rows]

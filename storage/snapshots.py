"""Snapshots: comments and the labels in force, frozen as rows in the database and as Parquet beside it."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from domain.comments import CommentFilter, Dataset
from domain.errors import BadInput, NotFound
from domain.labels import count_labels
from domain.splits import SPLIT_MODES
from storage.audit import add_entry
from storage.comments import ready_where
from storage.database import EVERY_ID, Database, now

_SPLIT_SQL = {
    "group": "c.split",
    "imported": "c.imported_split",
    # The first 80 % of each label in the order of a hash are train, the next 10 % validation, the rest test.
    # The seed alone decides, not the dataset's salt: who imports the same file draws the same split.
    "stratified": """
      CASE
        WHEN row_number() OVER by_label <= round(0.8 * count(*) OVER (PARTITION BY l.label)) THEN 'train'
        WHEN row_number() OVER by_label <= round(0.9 * count(*) OVER (PARTITION BY l.label)) THEN 'validation'
        ELSE 'test'
      END
    """,
}

_FREEZE = """
SELECT
  c.comment_id, c.external_id, c.body AS text, l.label, l.label_from, {split} AS split,
  c.author, c.thread, c.posted_at, c.language
FROM comments c
JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = c.comment_id
WHERE c.dataset_id = $dataset_id
  AND l.label IS NOT NULL
  AND c.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
  {wanted}
WINDOW by_label AS (
  PARTITION BY l.label ORDER BY sha256($seed || chr(31) || c.external_id)
)
ORDER BY c.comment_id
"""

# How many held-out comments share something with a training comment.
_LEAKS = """
WITH held AS (
  SELECT s.split, c.comment_id, c.author, c.thread, c.match_key, coalesce(c.near_of, c.comment_id) AS root
  FROM frozen s JOIN comments c ON c.comment_id = s.comment_id
), train AS (
  SELECT * FROM held WHERE split = 'train'
)
SELECT
  count(*) FILTER (match_key IN (SELECT match_key FROM train)) AS same_text,
  count(*) FILTER (root IN (SELECT root FROM train)) AS near_duplicate,
  count(*) FILTER (author IN (SELECT author FROM train WHERE author IS NOT NULL)) AS same_author,
  count(*) FILTER (thread IN (SELECT thread FROM train WHERE thread IS NOT NULL)) AS same_thread
FROM held
WHERE split <> 'train'
"""


@dataclass(frozen=True)
class Snapshot:
    """A frozen set of labelled comments. `manifest` says how it came about."""

    snapshot_id: str
    dataset_id: str
    sha256: str
    row_count: int
    manifest: dict[str, Any]
    created_at: datetime
    created_by: str

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(label["name"] for label in self.manifest["labels"])

    @property
    def label_counts(self) -> dict[str, dict[str, int]]:
        """Comments per split and label; where a comment may have several, it counts under each."""
        counts: dict[str, dict[str, int]] = self.manifest["counts"]
        return {split: count_labels(of) for split, of in counts.items()} if self.several else counts

    @property
    def several(self) -> bool:
        """Whether a comment may have several labels, or none of them."""
        return bool(self.manifest.get("several"))


def rows_sha256(rows: pa.Table) -> str:
    """The hash of a snapshot's rows, whatever the file that carries them.

    Rows are taken in the order of external_id; of each row, external_id, text, label and split, each as its
    length in bytes, a colon and the bytes in UTF-8.
    """
    ordered = rows.select(["external_id", "text", "label", "split"]).sort_by("external_id")
    digest = hashlib.sha256()
    for batch in ordered.to_batches(max_chunksize=10_000):
        columns = [column.to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            for value in row:
                encoded = value.encode()
                digest.update(b"%d:" % len(encoded))
                digest.update(encoded)
    return digest.hexdigest()


def frozen_rows(
    db: Database, dataset: Dataset, *, split_mode: str, seed: int, wanted: CommentFilter | None = None
) -> pa.Table:
    """The rows that a snapshot taken now would hold, in the order of comment_id.

    Comments without a label in force, excluded ones and, in the mode "imported", those without an imported
    split are not among them.

    Raises:
        BadInput: there is no such split mode.
    """
    if split_mode not in _SPLIT_SQL:
        raise BadInput(f"There is no split mode '{split_mode}'.", hint=f"Modes: {', '.join(SPLIT_MODES)}.")
    params: dict[str, object] = {"dataset_id": dataset.dataset_id, "seed": str(seed), **EVERY_ID}
    among = ""
    if wanted is not None:
        tables, condition, asked = ready_where(db, wanted)
        among = f"AND c.comment_id IN (SELECT c.comment_id {tables} WHERE {condition})"
        params |= asked
    with db.reading() as cursor:
        statement = _FREEZE.format(split=_SPLIT_SQL[split_mode], wanted=among)
        rows = cursor.sql(statement, params=params).to_arrow_table()
    return rows.filter(pc.is_valid(rows.column("split")))


def count_leaks(db: Database, rows: pa.Table) -> dict[str, int]:
    """How many held-out rows share text, near-duplicate cluster, author or thread with a training row."""
    with db.reading() as cursor:
        cursor.register("frozen", rows.select(["comment_id", "split"]))
        found = cursor.execute(_LEAKS)
        names = [column[0] for column in found.description or []]
        return dict(zip(names, found.fetchone() or (), strict=True))


def add_snapshot(
    db: Database, dataset_id: str, rows: pa.Table, manifest: dict[str, Any], actor: str
) -> Snapshot:
    """Write the rows as Parquet with their manifest, then into the database; both or neither."""
    with db.writing(dataset_id) as cursor:
        number = cursor.execute("SELECT nextval('snapshot_ids')").fetchall()[0][0]
        snapshot_id = f"snapshot-{number}"
        snapshot = Snapshot(snapshot_id, dataset_id, rows_sha256(rows), rows.num_rows, manifest, now(), actor)
        cursor.register("frozen", rows.select(["comment_id", "label", "label_from", "split"]))
        cursor.execute(
            "INSERT INTO snapshot_rows SELECT $snapshot_id, comment_id, label, label_from, split FROM frozen",
            {"snapshot_id": snapshot_id},
        )
        cursor.execute(
            "INSERT INTO snapshots VALUES"
            " ($snapshot_id, $dataset_id, $sha256, $row_count, $manifest, $at, $actor)",
            {
                "snapshot_id": snapshot_id,
                "dataset_id": dataset_id,
                "sha256": snapshot.sha256,
                "row_count": snapshot.row_count,
                "manifest": json.dumps(manifest),
                "at": snapshot.created_at,
                "actor": actor,
            },
        )
        add_entry(
            cursor,
            actor=actor,
            verb="snapshot taken",
            dataset_id=dataset_id,
            object_=snapshot_id,
            details={"sha256": snapshot.sha256, "rows": snapshot.row_count},
        )
        _write_folder(snapshot_folder(db.home, snapshot_id), rows, snapshot)
    return snapshot


def get_snapshot(db: Database, snapshot_id: str) -> Snapshot:
    """One snapshot.

    Raises:
        NotFound: there is none of that name.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT * FROM snapshots WHERE snapshot_id = $id", {"id": snapshot_id}
        ).fetchone()
    if row is None:
        raise NotFound(f"There is no snapshot '{snapshot_id}'.", hint="`snapshot --list` shows those here.")
    return _snapshot(row)


def list_snapshots(db: Database, dataset_id: str) -> list[Snapshot]:
    """The snapshots of a dataset, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT * FROM snapshots WHERE dataset_id = $dataset_id ORDER BY created_at DESC",
            {"dataset_id": dataset_id},
        ).fetchall()
    return [_snapshot(row) for row in rows]


def snapshot_folder(home: Path, snapshot_id: str) -> Path:
    """Where the snapshot's Parquet file and manifest lie."""
    return home / "snapshots" / snapshot_id


def _write_folder(folder: Path, rows: pa.Table, snapshot: Snapshot) -> None:
    draft = folder.with_name(f"{folder.name}.draft")
    for leftover in (draft, folder):  # of a program that died before its transaction ended
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir(parents=True)
    pq.write_table(rows, draft / "comments.parquet", compression="zstd")
    told = {
        "snapshot_id": snapshot.snapshot_id,
        "dataset_id": snapshot.dataset_id,
        "sha256": snapshot.sha256,
        "rows": snapshot.row_count,
        "created_at": snapshot.created_at.isoformat(),
        "created_by": snapshot.created_by,
        **snapshot.manifest,
    }
    (draft / "manifest.json").write_text(json.dumps(told, indent=2, ensure_ascii=False), encoding="utf-8")
    draft.rename(folder)


def _snapshot(row: tuple[Any, ...]) -> Snapshot:
    snapshot_id, dataset_id, sha256, row_count, manifest, created_at, created_by = row
    return Snapshot(snapshot_id, dataset_id, sha256, row_count, json.loads(manifest), created_at, created_by)

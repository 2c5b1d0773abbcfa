"""Snapshots: comments and the labels in force, frozen as rows in the database and as Parquet beside it."""

import hashlib
import json
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
from storage.frozen_folder import write_folder

_SPLIT_SQL = {
    "group": "c.split",
    "imported": "c.imported_split",
    # What was posted last is held out, as traffic comes: equal times go to one split, and none to no split.
    "time": """
      CASE
        WHEN c.posted_at < $validation_from THEN 'train'
        WHEN c.posted_at < $test_from THEN 'validation'
        WHEN c.posted_at IS NOT NULL THEN 'test'
      END
    """,
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
  c.comment_id, c.external_id, {text} AS text, l.label, l.label_from,
  CASE WHEN g.comment_id IS NOT NULL THEN 'test' ELSE {split} END AS split,
  c.author, c.thread, c.posted_at, c.language
FROM comments c
JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = c.comment_id
LEFT JOIN golden_of($dataset_id) g ON g.comment_id = c.comment_id
{facts}
WHERE c.dataset_id = $dataset_id
  AND l.label IS NOT NULL
  AND c.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
  {wanted}
WINDOW by_label AS (
  PARTITION BY l.label ORDER BY sha256($seed || chr(31) || c.external_id)
)
ORDER BY c.comment_id
"""

_TEXT_SQL = {
    "original": ("c.body", ""),
    "cleaned": (
        "coalesce(f.cleaned, c.body)",
        "LEFT JOIN text_facts f ON f.comment_id = c.comment_id AND f.dataset_id = $dataset_id",
    ),
}

_CUTS = """
SELECT
  quantile_disc(c.posted_at, $validation_share)
    FILTER (c.posted_at < coalesce($test_from, 'infinity'::TIMESTAMP)),
  coalesce($test_from, quantile_disc(c.posted_at, 0.9))
FROM comments c
JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = c.comment_id
WHERE c.dataset_id = $dataset_id
  AND l.label IS NOT NULL
  AND c.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
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
    def model_input(self) -> dict[str, Any]:
        """What the column `text` is: {"text": "original"}, or "cleaned" with the steps and their versions."""
        return dict(self.manifest.get("model_input", {"text": "original"}))

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
    db: Database,
    dataset: Dataset,
    *,
    split_mode: str,
    seed: int,
    wanted: CommentFilter | None = None,
    text: str = "original",
    cuts: tuple[datetime, datetime] | None = None,
) -> pa.Table:
    """The rows that a snapshot taken now would hold, in the order of comment_id.

    Comments without a label in force, excluded ones and, in the modes "imported" and "time", those without an
    imported split or a time are not among them. Golden comments are in test, whatever their split.

    Args:
        text: "original", or "cleaned": the text after the repairs in force.
        cuts: Of the mode "time": from when on a comment is in validation, and from when on in test.

    Raises:
        BadInput: there is no such split mode or text.
    """
    if split_mode not in _SPLIT_SQL:
        raise BadInput(f"There is no split mode '{split_mode}'.", hint=f"Modes: {', '.join(SPLIT_MODES)}.")
    if text not in _TEXT_SQL:
        raise BadInput(f"There is no text '{text}'.", hint=f"Texts: {', '.join(_TEXT_SQL)}.")
    params: dict[str, Any] = {"dataset_id": dataset.dataset_id, "seed": str(seed), **EVERY_ID}
    if cuts is not None:
        params |= {"validation_from": cuts[0], "test_from": cuts[1]}
    among = ""
    if wanted is not None:
        tables, condition, asked = ready_where(db, wanted)
        among = f"AND c.comment_id IN (SELECT c.comment_id {tables} WHERE {condition})"
        params |= asked
    column, facts = _TEXT_SQL[text]
    with db.reading() as cursor:
        statement = _FREEZE.format(split=_SPLIT_SQL[split_mode], text=column, facts=facts, wanted=among)
        rows = cursor.sql(statement, params=params).to_arrow_table()
    return rows.filter(pc.is_valid(rows.column("split")))


def find_cuts(
    db: Database, dataset_id: str, *, test_from: datetime | None
) -> tuple[datetime, datetime] | None:
    """From when on labelled comments are in validation and in test; None where the times do not say.

    The last tenth is test, the tenth before it validation; with `test_from`, the last ninth before that.
    """
    share = 0.8 if test_from is None else 8 / 9
    with db.reading() as cursor:
        row = cursor.execute(
            _CUTS,
            {"dataset_id": dataset_id, "validation_share": share, "test_from": test_from, **EVERY_ID},
        ).fetchone()
    return (row[0], row[1]) if row and row[0] is not None and row[0] < row[1] else None


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
    told = {
        "snapshot_id": snapshot.snapshot_id,
        "dataset_id": snapshot.dataset_id,
        "sha256": snapshot.sha256,
        "rows": snapshot.row_count,
        "created_at": snapshot.created_at.isoformat(),
        "created_by": snapshot.created_by,
        **snapshot.manifest,
    }

    def write(draft: Path) -> None:
        pq.write_table(rows, draft / "comments.parquet", compression="zstd")
        manifest = json.dumps(told, indent=2, ensure_ascii=False)
        (draft / "manifest.json").write_text(manifest, encoding="utf-8")

    write_folder(folder, write)


def _snapshot(row: tuple[Any, ...]) -> Snapshot:
    snapshot_id, dataset_id, sha256, row_count, manifest, created_at, created_by = row
    return Snapshot(snapshot_id, dataset_id, sha256, row_count, json.loads(manifest), created_at, created_by)

"""Datasets, their label sets and their guidelines; the last two are versions, never edited."""

import json
from dataclasses import asdict

import duckdb

from domain.comments import ChildDataMark, Dataset, Guideline
from domain.errors import Conflict, NotFound
from domain.labels import Label, LabelSet
from storage.audit import add_entry
from storage.database import Database, now

_COLUMNS = (
    "dataset_id, title, group_by, salt, votes_needed, created_at, created_by, may_hold_child_data, several"
)


def add_dataset(db: Database, dataset: Dataset, labels: LabelSet) -> None:
    """Add a dataset with the first version of its label set."""
    with db.writing(dataset.dataset_id) as cursor:
        add_dataset_rows(cursor, dataset, labels)


def add_dataset_rows(cursor: duckdb.DuckDBPyConnection, dataset: Dataset, labels: LabelSet) -> None:
    """Add a dataset as part of a transaction that the caller holds.

    Raises:
        Conflict: there is a dataset of that name.
    """
    known = cursor.execute("SELECT 1 FROM datasets WHERE dataset_id = $name", {"name": dataset.dataset_id})
    if known.fetchall():
        raise Conflict(
            f"There is a dataset '{dataset.dataset_id}' already.",
            hint="Import into it, or choose another name.",
        )
    cursor.execute(
        f"INSERT INTO datasets ({_COLUMNS}) VALUES ($dataset_id, $title, $group_by, $salt, $votes_needed,"
        " $created_at, $created_by, $may_hold_child_data, $several)",
        asdict(dataset),
    )
    cursor.execute(
        "INSERT INTO label_sets VALUES ($dataset_id, 1, $labels, $created_at, $created_by)",
        {
            "dataset_id": dataset.dataset_id,
            "labels": json.dumps([asdict(label) for label in labels.labels]),
            "created_at": dataset.created_at,
            "created_by": dataset.created_by,
        },
    )


def add_label_set(db: Database, dataset_id: str, labels: LabelSet, *, actor: str) -> None:
    """Add the next version of a dataset's label set."""
    told = [asdict(label) for label in labels.labels]
    with db.writing(dataset_id) as cursor:
        cursor.execute(
            """
            INSERT INTO label_sets
            SELECT $dataset_id, (SELECT max(version) + 1 FROM label_sets WHERE dataset_id = $dataset_id),
              $labels, $at, $actor
            """,
            {"dataset_id": dataset_id, "labels": json.dumps(told), "at": now(), "actor": actor},
        )
        add_entry(
            cursor, actor=actor, verb="labels changed", dataset_id=dataset_id, object_=dataset_id,
            details={"labels": told},
        )  # fmt: skip


def find_dataset(db: Database, dataset_id: str) -> Dataset | None:
    """The dataset of that name, or None."""
    return next((d for d in list_datasets(db) if d.dataset_id == dataset_id), None)


def get_dataset(db: Database, dataset_id: str) -> Dataset:
    """The dataset of that name.

    Raises:
        NotFound: there is none.
    """
    dataset = find_dataset(db, dataset_id)
    if dataset is None:
        known = ", ".join(d.dataset_id for d in list_datasets(db)) or "none yet"
        raise NotFound(f"There is no dataset '{dataset_id}'.", hint=f"Datasets here: {known}.")
    return dataset


def update_child_data(
    db: Database, dataset_id: str, may_hold_child_data: bool, *, why: str, actor: str
) -> None:
    """Say whether the comments of a dataset may hold data of children; what was said before stays."""
    with db.writing(dataset_id) as cursor:
        cursor.execute(
            "UPDATE datasets SET may_hold_child_data = $flag WHERE dataset_id = $dataset_id",
            {"dataset_id": dataset_id, "flag": may_hold_child_data},
        )
        cursor.execute(
            "INSERT INTO child_data_marks VALUES ($dataset_id, $flag, $why, $at, $actor)",
            {
                "dataset_id": dataset_id,
                "flag": may_hold_child_data,
                "why": why,
                "at": now(),
                "actor": actor,
            },
        )


def list_child_data_marks(db: Database, dataset_id: str) -> list[ChildDataMark]:
    """Everything that was said of a dataset and data of children, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT may_hold_child_data, why, created_at, created_by
            FROM child_data_marks
            WHERE dataset_id = $dataset_id
            ORDER BY created_at DESC
            """,
            {"dataset_id": dataset_id},
        ).fetchall()
    return [ChildDataMark(*row) for row in rows]


def list_datasets(db: Database) -> list[Dataset]:
    """Every dataset, oldest first."""
    with db.reading() as cursor:
        rows = cursor.execute(f"SELECT {_COLUMNS} FROM datasets ORDER BY created_at, dataset_id").fetchall()
    return [Dataset(*row) for row in rows]


def get_label_set(db: Database, dataset_id: str) -> LabelSet:
    """The newest label set of the dataset."""
    with db.reading() as cursor:
        row = cursor.execute(
            """
            SELECT s.labels, d.several
            FROM label_sets s
            JOIN datasets d ON d.dataset_id = s.dataset_id
            WHERE s.dataset_id = $dataset_id
            ORDER BY s.version DESC
            LIMIT 1
            """,
            {"dataset_id": dataset_id},
        ).fetchone()
    if row is None:
        raise NotFound(f"There is no dataset '{dataset_id}'.", hint="Import comments first.")
    return LabelSet(tuple(Label(**label) for label in json.loads(row[0])), bool(row[1]))


def add_guideline(
    db: Database, dataset_id: str, body: str, actor: str, *, instead_of: int | None = None
) -> int:
    """Add the next version of the guideline and return its number.

    Raises:
        Conflict: the newest is not the version that this one is written instead of.
    """
    with db.writing(dataset_id) as cursor:
        rows = cursor.execute(
            "SELECT coalesce(max(version), 0) + 1 FROM guidelines WHERE dataset_id = $dataset_id",
            {"dataset_id": dataset_id},
        ).fetchall()
        version = int(rows[0][0])
        if instead_of is not None and instead_of != version - 1:
            raise Conflict(
                f"Somebody wrote version {version - 1} of the guideline meanwhile.",
                hint="Read it, and write yours on top of it.",
            )
        cursor.execute(
            "INSERT INTO guidelines VALUES ($dataset_id, $version, $body, $created_at, $actor)",
            {"dataset_id": dataset_id, "version": version, "body": body, "created_at": now(), "actor": actor},
        )
    return version


def find_guideline(db: Database, dataset_id: str, version: int | None = None) -> tuple[int, str] | None:
    """The newest guideline, or the version asked for, as (version, text); None where there is none."""
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT version, body FROM guidelines WHERE dataset_id = $dataset_id"
            " AND ($version IS NULL OR version = $version) ORDER BY version DESC LIMIT 1",
            {"dataset_id": dataset_id, "version": version},
        ).fetchone()
    return (int(row[0]), str(row[1])) if row else None


def list_guidelines(db: Database, dataset_id: str) -> list[Guideline]:
    """Every version of the guideline, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT version, body, created_at, created_by FROM guidelines WHERE dataset_id = $dataset_id"
            " ORDER BY version DESC",
            {"dataset_id": dataset_id},
        ).fetchall()
    return [Guideline(*row) for row in rows]

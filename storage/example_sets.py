"""Sets of fine-tuning examples: a row in the database, and the frozen files beside it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.errors import Conflict, NotFound
from domain.examples import ExampleSet
from storage.database import Database, now
from storage.frozen_folder import write_folder

_COLUMNS = (
    "example_set_id, dataset_id, name, file_name, sha256, counts, prompt_sha256, created_at, created_by"
)


def add_example_set(
    db: Database,
    dataset_id: str,
    *,
    name: str,
    file_name: str,
    sha256: str,
    counts: dict[str, Any],
    prompt_sha256: str | None,
    actor: str,
    write: Callable[[Path], None],
) -> ExampleSet:
    """Add a set, its row and its files: both or neither.

    Args:
        db: The database.
        dataset_id: Whose examples they are.
        name: For people.
        file_name: Of the file that they came from.
        sha256: Of the frozen lines; within a dataset, it is there once.
        counts: As in ExampleSet.
        prompt_sha256: As in ExampleSet.
        actor: Who keeps them.
        write: Writes the files into the folder that it is given.

    Raises:
        Conflict: the dataset holds the same examples already.
    """
    with db.writing(dataset_id) as cursor:
        same = {"dataset_id": dataset_id, "sha256": sha256}
        known = cursor.execute(
            "SELECT example_set_id FROM example_sets WHERE dataset_id = $dataset_id AND sha256 = $sha256",
            same,
        ).fetchone()
        if known is not None:
            raise Conflict(
                f"{known[0]} of '{dataset_id}' holds the very same examples.", hint=f"Use {known[0]}."
            )
        [(number,)] = cursor.execute("SELECT nextval('example_set_ids')").fetchall()
        kept = ExampleSet(
            f"examples-{number}", dataset_id, name, file_name, sha256, counts, prompt_sha256, now(), actor
        )
        cursor.execute(
            f"INSERT INTO example_sets ({_COLUMNS}) VALUES ($example_set_id, $dataset_id, $name, $file_name,"
            " $sha256, $counts, $prompt_sha256, $created_at, $created_by)",
            {**vars(kept), "counts": json.dumps(counts)},
        )
        write_folder(example_set_folder(db.home, kept.example_set_id), write)
    return kept


def get_example_set(db: Database, example_set_id: str) -> ExampleSet:
    """One set.

    Raises:
        NotFound: there is none of that name.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM example_sets WHERE example_set_id = $id", {"id": example_set_id}
        ).fetchone()
    if row is None:
        raise NotFound(
            f"There are no examples '{example_set_id}'.",
            hint="Keep some: examples --add FILE --dataset NAME.",
        )
    return _example_set(row)


def list_example_sets(db: Database, dataset_id: str | None = None) -> list[ExampleSet]:
    """The sets of a dataset, or of all, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM example_sets
            WHERE $dataset_id IS NULL OR dataset_id = $dataset_id
            ORDER BY created_at DESC, length(example_set_id) DESC, example_set_id DESC
            """,
            {"dataset_id": dataset_id},
        ).fetchall()
    return [_example_set(row) for row in rows]


def example_set_folder(home: Path, example_set_id: str) -> Path:
    """Where the set's files lie."""
    return home / "examples" / example_set_id


def _example_set(row: tuple[Any, ...]) -> ExampleSet:
    told = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return ExampleSet(counts=json.loads(told.pop("counts")), **told)

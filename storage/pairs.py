"""Sets of pairs: a row in the database, and the frozen rows beside it; and the prompts, in versions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.errors import Conflict, NotFound
from domain.pairs import PairSet, PromptVersion
from storage.database import Database, now
from storage.frozen_folder import write_folder

_COLUMNS = "pair_set_id, dataset_id, task, name, file_name, sha256, counts, created_at, created_by"


def add_pair_set(
    db: Database,
    dataset_id: str,
    *,
    task: str,
    name: str,
    file_name: str,
    sha256: str,
    counts: dict[str, Any],
    actor: str,
    write: Callable[[Path], None],
) -> PairSet:
    """Add a set, its row and its files: both or neither.

    Args:
        db: The database.
        dataset_id: Under which the pairs are kept.
        task: What they teach.
        name: For people.
        file_name: Of the file that they came from.
        sha256: Of the frozen rows; within a dataset and a task, it is there once.
        counts: As in PairSet.
        actor: Who keeps them.
        write: Writes the files into the folder that it is given.

    Raises:
        Conflict: the dataset holds the same pairs already.
    """
    with db.writing(dataset_id) as cursor:
        known = cursor.execute(
            """
            SELECT pair_set_id
            FROM pair_sets
            WHERE dataset_id = $dataset_id AND task = $task AND sha256 = $sha256
            """,
            {"dataset_id": dataset_id, "task": task, "sha256": sha256},
        ).fetchone()
        if known is not None:
            raise Conflict(
                f"{known[0]} of '{dataset_id}' holds the very same pairs.", hint=f"Use {known[0]}."
            )
        [(number,)] = cursor.execute("SELECT nextval('pair_set_ids')").fetchall()
        kept = PairSet(f"pairs-{number}", dataset_id, task, name, file_name, sha256, counts, now(), actor)
        cursor.execute(
            f"INSERT INTO pair_sets ({_COLUMNS}) VALUES ($pair_set_id, $dataset_id, $task, $name, $file_name,"
            " $sha256, $counts, $created_at, $created_by)",
            {**vars(kept), "counts": json.dumps(counts)},
        )
        write_folder(pair_set_folder(db.home, kept.pair_set_id), write)
    return kept


def get_pair_set(db: Database, pair_set_id: str) -> PairSet:
    """One set.

    Raises:
        NotFound: there is none of that name.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM pair_sets WHERE pair_set_id = $id", {"id": pair_set_id}
        ).fetchone()
    if row is None:
        raise NotFound(
            f"There are no pairs '{pair_set_id}'.", hint="Keep some: pairs --add FILE --dataset NAME."
        )
    return _pair_set(row)


def list_pair_sets(db: Database, dataset_id: str | None = None) -> list[PairSet]:
    """The sets of a dataset, or of all, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM pair_sets
            WHERE $dataset_id IS NULL OR dataset_id = $dataset_id
            ORDER BY created_at DESC, length(pair_set_id) DESC, pair_set_id DESC
            """,
            {"dataset_id": dataset_id},
        ).fetchall()
    return [_pair_set(row) for row in rows]


def pair_set_folder(home: Path, pair_set_id: str) -> Path:
    """Where the set's files lie."""
    return home / "pairs" / pair_set_id


def add_prompt(db: Database, dataset_id: str, task: str, body: str, actor: str) -> PromptVersion:
    """Add the next version of what a model is told for a task."""
    with db.writing(dataset_id) as cursor:
        [(version,)] = cursor.execute(
            """
            SELECT coalesce(max(version), 0) + 1
            FROM writing_prompts
            WHERE dataset_id = $dataset_id AND task = $task
            """,
            {"dataset_id": dataset_id, "task": task},
        ).fetchall()
        cursor.execute(
            "INSERT INTO writing_prompts VALUES ($dataset_id, $task, $version, $body, $at, $actor)",
            {"dataset_id": dataset_id, "task": task, "version": version, "body": body, "at": now(),
             "actor": actor},
        )  # fmt: skip
    return PromptVersion(task, int(version), body, actor)


def list_prompts(db: Database, dataset_id: str, task: str) -> list[PromptVersion]:
    """The versions that people wrote for a task, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT task, version, body, created_by
            FROM writing_prompts
            WHERE dataset_id = $dataset_id AND task = $task
            ORDER BY version DESC
            """,
            {"dataset_id": dataset_id, "task": task},
        ).fetchall()
    return [PromptVersion(*row) for row in rows]


def _pair_set(row: tuple[Any, ...]) -> PairSet:
    told = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return PairSet(counts=json.loads(told.pop("counts")), **told)

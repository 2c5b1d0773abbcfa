"""Files and datasets as tests need them; rows are dicts from the fields of a comment to their text."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from domain.labels import Vote
from services.curation.datasets import create_dataset
from storage.database import Database, now
from storage.datasets import find_dataset, get_label_set
from storage.imports import Import, add_import
from storage.intake.batch import FIELDS
from storage.intake.writing import FINDINGS_SCHEMA, ROWS_SCHEMA, sketched
from storage.votes import add_votes

Row = dict[str, str]

KIDS = "kids"
_COLUMN_OF = {"text": "body", "id": "external_id", "time": "posted_text", "score": "score_text"}


def written_csv(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def kids(db: Database, *, group_by: str = "author", votes_needed: int = 1, salt: str = "salt") -> None:
    """The dataset `kids`, empty, with the labels allow and disallow."""
    names = ("allow", "disallow")
    create_dataset(db, KIDS, names, actor="ana", group_by=group_by, votes_needed=votes_needed, salt=salt)


def put_in(
    db: Database,
    rows: Sequence[Row],
    *,
    into: str = KIDS,
    progress: Callable[[str], None] = lambda _: None,
) -> Import:
    """Import the rows into `kids` as if they had been parsed from a file; quicker than a file."""
    dataset = find_dataset(db, into)
    assert dataset is not None, "make the dataset first: kids(db)"
    about = Import(0, into, "rows.csv", "f00d", {}, {}, {}, now(), "ana")
    known = get_label_set(db, into)
    meant = {name: name for name in known.names}
    if known.several:
        meant = {row["label"]: named for row in rows if (named := known.named(row.get("label", "")))}
    return add_import(
        db, dataset, parsed=parsed_table(rows), refused=FINDINGS_SCHEMA.empty_table(), refused_count=0,
        label_map=meant, guideline_version=0, about=about, progress=progress,
    )  # fmt: skip


def parsed_table(rows: Sequence[Row]) -> pa.Table:
    """The rows as the reader of files hands them over; the first stands in line 2."""
    hashes, bands = sketched([row["text"] for row in rows])
    places = pa.array(range(2, len(rows) + 2), pa.int64())
    columns: dict[str, pa.Array] = {name: places for name in ("line", "row", "comment_row")}
    for name in FIELDS:
        cells = [row.get(name) for row in rows]
        columns[_COLUMN_OF.get(name, name)] = pa.array(cells, pa.string())
    columns |= {"match_key": pa.array(hashes), "bands": bands}
    return pa.table({name: columns[name] for name in ROWS_SCHEMA.names}, schema=ROWS_SCHEMA)


def texts(*bodies: str) -> list[Row]:
    """Rows of these texts with the ids c0, c1, …, each by an author of its own."""
    return [{"id": f"c{n}", "text": body, "author": f"author-{n}"} for n, body in enumerate(bodies)]


def vote(db: Database, comment_id: int, annotator: str, label: str | None, *, client_id: str = "") -> str:
    """One vote, for `label` or (None) unsure; returns its client id."""
    client_id = client_id or f"{annotator}:{comment_id}:{label}:{now().timestamp()}"
    kind = "unsure" if label is None else "label"
    add_votes(db, KIDS, [Vote(comment_id, annotator, kind, client_id, label)])
    return client_id


def take_back(db: Database, comment_id: int, annotator: str, client_id: str) -> None:
    add_votes(db, KIDS, [Vote(comment_id, annotator, "undo", f"undo:{client_id}", undoes=client_id)])


def numbers(db: Database, dataset_id: str = KIDS) -> list[int]:
    """The ids of the dataset's comments, oldest first."""
    return [row[0] for row in asked(db, "SELECT comment_id FROM comments WHERE dataset_id = ? ORDER BY 1",
                                    [dataset_id])]  # fmt: skip


def asked(db: Database, statement: str, values: Iterable[object] = ()) -> list[tuple]:
    with db.reading() as cursor:
        return cursor.execute(statement, list(values)).fetchall()

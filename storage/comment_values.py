"""What there is to filter by: the languages, sources and people of a dataset, the most frequent first."""

from dataclasses import dataclass

from storage.database import Database

_MOST = 200
_SOURCES = """
SELECT c.dataset_id, coalesce(c.source, i.file_name) AS name
FROM comments c
LEFT JOIN imports i ON i.import_id = c.import_id
"""


@dataclass(frozen=True)
class Values:
    """Values that occur; of each kind at most 200."""

    languages: tuple[str, ...]
    sources: tuple[str, ...]
    annotators: tuple[str, ...]


def list_values(db: Database, dataset_id: str) -> Values:
    """The languages and sources of the comments, and who has voted on them."""
    return Values(
        tuple(
            dict.fromkeys(
                _column(db, dataset_id, "SELECT language AS name, count(*) AS n FROM comments")
                + _column(db, dataset_id, "SELECT found_language AS name, count(*) AS n FROM text_facts")
            )
        ),
        _column(db, dataset_id, f"SELECT name, count(*) AS n FROM ({_SOURCES})"),
        _column(db, dataset_id, "SELECT annotator AS name, count(*) AS n FROM votes"),
    )


def _column(db: Database, dataset_id: str, counted: str) -> tuple[str, ...]:
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT name
            FROM ({counted} WHERE dataset_id = $dataset_id GROUP BY name)
            WHERE name IS NOT NULL
            ORDER BY n DESC, name
            LIMIT $most
            """,
            {"dataset_id": dataset_id, "most": _MOST},
        ).fetchall()
    return tuple(str(row[0]) for row in rows)

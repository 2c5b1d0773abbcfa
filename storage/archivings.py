"""Models that were put away: hidden from the lists, never deleted."""

from dataclasses import dataclass
from datetime import datetime

from domain.errors import Conflict
from domain.models import Model
from storage.audit import add_entry
from storage.database import Database, now


@dataclass(frozen=True)
class Archiving:
    """That a model is put away, and since when and by whom."""

    model_id: str
    created_at: datetime
    created_by: str


_IN_FORCE = """
SELECT model_id, created_at, created_by
FROM model_archivings
QUALIFY row_number() OVER (PARTITION BY model_id ORDER BY archiving_id DESC) = 1 AND archived
"""


def add_archiving(db: Database, model: Model, *, archived: bool, actor: str) -> None:
    """Put the model away, or take it back.

    Raises:
        Conflict: it is so already.
    """
    with db.writing(model.dataset_id) as cursor:
        away = {row[0] for row in cursor.execute(f"SELECT model_id FROM ({_IN_FORCE})").fetchall()}
        if (model.model_id in away) == archived:
            raise Conflict(
                f"{model.model_id} is {'archived already' if archived else 'not archived'}.",
                hint="Nothing is left to do.",
            )
        cursor.execute(
            """
            INSERT INTO model_archivings
            VALUES (nextval('model_archiving_ids'), $model_id, $archived, $at, $actor)
            """,
            {"model_id": model.model_id, "archived": archived, "at": now(), "actor": actor},
        )
        add_entry(
            cursor,
            actor=actor,
            verb="model archived" if archived else "model taken back",
            dataset_id=model.dataset_id,
            object_=model.model_id,
            details={"name": model.name},
        )


def list_archivings(db: Database) -> dict[str, Archiving]:
    """The models that are put away, by their id."""
    with db.reading() as cursor:
        rows = cursor.execute(_IN_FORCE).fetchall()
    return {row[0]: Archiving(*row) for row in rows}

"""What a verdict rests on, counted: as long as none of it grows, the same model is judged the same."""

from storage.database import Database

# Constants: none of this comes from outside. Each only grows, and says whose rows count.
_GROWING = {
    "policies": "dataset_id = $dataset_id",
    "runs": "dataset_id = $dataset_id",
    "reviews": "dataset_id = $dataset_id",
    "thresholds": "dataset_id = $dataset_id",
    "releases": "dataset_id = $dataset_id",
    "release_steps": "true",
    "behaviours": "true",
}


def count_judged(db: Database, dataset_id: str) -> tuple[int, ...]:
    """How many rows there are of each thing that a verdict on a model of the dataset rests on."""
    counts = ", ".join(f"(SELECT count(*) FROM {table} WHERE {which})" for table, which in _GROWING.items())
    with db.reading() as cursor:
        row = cursor.execute(f"SELECT {counts}", {"dataset_id": dataset_id}).fetchone()
    return tuple(int(count) for count in row or ())

"""Who saw what a run says on a test split: one row for each person, run, station and day."""

from dataclasses import dataclass

from domain.models import Run
from storage.database import Database, now


@dataclass(frozen=True)
class Looks:
    """How often a test split was looked at, by station of the loop and by person, most first."""

    stations: dict[str, int]
    people: dict[str, int]

    @property
    def count(self) -> int:
        return sum(self.stations.values())


def add_split_look(db: Database, run: Run, *, station: str, actor: str) -> None:
    """Record that a person saw the answers of a run at a station; once a day is enough."""
    at = now()
    with db.writing(run.dataset_id, is_news=False) as cursor:
        cursor.execute(
            """
            INSERT INTO split_looks
            SELECT
              nextval('split_look_ids'), $dataset_id, $snapshot_id, $run_id, $station, $day, $at, $actor
            WHERE NOT EXISTS (
              SELECT 1 FROM split_looks
              WHERE run_id = $run_id AND station = $station AND looked_on = $day AND created_by = $actor
            )
            """,
            {
                "dataset_id": run.dataset_id,
                "snapshot_id": run.snapshot_id,
                "run_id": run.run_id,
                "station": station,
                "day": at.date(),
                "at": at,
                "actor": actor,
            },
        )


def count_split_looks(db: Database, snapshot_id: str) -> Looks:
    """The looks at the test split of a snapshot, thresholds that were reported on it included."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT station, created_by, count(*)
            FROM (
              SELECT station, created_by FROM split_looks WHERE snapshot_id = $snapshot_id
              UNION ALL
              SELECT 'threshold', created_by FROM test_looks WHERE snapshot_id = $snapshot_id
            )
            GROUP BY station, created_by
            ORDER BY count(*) DESC, station, created_by
            """,
            {"snapshot_id": snapshot_id},
        ).fetchall()
    stations: dict[str, int] = {}
    people: dict[str, int] = {}
    for station, person, count in rows:
        stations[station] = stations.get(station, 0) + count
        people[person] = people.get(person, 0) + count
    return Looks(_most_first(stations), _most_first(people))


def _most_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

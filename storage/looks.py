"""Who saw what a run says on a test split: one row for each person, run, station and day."""

from collections.abc import Sequence
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


def count_split_looks(db: Database, snapshot_ids: Sequence[str]) -> Looks:
    """The looks at the test splits of some snapshots, thresholds that were reported on them included."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT station, created_by, count(*)
            FROM (
              SELECT station, created_by FROM split_looks WHERE snapshot_id IN $snapshots
              UNION ALL
              SELECT 'threshold', created_by FROM test_looks WHERE snapshot_id IN $snapshots
            )
            GROUP BY station, created_by
            ORDER BY count(*) DESC, station, created_by
            """,
            {"snapshots": list(snapshot_ids)},
        ).fetchall()
    stations: dict[str, int] = {}
    people: dict[str, int] = {}
    for station, person, count in rows:
        stations[station] = stations.get(station, 0) + count
        people[person] = people.get(person, 0) + count
    return Looks(_most_first(stations), _most_first(people))


def list_same_test(db: Database, snapshot_id: str) -> list[str]:
    """Snapshots whose test split holds at least half of this one's test comments; itself is the last."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            WITH mine AS (
              SELECT s.comment_id, f.dataset_id
              FROM snapshot_rows s
              JOIN snapshots f ON f.snapshot_id = s.snapshot_id
              WHERE s.snapshot_id = $snapshot_id AND s.split = 'test'
            )
            SELECT o.snapshot_id
            FROM mine m
            JOIN snapshots o ON o.dataset_id = m.dataset_id AND o.snapshot_id <> $snapshot_id
            JOIN snapshot_rows s
              ON s.snapshot_id = o.snapshot_id AND s.comment_id = m.comment_id AND s.split = 'test'
            GROUP BY o.snapshot_id, o.created_at
            HAVING 2 * count(*) >= (SELECT count(*) FROM mine)
            ORDER BY o.created_at, o.snapshot_id
            """,
            {"snapshot_id": snapshot_id},
        ).fetchall()
    return [*(str(name) for (name,) in rows), snapshot_id]


def _most_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

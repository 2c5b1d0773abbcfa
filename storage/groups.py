"""Groups of comments that are nearly the same, and whether their labels contradict each other."""

from dataclasses import dataclass

from storage.database import EVERY_ID, Database

# Common table expressions: `labels` in force, and `judged`, what is known of each member of a group that is
# not excluded. Only members are compared letter by letter, and only their labels are held against each other.
# Of comments that repeat each other a golden one is kept, else the oldest with a label, else the oldest.
_FIRST = "g.comment_id IS NULL, l.label IS NULL, m.comment_id"
JUDGED = f"""
clusters AS (
  SELECT DISTINCT near_of AS cluster FROM comments WHERE dataset_id = $dataset_id AND near_of IS NOT NULL
), members AS (
  SELECT c.comment_id, k.cluster, hash(c.body) AS body_hash
  FROM comments c
  JOIN clusters k ON k.cluster = coalesce(c.near_of, c.comment_id)
  WHERE c.dataset_id = $dataset_id
    AND c.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
), labels AS (
  SELECT comment_id, label FROM labels_of($dataset_id, $low, $high)
), as_kept AS (
  SELECT DISTINCT r.comment_id, r.label
  FROM settlement_rows r
  JOIN settlements s ON s.settlement_id = r.settlement_id
  WHERE s.dataset_id = $dataset_id AND s.label IS NULL AND s.undone_at IS NULL
), judged AS (
  SELECT
    m.comment_id,
    m.cluster,
    l.label,
    count(*) OVER of_cluster AS cluster_size,
    first_value(m.comment_id) OVER (PARTITION BY m.cluster ORDER BY {_FIRST}) AS cluster_kept,
    first_value(m.comment_id) OVER (PARTITION BY m.cluster, m.body_hash ORDER BY {_FIRST}) AS body_kept,
    min(l.label) OVER of_cluster < max(l.label) OVER of_cluster AS is_contradictory,
    bool_and(l.label IS NULL OR k.label IS NOT NULL) OVER of_cluster AS is_settled
  FROM members m
  LEFT JOIN labels l ON l.comment_id = m.comment_id
  LEFT JOIN golden_of($dataset_id) g ON g.comment_id = m.comment_id
  LEFT JOIN as_kept k ON k.comment_id = l.comment_id AND k.label = l.label
  WINDOW of_cluster AS (PARTITION BY m.cluster)
)
"""

_GROUPS = f"""
WITH {JUDGED}
SELECT g.*, c.body
FROM (
  SELECT
    j.cluster, count(*) AS n, list_sort(list(DISTINCT j.label)) AS labels,
    list_sort(list(DISTINCT x.split)) AS splits,
    coalesce(any_value(j.is_contradictory), false) AS is_contradictory, any_value(j.is_settled) AS is_settled
  FROM judged j
  JOIN comments x ON x.comment_id = j.comment_id
  WHERE j.cluster_size > 1
  GROUP BY j.cluster
) g
JOIN comments c ON c.comment_id = g.cluster
WHERE NOT $undecided OR (g.is_contradictory AND NOT g.is_settled)
ORDER BY g.is_contradictory AND NOT g.is_settled DESC, g.is_contradictory DESC, g.n DESC, g.cluster
LIMIT $limit
"""


@dataclass(frozen=True)
class Cluster:
    """A group of comments that are nearly the same; its number is that of its oldest comment.

    `is_settled`: somebody decided that its labels stay as they are.
    """

    cluster: int
    comments: int
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    body: str
    is_settled: bool = False

    @property
    def is_contradictory(self) -> bool:
        return len(self.labels) > 1


def list_clusters(db: Database, dataset_id: str, *, limit: int, undecided: bool = False) -> list[Cluster]:
    """Groups: those whose labels contradict each other first, then the largest.

    Args:
        undecided: Only those whose labels contradict each other and wait for a decision.
    """
    with db.reading() as cursor:
        rows = cursor.execute(
            _GROUPS, {"dataset_id": dataset_id, "limit": limit, "undecided": undecided, **EVERY_ID}
        ).fetchall()
    return [
        Cluster(
            number, n, tuple(label for label in labels or () if label), tuple(splits), body,
            is_contradictory and is_settled,
        )
        for number, n, labels, splits, is_contradictory, is_settled, body in rows
    ]  # fmt: skip


def list_members(db: Database, dataset_id: str, cluster: int, *, limit: int) -> list[int]:
    """The comments of a group, excluded ones left out, oldest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT comment_id
            FROM comments
            WHERE dataset_id = $dataset_id AND coalesce(near_of, comment_id) = $cluster
              AND comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
            ORDER BY comment_id
            LIMIT $limit
            """,
            {"dataset_id": dataset_id, "cluster": cluster, "limit": limit, **EVERY_ID},
        ).fetchall()
    return [int(row[0]) for row in rows]

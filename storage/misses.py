"""Stored predictions beside the frozen labels: counts of pairs, and the comments behind each."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import NotFound
from storage.database import Database

# A prediction is joined by comment id, never by position; the split is the run's. The run is named again
# where its predictions are taken, as they are then found without reading those of all others: twice as fast.
_ANSWERS = """
  SELECT p.comment_id, s.label AS gold, p.label AS predicted, p.parse_status, p.scores
  FROM runs r
  JOIN predictions p ON p.run_id = $run_id
  JOIN snapshot_rows s ON s.snapshot_id = r.snapshot_id AND s.comment_id = p.comment_id AND s.split = r.split
  WHERE r.run_id = $run_id
"""


def answers_of(run: str) -> str:
    """The statement that lists the answers of a run, which a parameter such as "$run_id" names.

    Columns comment_id, gold, predicted, parse_status, scores.
    """
    return _ANSWERS.replace("$run_id", run)


_PAIRED = f"""
  SELECT b.comment_id, b.gold, b.predicted AS before, a.predicted AS after, a.scores
  FROM ({answers_of("$before_run")}) b
  JOIN ({answers_of("$after_run")}) a ON a.comment_id = b.comment_id AND a.gold = b.gold
"""

_CHANGES = {
    "fixed": "before IS DISTINCT FROM gold AND after = gold",
    "broken": "before = gold AND after IS DISTINCT FROM gold",
    "both_wrong": "before IS DISTINCT FROM gold AND after IS DISTINCT FROM gold",
    "both_right": "before = gold AND after = gold",
}


# Of several labels an answer holds this one; a label is looked for as a whole where a comment has one.
_HOLDS = (
    "({column} = {wanted} OR ((SELECT d.several FROM runs r JOIN datasets d ON d.dataset_id = r.dataset_id"
    " WHERE r.run_id = {run}) AND list_contains(string_split({column}, ' | '), {wanted})))"
)


@dataclass(frozen=True)
class Answer:
    """One stored prediction: the frozen label, the predicted one (None: not parsed), and the scores."""

    comment_id: int
    gold: str
    predicted: str | None
    scores: tuple[float, ...] | None
    before: str | None = None


def count_pairs(db: Database, run_id: str) -> list[tuple[str, str | None, int]]:
    """How often each frozen label met each predicted label (None: the answer could not be parsed)."""
    with db.reading() as cursor:
        return cursor.execute(
            f"SELECT gold, predicted, count(*) FROM ({_ANSWERS}) GROUP BY gold, predicted ORDER BY ALL",
            {"run_id": run_id},
        ).fetchall()


def count_withheld(db: Database, run_id: str) -> int:
    """How many comments of the run were kept back for their personal data: no time and no token was spent."""
    with db.reading() as cursor:
        row = cursor.execute(
            """
            SELECT count(*)
            FROM predictions
            WHERE run_id = $run_id AND parse_status = 'filtered' AND tokens = 0 AND latency_ms = 0
            """,
            {"run_id": run_id},
        ).fetchone()
    return int(row[0]) if row else 0


def count_label_sources(db: Database, run_id: str) -> dict[str, int]:
    """How the frozen labels that the run is measured by came about: single, majority, adjudicated, ..."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT s.label_from, count(*)
            FROM runs r
            JOIN snapshot_rows s ON s.snapshot_id = r.snapshot_id AND s.split = r.split
            WHERE r.run_id = $run_id
            GROUP BY s.label_from
            ORDER BY count(*) DESC, s.label_from
            """,
            {"run_id": run_id},
        ).fetchall()
    return {str(source): int(n) for source, n in rows}


def count_seen_in_training(db: Database, run_id: str) -> int:
    """How many comments of the run stood in the training split that its model learned from."""
    with db.reading() as cursor:
        row = cursor.execute(
            """
            SELECT count(*)
            FROM runs r
            JOIN models m ON m.model_id = r.model_id
            JOIN snapshot_rows t ON t.snapshot_id = m.snapshot_id AND t.split = 'train'
            JOIN snapshot_rows s
              ON s.snapshot_id = r.snapshot_id AND s.split = r.split AND s.comment_id = t.comment_id
            WHERE r.run_id = $run_id
            """,
            {"run_id": run_id},
        ).fetchone()
    return int(row[0]) if row else 0


def count_repaired(db: Database, run_id: str) -> int:
    """How many frozen labels of the run's split somebody had changed, having read what a model got wrong."""
    with db.reading() as cursor:
        row = cursor.execute(
            """
            SELECT count(DISTINCT s.comment_id)
            FROM runs r
            JOIN snapshots f ON f.snapshot_id = r.snapshot_id
            JOIN snapshot_rows s ON s.snapshot_id = r.snapshot_id AND s.split = r.split
            JOIN reviews v
              ON v.comment_id = s.comment_id AND v.label = s.label AND v.created_at <= f.created_at
            WHERE r.run_id = $run_id AND s.label_from = 'adjudicated'
            """,
            {"run_id": run_id},
        ).fetchone()
    return int(row[0]) if row else 0


def list_answers(
    db: Database,
    run_id: str,
    *,
    gold: str | None = None,
    predicted: str | None = None,
    outside: Sequence[str] | None = None,
    unparsed: bool = False,
    misses_only: bool = False,
    reviewed: bool | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[Answer]:
    """Predictions of one run, the most confident first.

    Args:
        gold, predicted: Only those of this cell of the confusion matrix; where a comment may have several
            labels, those that hold this one.
        outside: Only answers that named none of these labels.
        unparsed: Only answers that could not be parsed.
        misses_only: Only answers other than the frozen label.
        reviewed: Only those that have a review of this run (True), or have none (False).
    """
    parts = ["true"]
    params: dict[str, object] = {"run_id": run_id, "limit": limit, "offset": offset}
    for name, value in (("gold", gold), ("predicted", predicted)):
        if value is not None:
            parts.append(_HOLDS.format(column=name, wanted=f"${name}", run="$run_id"))
            params[name] = value
    if outside is not None:
        parts.append("(predicted IS NULL OR NOT list_contains($labels, predicted))")
        params["labels"] = list(outside)
    if unparsed:
        parts.append("predicted IS NULL")
    if misses_only:
        parts.append("predicted IS DISTINCT FROM gold")
    if reviewed is not None:
        parts.append("(comment_id IN (SELECT comment_id FROM reviews WHERE run_id = $run_id)) = $reviewed")
        params["reviewed"] = reviewed
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT comment_id, gold, predicted, scores
            FROM ({_ANSWERS})
            WHERE {" AND ".join(parts)}
            ORDER BY list_max(scores) DESC NULLS LAST, comment_id
            LIMIT $limit OFFSET $offset
            """,
            params,
        ).fetchall()
    return [Answer(number, g, p, tuple(scores) if scores else None) for number, g, p, scores in rows]


def get_answer(db: Database, run_id: str, comment_id: int) -> Answer:
    """The prediction of one run for one comment.

    Raises:
        NotFound: the run did not predict that comment.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT comment_id, gold, predicted, scores FROM ({_ANSWERS}) WHERE comment_id = $comment_id",
            {"run_id": run_id, "comment_id": comment_id},
        ).fetchone()
    if row is None:
        raise NotFound(f"{run_id} holds no prediction for comment {comment_id}.")
    return Answer(row[0], row[1], row[2], tuple(row[3]) if row[3] else None)


def list_answers_by_id(db: Database, run_id: str, comment_ids: Sequence[int]) -> list[Answer]:
    """The predictions of a run for these comments, in the order of their numbers."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT comment_id, gold, predicted, scores
            FROM ({_ANSWERS})
            WHERE comment_id IN (SELECT unnest($ids::BIGINT[]))
            ORDER BY comment_id
            """,
            {"run_id": run_id, "ids": list(comment_ids)},
        ).fetchall()
    return [Answer(number, g, p, tuple(scores) if scores else None) for number, g, p, scores in rows]


@dataclass(frozen=True)
class Paired:
    """Comments alike in two runs: the frozen label in each (None: not answered), and whether it was met.

    `same` says whether the two gave the same answer; none that named a label is one of its own.
    """

    gold_before: str | None
    gold_after: str | None
    right_before: bool
    right_after: bool
    same: bool
    n: int


def count_paired(db: Database, before_run: str, after_run: str) -> list[Paired]:
    """Every comment that at least one of two runs answered, counted in one pass."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT
              b.gold, a.gold, coalesce(b.predicted = b.gold, false), coalesce(a.predicted = a.gold, false),
              b.predicted IS NOT DISTINCT FROM a.predicted, count(*)
            FROM ({answers_of("$before_run")}) b
            FULL JOIN ({answers_of("$after_run")}) a ON a.comment_id = b.comment_id
            GROUP BY ALL
            ORDER BY ALL
            """,
            {"before_run": before_run, "after_run": after_run},
        ).fetchall()
    return [Paired(*row) for row in rows]


def list_changes(
    db: Database, before_run: str, after_run: str, change: str, *, gold: str | None = None, limit: int = 100
) -> list[Answer]:
    """The comments that were fixed, broken, both_wrong or both_right, of one frozen label or of all.

    Raises:
        NotFound: there is no such change.
    """
    if change not in _CHANGES:
        raise NotFound(f"'{change}' is no change between two runs.", hint=f"One of {', '.join(_CHANGES)}.")
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT comment_id, gold, after, scores, before
            FROM ({_PAIRED})
            WHERE {_CHANGES[change]}
              AND ($gold IS NULL OR {_HOLDS.format(column="gold", wanted="$gold", run="$after_run")})
            ORDER BY comment_id
            LIMIT $limit
            """,
            {"before_run": before_run, "after_run": after_run, "gold": gold, "limit": limit},
        ).fetchall()
    return [Answer(n, g, p, tuple(s) if s else None, before) for n, g, p, s, before in rows]

"""Comments on which people disagree, and decisions about them: appended, each with who and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.labels import IMPORTED, Vote
from storage.audit import add_entry
from storage.database import EVERY_ID, Database, now
from storage.votes import list_votes

# Labels of named people that differ, without a decision in force, on comments that are not excluded.
_DISPUTED = """
FROM (
  SELECT
    comment_id,
    list(annotator) AS annotators,
    count(vote.label) AS votes,
    count(DISTINCT vote.label) AS answers
  FROM current_votes_of($dataset_id, $low, $high)
  WHERE vote.kind <> 'skip' AND annotator <> $imported
  GROUP BY comment_id
) v
JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = v.comment_id
WHERE v.answers > 1
  AND l.label_from <> 'adjudicated'
  AND v.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
"""


# The newest decision of each disputed comment beside what its votes alone say, where they are not tied.
# Decisions without a dispute come from reviews, which ask for one only where the label is wrong.
_OVERTURNS = """
SELECT count(*), count(*) FILTER (a.label <> v.label)
FROM (
  SELECT comment_id, struct_extract(arg_max(struct_pack(label := label), adjudication_id), 'label') AS label
  FROM adjudications
  WHERE dataset_id = $dataset_id
  GROUP BY comment_id
) a
JOIN voted_labels_of($dataset_id, $low, $high) v ON v.comment_id = a.comment_id
WHERE a.label IS NOT NULL
  AND v.label IS NOT NULL
  AND v.comment_id IN (
    SELECT comment_id
    FROM current_votes_of($dataset_id, $low, $high)
    WHERE vote.kind = 'label' AND annotator <> $imported
    GROUP BY comment_id
    HAVING count(DISTINCT vote.label) > 1
  )
"""


@dataclass(frozen=True)
class DisputeCounts:
    """How many comments are disputed, and how many of those one person has not voted on."""

    disputed: int
    open_to_person: int


def list_disputed_ids(db: Database, dataset_id: str, *, person: str, limit: int) -> list[int]:
    """Disputed comments on which the person has no opinion: tied ones first, then those with most votes."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT v.comment_id {_DISPUTED} AND NOT list_contains(v.annotators, $person)
            ORDER BY l.label_from <> 'tied', v.votes DESC, v.comment_id
            LIMIT $limit
            """,
            {**_of(dataset_id), "person": person, "limit": limit},
        ).fetchall()
    return [int(row[0]) for row in rows]


def count_disputed(db: Database, dataset_id: str, *, person: str) -> DisputeCounts:
    """How many comments are disputed, with and without the person's own."""
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT count(*), count(*) FILTER (NOT list_contains(v.annotators, $person)) {_DISPUTED}",
            {**_of(dataset_id), "person": person},
        ).fetchone()
    return DisputeCounts(*map(int, row or (0, 0)))


def count_overturns(db: Database, dataset_id: str) -> tuple[int, int]:
    """Decisions in force where people disagreed untied, and how many of them say something else."""
    with db.reading() as cursor:
        row = cursor.execute(_OVERTURNS, _of(dataset_id)).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def list_current_votes(db: Database, dataset_id: str, comment_id: int) -> list[Vote]:
    """The vote in force of each annotator on one comment, in the order in which they came."""
    votes = list_votes(db, dataset_id, comment_id)
    return _in_force(votes)


def add_adjudication(
    db: Database, dataset_id: str, comment_id: int, *, label: str | None, why: str, actor: str
) -> None:
    """Append a decision; the label None takes the one before it back, and the votes count again."""
    with db.writing(dataset_id) as cursor:
        cursor.execute(
            """
            INSERT INTO adjudications
            SELECT nextval('adjudication_ids'), $dataset_id, $comment_id, $label, $why, $at, $actor
            """,
            {
                "dataset_id": dataset_id,
                "comment_id": comment_id,
                "label": label,
                "why": why,
                "at": now(),
                "actor": actor,
            },
        )
        add_entry(
            cursor,
            actor=actor,
            verb="label adjudicated" if label is not None else "adjudication taken back",
            dataset_id=dataset_id,
            object_=f"comment {comment_id}",
            details={"label": label, "why": why},
        )


def _in_force(votes: Sequence[Vote]) -> list[Vote]:
    undone = {vote.undoes for vote in votes if vote.kind == "undo"}
    newest = {vote.annotator: vote for vote in votes if vote.kind != "undo" and vote.client_id not in undone}
    return sorted(newest.values(), key=votes.index)


def _of(dataset_id: str) -> dict[str, object]:
    return {"dataset_id": dataset_id, "imported": IMPORTED, **EVERY_ID}

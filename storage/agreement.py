"""What the votes of several people on the same comments say: counted in the database, never row by row."""

from dataclasses import dataclass
from datetime import datetime

from domain.labels import IMPORTED
from storage.database import EVERY_ID, Database

# What was said: the label; or, where one of several labels is asked about, whether it was among those given.
_SAID = """
CASE
  WHEN $about IS NULL THEN {label}
  WHEN {label} IS NULL THEN NULL
  WHEN list_contains(string_split({label}, ' | '), $about) THEN $about
  ELSE 'not ' || $about
END"""

# Labels that named people gave and that are in force for them, on comments that are not excluded.
_GIVEN = f"""
given AS (
  SELECT
    comment_id, annotator, {_SAID.format(label="vote.label")} AS label, vote.voted_at AS voted_at,
    vote.seconds AS seconds
  FROM current_votes_of($dataset_id, $low, $high)
  WHERE vote.kind = 'label'
    AND annotator <> $imported
    AND comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
)
"""

_WAYS = f"""
WITH {_GIVEN}, fell AS (
  SELECT comment_id, list_sort(list(label)) AS labels, date_trunc('month', max(voted_at)) AS month
  FROM given
  GROUP BY comment_id
  HAVING count(*) >= 2
)
SELECT month, labels, count(*) AS comments
FROM fell
GROUP BY month, labels
ORDER BY month, labels
"""

_PAIRS = f"""
WITH {_GIVEN}
SELECT a.annotator, b.annotator, a.label, b.label, count(*) AS comments
FROM given a
JOIN given b ON b.comment_id = a.comment_id AND a.annotator < b.annotator
GROUP BY ALL
ORDER BY ALL
"""

_PAIR_COMMENTS = f"""
WITH {_GIVEN}
SELECT a.comment_id
FROM given a
JOIN given b ON b.comment_id = a.comment_id
WHERE a.annotator = $first AND b.annotator = $second
  AND a.label = $first_label AND b.label = $second_label
ORDER BY a.comment_id
LIMIT $limit
"""

# The label that would be in force without the annotator's own vote, by the rules of labels_of; a decision
# that the annotator made is left out as well.
_WITHOUT_OWN = f"""
WITH given AS (
  SELECT comment_id, annotator, {_SAID.format(label="vote.label")} AS label, vote.seconds AS seconds
  FROM current_votes_of($dataset_id, $low, $high)
  WHERE vote.kind = 'label'
    AND comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
), tallies AS (
  SELECT comment_id, label, count(*) FILTER (annotator <> $imported) AS named, count(*) AS everyone
  FROM given
  GROUP BY comment_id, label
), rest AS (
  SELECT
    g.comment_id,
    g.annotator,
    any_value(g.label) AS own,
    any_value(g.seconds) AS seconds,
    sum(t.named - CAST(t.label = g.label AS BIGINT)) AS votes,
    max_by(t.label, t.named - CAST(t.label = g.label AS BIGINT)) AS named_label,
    max(t.named - CAST(t.label = g.label AS BIGINT), 2) AS named_top,
    max_by(t.label, t.everyone - CAST(t.label = g.label AS BIGINT)) AS any_label,
    max(t.everyone - CAST(t.label = g.label AS BIGINT)) AS any_top
  FROM given g
  JOIN tallies t ON t.comment_id = g.comment_id
  WHERE g.annotator <> $imported
  GROUP BY g.comment_id, g.annotator
), decided AS (
  SELECT comment_id, {_SAID.format(label="label")} AS label, created_by
  FROM (
    SELECT
      comment_id,
      struct_extract(arg_max(struct_pack(label := label), adjudication_id), 'label') AS label,
      arg_max(created_by, adjudication_id) AS created_by
    FROM adjudications
    WHERE dataset_id = $dataset_id
    GROUP BY comment_id
  )
), judged AS (
  SELECT
    r.annotator,
    r.own,
    r.seconds,
    CASE
      WHEN d.label IS NOT NULL AND d.created_by <> r.annotator THEN d.label
      WHEN r.votes = 0 THEN CASE WHEN r.any_top > 0 THEN r.any_label END
      WHEN len(r.named_top) > 1 AND r.named_top[1] = r.named_top[2] THEN NULL
      ELSE r.named_label
    END AS label
  FROM rest r
  LEFT JOIN decided d ON d.comment_id = r.comment_id
)
SELECT
  annotator,
  count(*) AS labels,
  count(label) AS compared,
  count(*) FILTER (label = own) AS agreed,
  median(seconds) AS median_s,
  count(seconds) AS timed
FROM judged
GROUP BY annotator
"""

# Who answers a text a second time: another comment of the same text, or a file that brought two answers.
_REPEATS = f"""
SELECT annotator, count(*) AS repeats, count(*) FILTER (is_same) AS same
FROM (
  SELECT
    v.annotator,
    v.label = lag(v.label) OVER (PARTITION BY v.annotator, c.match_key ORDER BY v.vote_id) AS is_same
  FROM (
    SELECT * REPLACE ({_SAID.format(label="label")} AS label)
    FROM votes
    WHERE dataset_id = $dataset_id AND kind = 'label' AND annotator <> $imported
      AND client_id NOT IN (SELECT undoes FROM votes WHERE dataset_id = $dataset_id AND undoes IS NOT NULL)
    QUALIFY
      source = 'import'
      OR row_number() OVER (PARTITION BY comment_id, annotator ORDER BY vote_id DESC) = 1
  ) v
  JOIN comments c ON c.comment_id = v.comment_id
  WHERE c.dataset_id = $dataset_id AND trim(c.body) <> ''
)
WHERE is_same IS NOT NULL
GROUP BY annotator
"""

# Labels that their own author replaced by another one; what was taken back and given again counts too.
_CHANGES = f"""
SELECT annotator, before, label, count(*) AS comments
FROM (
  SELECT
    annotator,
    label,
    lag(label) OVER (PARTITION BY comment_id, annotator ORDER BY vote_id) AS before
  FROM (
    SELECT * REPLACE ({_SAID.format(label="label")} AS label)
    FROM votes
    WHERE dataset_id = $dataset_id AND kind = 'label' AND annotator <> $imported
  )
)
WHERE before <> label
GROUP BY ALL
ORDER BY ALL
"""


@dataclass(frozen=True)
class AnnotatorCounts:
    """What one annotator did; `compared` are labels on comments that have one in force without their vote."""

    annotator: str
    labels: int
    compared: int
    agreed: int
    median_s: float | None
    timed: int


# Where `about` names one of several labels, an answer is that name where it was given, else "not " with it.


def count_ways(
    db: Database, dataset_id: str, about: str | None = None
) -> list[tuple[datetime, list[str], int]]:
    """How often the same two labels or more met: month (UTC, of the newest vote), labels, comments."""
    with db.reading() as cursor:
        return cursor.execute(_WAYS, _of(dataset_id, about)).fetchall()


def count_pairs(
    db: Database, dataset_id: str, about: str | None = None
) -> list[tuple[str, str, str, str, int]]:
    """Comments that two people labelled: first and second annotator by name, what each said, comments."""
    with db.reading() as cursor:
        return cursor.execute(_PAIRS, _of(dataset_id, about)).fetchall()


def list_pair_comment_ids(
    db: Database,
    dataset_id: str,
    annotators: tuple[str, str],
    labels: tuple[str, str],
    *,
    about: str | None = None,
    limit: int,
) -> list[int]:
    """Comments to which the first annotator gave the first label and the second the second, oldest first."""
    asked = dict(zip(("first", "second", "first_label", "second_label"), annotators + labels, strict=True))
    with db.reading() as cursor:
        rows = cursor.execute(_PAIR_COMMENTS, {**_of(dataset_id, about), **asked, "limit": limit}).fetchall()
    return [int(row[0]) for row in rows]


def list_annotator_counts(db: Database, dataset_id: str, about: str | None = None) -> list[AnnotatorCounts]:
    """Everybody who labelled something, those with most labels first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"{_WITHOUT_OWN} ORDER BY labels DESC, annotator", _of(dataset_id, about)
        ).fetchall()
    return [AnnotatorCounts(*row) for row in rows]


def count_repeats(db: Database, dataset_id: str, about: str | None = None) -> dict[str, tuple[int, int]]:
    """Per annotator, texts answered again, and how many of those answers were the one before."""
    asked = {"dataset_id": dataset_id, "imported": IMPORTED, "about": about}
    with db.reading() as cursor:
        rows = cursor.execute(_REPEATS, asked).fetchall()
    return {annotator: (int(repeats), int(same)) for annotator, repeats, same in rows}


def count_changes(db: Database, dataset_id: str, about: str | None = None) -> list[tuple[str, str, str, int]]:
    """Changes of mind: annotator, the label before, the label after, how often."""
    asked = {"dataset_id": dataset_id, "imported": IMPORTED, "about": about}
    with db.reading() as cursor:
        return cursor.execute(_CHANGES, asked).fetchall()


def _of(dataset_id: str, about: str | None) -> dict[str, object]:
    return {"dataset_id": dataset_id, "imported": IMPORTED, "about": about, **EVERY_ID}

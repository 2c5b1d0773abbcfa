"""Comments as they leave the house: batch by batch, each with its label in force and every vote on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pyarrow as pa

from domain.comments import CommentFilter
from storage.comments import ready_where
from storage.database import EVERY_ID, Database, now

AT_ONCE = 20_000

_VOTE = """
to_json(list(struct_pack(
  annotator := v.annotator, kind := vote.kind, label := vote.label, reason := vote.reason,
  guideline_version := vote.guideline_version, seconds := vote.seconds, voted_at := vote.voted_at,
  severity := d.severity, spans := d.spans, suggested := d.suggested, shown := d.shown
) ORDER BY vote.vote_id))
"""

# What a vote says beside its label.
_DETAILS = """
LEFT JOIN vote_details d
  ON d.dataset_id = $dataset_id AND d.comment_id = v.comment_id AND d.client_id = v.vote.client_id
"""

# What was found of a text; an import passes over these columns.
_FACTS = "f.found_language AS language_found, round(f.language_confidence::DOUBLE, 3) AS language_confidence"

# The decision in force, or that the label comes of an aggregation, which no import can bring back.
_DECISION = """
CASE l.label_from
  WHEN 'adjudicated'
  THEN to_json(struct_pack(
    label := d.label, why := d.why, decided_by := d.created_by, decided_at := d.created_at
  ))
  WHEN 'aggregated' THEN to_json(struct_pack(aggregated := l.label))
END
"""

# The newest decision on each comment until then. In a struct: one that takes another back has no label.
_DECIDED = """
SELECT comment_id, newest.label, newest.why, newest.created_by, newest.created_at
FROM (
  SELECT comment_id, arg_max(a, adjudication_id) AS newest
  FROM adjudications a
  WHERE dataset_id = $dataset_id AND created_at <= $then
  GROUP BY comment_id
)
"""

# By these names an import knows the columns again. `time` is what the file said, letter by letter; the
# cleaned text is there where the repairs in force change something.
_COMMENTS = f"""
SELECT
  c.external_id AS id, c.body AS text, c.author, c.thread, c.posted_text AS time, c.posted_at, c.language,
  l.label, l.label_from, c.split, c.source_score AS score,
  coalesce(c.source, i.file_name) AS source, e.reason AS excluded_for,
  CAST(v.votes AS VARCHAR) AS annotator_votes, CAST({_DECISION} AS VARCHAR) AS decision_in_force,
  f.cleaned AS cleaned_text, {_FACTS}
FROM comments c
LEFT JOIN text_facts f ON f.dataset_id = $dataset_id AND f.comment_id = c.comment_id
LEFT JOIN imports i ON i.import_id = c.import_id
LEFT JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = c.comment_id
LEFT JOIN ({_DECIDED}) d ON d.comment_id = c.comment_id
LEFT JOIN excluded_of($dataset_id, $low, $high) e ON e.comment_id = c.comment_id
LEFT JOIN (
  SELECT v.comment_id, {_VOTE} AS votes
  FROM current_votes_of($dataset_id, $low, $high) v {_DETAILS}
  GROUP BY v.comment_id
) v ON v.comment_id = c.comment_id
WHERE c.dataset_id = $dataset_id AND c.comment_id IN (SELECT c.comment_id {{tables}} WHERE {{condition}})
ORDER BY c.comment_id
"""

# As in current_votes_of, at the moment of the freeze: people go on voting.
_VOTES_THEN = f"""
SELECT v.comment_id, CAST({_VOTE} AS VARCHAR) AS annotator_votes
FROM (
  SELECT comment_id, annotator, arg_max(given, vote_id) AS vote
  FROM votes given
  WHERE dataset_id = $dataset_id
    AND voted_at <= $then
    AND kind <> 'undo'
    AND client_id NOT IN (
      SELECT undoes FROM votes
      WHERE dataset_id = $dataset_id AND voted_at <= $then AND kind = 'undo' AND undoes IS NOT NULL
    )
  GROUP BY comment_id, annotator
) v {_DETAILS}
GROUP BY v.comment_id
"""

# As they are frozen: people go on deciding.
_DECISIONS_THEN = f"""
SELECT l.comment_id, CAST({_DECISION} AS VARCHAR) AS decision_in_force
FROM snapshot_rows l
LEFT JOIN ({_DECIDED}) d ON d.comment_id = l.comment_id
WHERE l.snapshot_id = $snapshot_id
"""
_MORE = f"""
SELECT s.comment_id, c.posted_text AS time, c.source_score AS score,
  coalesce(c.source, i.file_name) AS source, {_FACTS}
FROM snapshot_rows s
JOIN comments c ON c.comment_id = s.comment_id
LEFT JOIN text_facts f ON f.comment_id = c.comment_id
LEFT JOIN imports i ON i.import_id = c.import_id
WHERE s.snapshot_id = $snapshot_id
"""


@contextmanager
def reading_comments(db: Database, wanted: CommentFilter) -> Iterator[pa.RecordBatchReader]:
    """The comments that the filter asks for, in the order of their numbers; limit and offset do not count."""
    tables, condition, params = ready_where(db, wanted)
    statement = _COMMENTS.format(tables=tables, condition=condition)
    with db.reading() as cursor:
        yield cursor.sql(statement, params={**params, **EVERY_ID, "then": now()}).to_arrow_reader(AT_ONCE)


def get_votes_then(db: Database, dataset_id: str, then: datetime) -> pa.Table:
    """The votes in force at that moment: comment_id, and annotator_votes as JSON text."""
    with db.reading() as cursor:
        return cursor.sql(_VOTES_THEN, params={"dataset_id": dataset_id, "then": then}).to_arrow_table()


def get_decisions_then(db: Database, dataset_id: str, snapshot_id: str, then: datetime) -> pa.Table:
    """The decisions behind frozen labels: comment_id, and decision_in_force as JSON text, or null."""
    asked = {"dataset_id": dataset_id, "snapshot_id": snapshot_id, "then": then}
    with db.reading() as cursor:
        return cursor.sql(_DECISIONS_THEN, params=asked).to_arrow_table()


def get_snapshot_details(db: Database, snapshot_id: str) -> pa.Table:
    """What a snapshot's file leaves out of its comments: comment_id, time, score, source, language found."""
    with db.reading() as cursor:
        return cursor.sql(_MORE, params={"snapshot_id": snapshot_id}).to_arrow_table()

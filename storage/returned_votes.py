"""Votes that come back with their comments: one cell of JSON holds all votes on a comment, as exported."""

import json
from typing import Any

import duckdb
import pyarrow as pa

# What an export writes of each vote, and how DuckDB reads it; what is of another type is read as nothing.
VOTE_FIELDS = {
    "annotator": "VARCHAR",
    "kind": "VARCHAR",
    "label": "VARCHAR",
    "reason": "VARCHAR",
    "guideline_version": "INTEGER",
    "seconds": "DOUBLE",
    "voted_at": "TIMESTAMP",
    "severity": "INTEGER",
    "spans": "JSON",
    "suggested": "VARCHAR",
    "shown": "BOOLEAN",
}
_SHAPE = json.dumps([VOTE_FIELDS])

_RETURNED = """
CREATE OR REPLACE TEMP TABLE returned AS
SELECT
  s.comment_id, g.external_id, g.line, g.place, g.body, g.vote, l.meaning AS label,
  coalesce(g.vote.annotator, '') <> '' AND coalesce(
    CASE g.vote.kind WHEN 'label' THEN l.meaning IS NOT NULL ELSE g.vote.kind IN ('skip', 'unsure') END, false
  ) AS is_usable
FROM (
  SELECT line, external_id, text_hash, body, unnest(given) AS vote, generate_subscripts(given, 1) AS place
  FROM (
    SELECT
      *,
      CASE WHEN json_valid(votes) THEN from_json(votes, $shape) END AS given
    FROM incoming
    WHERE votes IS NOT NULL
  )
  WHERE given IS NOT NULL
) g
JOIN standing s ON s.external_id = g.external_id AND s.text_hash = g.text_hash
LEFT JOIN label_map l ON l.written = g.vote.label
"""

# Who has voted on a comment here has the word: what comes back never stands before a vote that there is.
_FINDINGS = """
INSERT INTO import_findings
SELECT $import_id, line, kind, reason, left(body, 2000)
FROM (
  SELECT
    line, 'note' AS kind, body,
    'a vote in it has no annotator, or a label that is not in the label set' AS reason
  FROM returned
  WHERE NOT is_usable
  UNION ALL
  SELECT line, 'note', body, 'its votes are not a list of votes; in without them'
  FROM incoming
  WHERE votes IS NOT NULL
    AND coalesce(CASE WHEN json_valid(votes) THEN json_type(votes) END <> 'ARRAY', true)
  UNION ALL
  SELECT r.line, 'conflict', r.body, r.vote.annotator || ' voted otherwise on this before'
  FROM returned r
  JOIN (
    SELECT comment_id, annotator, list(struct_pack(kind := kind, label := label)) AS given
    FROM votes
    WHERE dataset_id = $dataset_id
    GROUP BY comment_id, annotator
  ) v ON v.comment_id = r.comment_id AND v.annotator = r.vote.annotator
  WHERE r.is_usable AND NOT list_contains(v.given, struct_pack(kind := r.vote.kind, label := r.label))
)
"""

_ADD = """
INSERT INTO votes
SELECT
  nextval('vote_ids'), $dataset_id, comment_id, vote.annotator, vote.kind,
  CASE WHEN vote.kind = 'label' THEN label END,
  nullif(vote.reason, ''), coalesce(vote.guideline_version, 0), vote.seconds,
  'import:' || external_id || ':' || vote.annotator, NULL, 'import', coalesce(vote.voted_at, $now)
FROM (
  SELECT r.*
  FROM returned r
  ANTI JOIN votes v
    ON v.dataset_id = $dataset_id AND v.comment_id = r.comment_id AND v.annotator = r.vote.annotator
  WHERE r.is_usable
  QUALIFY row_number() OVER (PARTITION BY r.comment_id, r.vote.annotator ORDER BY r.line, r.place) = 1
  ORDER BY r.comment_id, r.line, r.place
)
"""


_ADD_DETAILS = """
INSERT INTO vote_details
SELECT
  $dataset_id, r.comment_id, r.vote.annotator, v.client_id, r.vote.severity, nullif(r.vote.spans, 'null'),
  r.vote.suggested, r.vote.shown
FROM returned r
JOIN votes v
  ON v.vote_id > $newest AND v.comment_id = r.comment_id AND v.annotator = r.vote.annotator
WHERE r.is_usable AND coalesce(r.vote.severity::VARCHAR, r.vote.spans::VARCHAR, r.vote.suggested) IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY r.comment_id, r.vote.annotator ORDER BY r.line, r.place) = 1
"""


def add_returned(cursor: duckdb.DuckDBPyConnection, params: dict[str, Any]) -> None:
    """Add the votes in the `votes` cells of the rows that are going in; within the import's transaction.

    A vote keeps its kind, label, reason, guideline version, seconds, time, and what was said
    beside it. A person who has voted on the
    comment before keeps that vote, and where the two differ a conflict is listed.
    """
    cursor.execute(_RETURNED, {"shape": _SHAPE})
    names = {"dataset_id", "import_id"}
    cursor.execute(_FINDINGS, {name: params[name] for name in names})
    [(newest,)] = cursor.execute("SELECT coalesce(max(vote_id), 0) FROM votes").fetchall()
    cursor.execute(_ADD, {name: params[name] for name in ("dataset_id", "now")})
    cursor.execute(_ADD_DETAILS, {"dataset_id": params["dataset_id"], "newest": newest})


def labels_in_cells(column: pa.ChunkedArray) -> set[str]:
    """The labels that the votes, or the decision, in such cells name; a cell of another shape names none."""
    found: set[str] = set()
    for cell in column.unique().to_pylist():
        try:
            votes = json.loads(cell) if cell else []
        except (ValueError, RecursionError):
            continue
        for vote in votes if isinstance(votes, list) else [votes]:
            label = vote.get("label") if isinstance(vote, dict) else None
            if isinstance(label, str) and label:
                found.add(label)
    return found

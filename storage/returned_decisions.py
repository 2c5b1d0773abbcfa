"""Decisions and exclusions that come back with their comments, as exported; each can be undone here."""

import json
from typing import Any

import duckdb

from storage.audit import add_entry

_MAX_REASONS = (
    100  # exclusions for more reasons than that are not by rules, and nobody could look through them
)
_MAX_REASON_LETTERS = 200

_SHAPE = json.dumps(
    {
        "label": "VARCHAR",
        "why": "VARCHAR",
        "decided_by": "VARCHAR",
        "decided_at": "TIMESTAMP",
        "aggregated": "VARCHAR",
    }
)

# The first row of each comment that says a decision, beside the newest one that there is on it here, if any.
_DECIDED = """
CREATE OR REPLACE TEMP TABLE decided AS
SELECT i.line, i.body, s.comment_id, i.said, l.meaning AS label, known.newest
FROM (
  SELECT
    *,
    CASE
      WHEN json_valid(decision)
      THEN CASE WHEN json_type(decision) = 'OBJECT' THEN from_json(decision, $shape) END
    END AS said
  FROM incoming
  WHERE decision IS NOT NULL AND row = comment_row
) i
JOIN standing s ON s.external_id = i.external_id AND s.text_hash = i.text_hash
LEFT JOIN label_map l ON l.written = i.said.label
LEFT JOIN (
  SELECT comment_id, arg_max(a, adjudication_id) AS newest
  FROM adjudications a
  WHERE dataset_id = $dataset_id
  GROUP BY comment_id
) known ON known.comment_id = s.comment_id
QUALIFY row_number() OVER (PARTITION BY s.comment_id ORDER BY i.line) = 1
"""

# Who decided here, or took a decision back, has the word.
_DECISION_FINDINGS = """
INSERT INTO import_findings
SELECT
  $import_id, line, CASE WHEN newest IS NULL OR label IS NULL THEN 'note' ELSE 'conflict' END,
  CASE
    WHEN said.aggregated IS NOT NULL
    THEN 'label ''' || said.aggregated || ''' came of an aggregation of the votes: make it here again'
    WHEN label IS NULL THEN 'its decision names no label of the label set; in without it'
    WHEN newest.label IS NULL
    THEN 'decided ' || label || ' in the file; here a decision was taken back, and that stands'
    ELSE 'decided ' || label || ' in the file; here ' || newest.created_by || ' decided ' || newest.label
  END,
  left(body, 2000)
FROM decided
WHERE label IS NULL OR (newest IS NOT NULL AND newest.label IS DISTINCT FROM label)
"""

# A decision that came back before names its first origin already.
_ADD_DECISIONS = """
INSERT INTO adjudications
SELECT
  nextval('adjudication_ids'), $dataset_id, comment_id, label,
  left(
    CASE
      WHEN starts_with(coalesce(said.why, ''), 'As imported: ') THEN said.why
      ELSE 'As imported: ' || coalesce(nullif(said.decided_by, ''), 'somebody') || ' decided'
        || coalesce(' on ' || strftime(said.decided_at, '%Y-%m-%d'), '') || coalesce(', ' || said.why, '')
    END,
    2000
  ),
  $now, $actor
FROM (SELECT * FROM decided WHERE label IS NOT NULL AND newest IS NULL ORDER BY comment_id)
"""

# Whom the file excludes and nobody here does; those that were excluded here and count again go on counting.
_EXCLUDED = f"""
CREATE OR REPLACE TEMP TABLE left_out AS
SELECT
  i.line, i.body, s.comment_id, i.excluded AS reason, before.comment_id IS NOT NULL AS counts_again,
  length(i.excluded) > {_MAX_REASON_LETTERS}
    OR dense_rank() OVER (ORDER BY i.excluded) > {_MAX_REASONS} AS is_odd
FROM incoming i
JOIN standing s ON s.external_id = i.external_id AND s.text_hash = i.text_hash
LEFT JOIN (SELECT DISTINCT comment_id FROM exclusions WHERE dataset_id = $dataset_id) before
  ON before.comment_id = s.comment_id
WHERE nullif(trim(i.excluded), '') IS NOT NULL
  AND i.row = i.comment_row
  AND s.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, 0, 9223372036854775807))
QUALIFY row_number() OVER (PARTITION BY s.comment_id ORDER BY i.line) = 1
"""
_EXCLUSION_FINDINGS = """
INSERT INTO import_findings
SELECT
  $import_id, line, CASE WHEN counts_again THEN 'conflict' ELSE 'note' END,
  CASE
    WHEN counts_again THEN 'excluded in the file; here its exclusion was taken back, and it counts'
    ELSE 'its exclusion did not come back: the reason is too long, or there are too many reasons'
  END,
  left(body, 2000)
FROM left_out
WHERE counts_again OR is_odd
"""

# One cleaning for each reason, so that each can be taken back as a whole; it comes after its exclusions.
_REASONS = """
CREATE OR REPLACE TEMP TABLE reasons AS
SELECT nextval('cleaning_ids') AS cleaning_id, reason, excluded
FROM (
  SELECT reason, count(*) AS excluded
  FROM left_out
  WHERE NOT counts_again AND NOT is_odd
  GROUP BY reason
  ORDER BY reason
)
"""
_ADD_EXCLUSIONS = """
INSERT INTO exclusions (cleaning_id, dataset_id, comment_id, duplicate_of)
SELECT cleaning_id, $dataset_id, comment_id, NULL
FROM left_out
JOIN reasons USING (reason)
WHERE NOT counts_again
"""
_ADD_CLEANINGS = """
INSERT INTO cleanings
SELECT cleaning_id, $dataset_id, reason, excluded, $now, $actor, NULL, NULL, 0 FROM reasons
"""


def add_decisions(cursor: duckdb.DuckDBPyConnection, params: dict[str, Any], actor: str) -> int:
    """Put the decisions of the `decision` cells in force, by this actor and naming who made them; how many.

    Within the import's transaction. Who decided here before has the word; what differs is a conflict.
    """
    known = {name: params[name] for name in ("dataset_id", "import_id", "now")}
    cursor.execute(_DECIDED, {"shape": _SHAPE, "dataset_id": known["dataset_id"]})
    cursor.execute(_DECISION_FINDINGS, {"import_id": known["import_id"]})
    [(count,)] = cursor.execute(
        _ADD_DECISIONS, {"dataset_id": known["dataset_id"], "now": known["now"], "actor": actor}
    ).fetchall()
    if count:
        add_entry(
            cursor,
            actor=actor,
            verb="decisions imported",
            dataset_id=known["dataset_id"],
            object_=f"import {known['import_id']}",
            details={"count": int(count)},
        )
    return int(count)


def add_exclusions(cursor: duckdb.DuckDBPyConnection, params: dict[str, Any], actor: str) -> int:
    """Exclude the comments whose `excluded` cell says why, a cleaning for each reason; return how many.

    Within the import's transaction.
    """
    known = {name: params[name] for name in ("dataset_id", "import_id", "now")}
    dataset = {"dataset_id": known["dataset_id"]}
    cursor.execute(_EXCLUDED, dataset)
    cursor.execute(_EXCLUSION_FINDINGS, {"import_id": known["import_id"]})
    cursor.execute(_REASONS)
    [(count,)] = cursor.execute(_ADD_EXCLUSIONS, dataset).fetchall()
    cursor.execute(_ADD_CLEANINGS, {**dataset, "now": known["now"], "actor": actor})
    return int(count)

"""Parsed rows become comments and votes: in one transaction, whole or not at all."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from domain.comments import Dataset
from domain.errors import NotFound
from domain.labels import LabelSet
from domain.splits import split_named
from domain.text import TEXT_RULES_VERSION
from storage.database import Database, now
from storage.datasets import add_dataset_rows
from storage.near import update_near
from storage.returned_decisions import add_decisions, add_exclusions
from storage.returned_votes import add_returned

Progress = Callable[[str], None]

# The place of a row among the equal texts of this file, where the file gives no id of its own.
_ORDINALS = """
CREATE OR REPLACE TEMP TABLE ordinals AS
SELECT row, row_number() OVER (PARTITION BY sha256(body) ORDER BY row) AS ordinal
FROM parsed
WHERE nullif(external_id, '') IS NULL AND row = comment_row
"""

# Who is who: a mapped id, else the text's hash and its place among equal texts of this file.
_IDENTIFY = """
CREATE OR REPLACE TEMP TABLE incoming AS
SELECT
  row, comment_row, line, body, author, thread, posted_text, language, source, annotator, reason, votes,
  decision, excluded, match_key, bands, text_hash, written, label, imported_split, split_text, score_text,
  try_cast(posted_text AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS posted_at,
  try_cast(score_text AS DOUBLE) AS source_score,
  coalesce(mapped_id, text_hash || ':' || ordinal) AS external_id
FROM (
  SELECT
    p.* EXCLUDE (label, split, external_id),
    sha256(p.body) AS text_hash,
    nullif(p.external_id, '') AS mapped_id,
    o.ordinal,
    p.label AS written,
    p.split AS split_text,
    l.meaning AS label,
    s.meaning AS imported_split
  FROM parsed p
  LEFT JOIN ordinals o ON o.row = p.comment_row
  LEFT JOIN label_map l ON l.written = p.label
  LEFT JOIN split_map s ON s.written = p.split
)
"""

# The text and the comment that each id stands for: those known, else the first of this file and a new number.
_STANDING = """
CREATE OR REPLACE TEMP TABLE standing AS
SELECT
  f.external_id,
  f.row,
  k.comment_id AS known_id,
  coalesce(
    k.comment_id,
    $first_comment - 1 + row_number() OVER (PARTITION BY k.comment_id IS NULL ORDER BY f.row)
  ) AS comment_id,
  coalesce(k.text_hash, f.text_hash) AS text_hash
FROM (
  SELECT external_id, min(row) AS row, arg_min(text_hash, row) AS text_hash
  FROM incoming
  GROUP BY external_id
) f
LEFT JOIN (
  SELECT external_id, comment_id, sha256(body) AS text_hash
  FROM comments
  WHERE dataset_id = $dataset_id
) k USING (external_id)
"""

# The numbers given above are used up. A sequence goes on where it was left; it cannot be set.
_USE_UP = "SELECT max(nextval('comment_ids')) FROM standing WHERE known_id IS NULL"

# The slot is that of domain.splits.split_of_group, in SQL because a million rows pass here; a test compares.
# Not sorted, which took as long as the rest of it. The rows come in the order of the file, but for blocks
# of them that change places; to find a block by the numbers in it, that is order enough.
_ADD_COMMENTS = """
INSERT INTO comments
SELECT
  comment_id, $dataset_id, $import_id, external_id, body, author, thread, posted_text, posted_at,
  language, source_score, imported_split, match_key, bands, NULL,
  CASE WHEN slot < 800 THEN 'train' WHEN slot < 900 THEN 'validation' ELSE 'test' END,
  $rules, nullif(source, '')
FROM (
  SELECT
    i.*,
    s.comment_id,
    ('0x' || substr(sha256($salt || chr(31) || coalesce(
      CASE $group_by WHEN 'author' THEN i.author WHEN 'thread' THEN i.thread END, i.external_id
    )), 1, 16))::UBIGINT % 1000 AS slot
  FROM incoming i
  JOIN standing s ON s.row = i.row
  WHERE s.known_id IS NULL
)
"""

_LABELLED = """
CREATE OR REPLACE TEMP TABLE labelled AS
SELECT
  s.comment_id, i.external_id, i.label, i.reason, i.row, i.line,
  coalesce(i.annotator, '(imported)') AS annotator
FROM incoming i
JOIN standing s ON s.external_id = i.external_id AND s.text_hash = i.text_hash
WHERE i.label IS NOT NULL
  AND NOT coalesce(CASE WHEN json_valid(i.votes) THEN json_array_length(i.votes) > 0 END, false)
  AND CASE WHEN json_valid(i.decision) THEN json_extract_string(i.decision, '$.label') END IS NULL
"""

# A label of a known comment and annotator counts once; another label for them is a conflict, listed below.
_VOTED = """
CREATE OR REPLACE TEMP TABLE voted AS
SELECT v.comment_id, v.annotator, v.label
FROM votes v
WHERE v.dataset_id = $dataset_id AND v.source = 'import'
"""

_ADD_VOTES = """
INSERT INTO votes
SELECT
  nextval('vote_ids'), $dataset_id, comment_id, annotator, 'label', label, reason, $guideline_version, NULL,
  'import:' || external_id || ':' || annotator, NULL, 'import', $now
FROM (
  SELECT *
  FROM labelled l
  SEMI JOIN (SELECT min(row) AS row FROM labelled GROUP BY comment_id, annotator) f ON f.row = l.row
  ANTI JOIN voted v ON v.comment_id = l.comment_id AND v.annotator = l.annotator
  ORDER BY comment_id, row
)
"""

_ADD_FINDINGS = """
INSERT INTO import_findings
SELECT $import_id, line, kind, reason, left(raw, 2000)
FROM (
  SELECT line, kind, reason, raw FROM refused
  UNION ALL
  SELECT i.line, 'conflict', 'id ' || i.external_id || ' is known with another text', i.body
  FROM incoming i
  JOIN standing s USING (external_id)
  WHERE s.text_hash <> i.text_hash AND i.row = i.comment_row
  UNION ALL
  SELECT
    l.line, 'conflict', l.annotator || ' labelled this ' || f.label || ' before, here ' || l.label, i.body
  FROM labelled l
  JOIN (
    SELECT comment_id, annotator, label FROM voted
    UNION ALL
    SELECT comment_id, annotator, arg_min(label, row)
    FROM labelled
    ANTI JOIN voted USING (comment_id, annotator)
    GROUP BY comment_id, annotator
  ) f ON f.comment_id = l.comment_id AND f.annotator = l.annotator AND f.label <> l.label
  JOIN incoming i ON i.row = l.row
  UNION ALL
  SELECT line, 'note', 'label ''' || written || ''' is not in the label set; in without it', body
  FROM incoming WHERE written IS NOT NULL AND label IS NULL
  UNION ALL
  SELECT line, 'note', 'time ''' || posted_text || ''' was not understood; kept as text', body
  FROM incoming WHERE posted_text IS NOT NULL AND posted_at IS NULL AND row = comment_row
  UNION ALL
  SELECT line, 'note', 'score ''' || score_text || ''' is not a number; in without it', body
  FROM incoming WHERE score_text IS NOT NULL AND source_score IS NULL AND row = comment_row
  UNION ALL
  SELECT line, 'note', 'split ''' || split_text || ''' is not train, validation or test; in without it', body
  FROM incoming WHERE split_text IS NOT NULL AND imported_split IS NULL AND row = comment_row
)
"""

_COUNTS = """
SELECT
  (SELECT count(*) FROM incoming WHERE row = comment_row) AS rows,
  (SELECT count(*) FROM standing WHERE known_id IS NULL) AS added,
  (SELECT count(DISTINCT i.external_id) FROM incoming i JOIN standing s USING (external_id, text_hash)
    WHERE s.known_id IS NOT NULL) AS known,
  (SELECT count(*) FROM votes WHERE vote_id >= $first_vote) AS labels,
  (SELECT count(*) FROM import_findings WHERE import_id = $import_id AND kind = 'conflict') AS conflicts,
  (SELECT count(*) FROM (
    SELECT DISTINCT line, raw FROM import_findings WHERE import_id = $import_id AND kind = 'conflict'
  )) AS in_conflict,
  (SELECT count(*) FROM import_findings WHERE import_id = $import_id AND kind = 'note') AS notes,
  (SELECT count(*) FROM incoming WHERE imported_split IS NOT NULL AND row = comment_row) AS splits
"""


@dataclass(frozen=True)
class Import:
    """One file that went in: its counts, and how many seconds each part took."""

    import_id: int
    dataset_id: str
    file_name: str
    file_sha256: str
    mapping: dict[str, Any]
    counts: dict[str, int]
    seconds: dict[str, float]
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class Finding:
    """A row that did not go in as it stands: refused, in conflict, or in with a note."""

    line: int
    kind: str
    reason: str
    raw: str


def add_import(
    db: Database,
    dataset: Dataset,
    *,
    parsed: pa.Table,
    refused: pa.Table,
    refused_count: int,
    label_map: dict[str, str],
    guideline_version: int,
    about: Import,
    progress: Progress,
    new_labels: LabelSet | None = None,
) -> Import:
    """Add the parsed rows of one file and return the import with its number and counts.

    Args:
        parsed: The columns of `storage.intake.parent.ParsedFile.rows`.
        refused: Columns line, kind, reason, raw; the first of `refused_count` where there are very many.
        label_map: Written value to label of the label set.
        about: Everything that is known beforehand; its number and counts are filled in here.
        progress: Told the name of each part as it begins; may raise to cancel, and nothing has happened then.
        new_labels: The label set of a dataset that is new, and made together with its first comments.
    """
    with db.writing(dataset.dataset_id) as cursor:
        if new_labels is not None:
            add_dataset_rows(cursor, dataset, new_labels)
        import_id = _next(cursor, "import_ids")
        splits = parsed.column("split").unique().to_pylist()
        cursor.register("parsed", parsed)
        cursor.register("refused", refused)
        cursor.register("label_map", _mapping(label_map.items()))
        cursor.register("split_map", _mapping((s, split_named(s)) for s in splits if s is not None))
        first_comment, first_vote = _next(cursor, "comment_ids") + 1, _next(cursor, "vote_ids") + 1
        params = {
            "dataset_id": dataset.dataset_id,
            "import_id": import_id,
            "salt": dataset.salt,
            "group_by": dataset.group_by,
            "rules": TEXT_RULES_VERSION,
            "guideline_version": guideline_version,
            "first_comment": first_comment,
            "first_vote": first_vote,
            "now": now(),
        }
        for part, statements in (
            ("identify", (_ORDINALS, _IDENTIFY)),
            ("compare with what is known", (_STANDING, _USE_UP)),
            ("add comments", (_ADD_COMMENTS,)),
            ("find labels", (_LABELLED, _VOTED)),
            ("add labels", (_ADD_VOTES,)),
            ("list findings", (_ADD_FINDINGS,)),
        ):
            progress(part)
            for statement in statements:
                _run(cursor, statement, params)
        if parsed.column("votes").null_count < parsed.num_rows:
            add_returned(cursor, params)
        back = {"decisions": 0, "excluded": 0}
        if parsed.column("decision").null_count < parsed.num_rows:
            back["decisions"] = add_decisions(cursor, params, about.created_by)
        if parsed.column("excluded").null_count < parsed.num_rows:
            back["excluded"] = add_exclusions(cursor, params, about.created_by)
        progress("join near-duplicates")
        update_near(cursor, dataset.dataset_id, first_comment=first_comment)
        progress("count")
        counts = _counts(cursor, params, refused_count) | back
        done = Import(**{**about.__dict__, "import_id": import_id, "counts": counts, "created_at": now()})
        _add_row(cursor, done)
    if counts["labels"]:
        db.vote_mark.note(_newest_vote(db))
    return done


def get_import(db: Database, import_id: int) -> Import:
    """One import.

    Raises:
        NotFound: there is none of that number.
    """
    with db.reading() as cursor:
        row = cursor.execute("SELECT * FROM imports WHERE import_id = $id", {"id": import_id}).fetchone()
    if row is None:
        raise NotFound(f"There is no import {import_id}.")
    return _import(row)


def list_imports(db: Database, dataset_id: str) -> list[Import]:
    """The imports of a dataset, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT * FROM imports WHERE dataset_id = $dataset_id ORDER BY import_id DESC",
            {"dataset_id": dataset_id},
        ).fetchall()
    return [_import(row) for row in rows]


def list_newest_imports(db: Database, *, most: int) -> list[Import]:
    """The newest imports into any dataset, the last one first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT * FROM imports ORDER BY import_id DESC LIMIT $most", {"most": most}
        ).fetchall()
    return [_import(row) for row in rows]


def list_findings(db: Database, import_id: int, *, limit: int | None = None) -> list[Finding]:
    """The rows that did not go in as they stand, in the order of the file."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT line, kind, reason, raw
            FROM import_findings
            WHERE import_id = $import_id
            ORDER BY line
            LIMIT $limit
            """,
            {"import_id": import_id, "limit": limit if limit is not None else 2**62},
        ).fetchall()
    return [Finding(*row) for row in rows]


def _run(cursor: duckdb.DuckDBPyConnection, statement: str, params: dict[str, Any]) -> None:
    """Execute with those of the parameters that the statement names; DuckDB refuses the others."""
    cursor.execute(statement, {name: value for name, value in params.items() if f"${name}" in statement})


def _counts(cursor: duckdb.DuckDBPyConnection, params: dict[str, Any], refused_count: int) -> dict[str, int]:
    cursor.execute(_COUNTS, {name: params[name] for name in ("first_vote", "import_id")})
    names = [column[0] for column in cursor.description or []]
    counts = dict(zip(names, cursor.fetchall()[0], strict=True))
    return {**counts, "refused": refused_count, "rows": counts["rows"] + refused_count}


def _add_row(cursor: duckdb.DuckDBPyConnection, done: Import) -> None:
    values = {**done.__dict__}
    for name in ("mapping", "counts", "seconds"):
        values[name] = json.dumps(values[name])
    names = ", ".join(f"${name}" for name in values)
    cursor.execute(f"INSERT INTO imports ({', '.join(values)}) VALUES ({names})", values)


def _import(row: tuple[Any, ...]) -> Import:
    number, dataset_id, name, sha256, mapping, counts, seconds, created_at, created_by = row
    return Import(
        number, dataset_id, name, sha256, json.loads(mapping), json.loads(counts), json.loads(seconds),
        created_at, created_by,
    )  # fmt: skip


def _mapping(pairs: Iterable[tuple[str, str | None]]) -> pa.Table:
    written, meaning = [], []
    for value, means in pairs:
        written.append(value)
        meaning.append(means)
    return pa.table({"written": pa.array(written, pa.string()), "meaning": pa.array(meaning, pa.string())})


def _next(cursor: duckdb.DuckDBPyConnection, sequence: str) -> int:
    rows = cursor.execute("SELECT nextval($sequence)", {"sequence": sequence}).fetchall()
    return int(rows[0][0])


def _newest_vote(db: Database) -> int:
    with db.reading() as cursor:
        row = cursor.execute("SELECT coalesce(max(vote_id), 0) FROM votes").fetchone()
    return int(row[0]) if row else 0

-- No secondary indexes and no foreign keys: a table that has them cannot be altered later (DuckDB 2.0).
-- Integrity is checked by the services. Ids of comments and votes grow, so that zone maps find a row without an index.

CREATE SEQUENCE import_ids;
CREATE SEQUENCE comment_ids;
CREATE SEQUENCE vote_ids;
CREATE SEQUENCE cleaning_ids;
CREATE SEQUENCE adjudication_ids;
CREATE SEQUENCE review_ids;
CREATE SEQUENCE snapshot_ids;
CREATE SEQUENCE job_ids;
CREATE SEQUENCE model_ids;
CREATE SEQUENCE run_ids;

CREATE TABLE datasets (
  dataset_id VARCHAR NOT NULL,
  title VARCHAR NOT NULL,
  group_by VARCHAR NOT NULL,
  salt VARCHAR NOT NULL,
  votes_needed INTEGER NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

CREATE TABLE label_sets (
  dataset_id VARCHAR NOT NULL,
  version INTEGER NOT NULL,
  labels JSON NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

CREATE TABLE guidelines (
  dataset_id VARCHAR NOT NULL,
  version INTEGER NOT NULL,
  body VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

CREATE TABLE imports (
  import_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  file_name VARCHAR NOT NULL,
  file_sha256 VARCHAR NOT NULL,
  mapping JSON NOT NULL,
  counts JSON NOT NULL,
  seconds JSON NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- Rows that did not go in as they stand: refused, in conflict with a known comment, or in with a note.
CREATE TABLE import_findings (
  import_id BIGINT NOT NULL,
  line BIGINT NOT NULL,
  kind VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  raw VARCHAR NOT NULL
);

-- body is never updated; match_key, near_of and split are derived when the comment first enters, by derived_by.
CREATE TABLE comments (
  comment_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  import_id BIGINT NOT NULL,
  external_id VARCHAR NOT NULL,
  body VARCHAR NOT NULL,
  author VARCHAR,
  thread VARCHAR,
  posted_text VARCHAR,
  posted_at TIMESTAMP,
  language VARCHAR,
  source_score DOUBLE,
  imported_split VARCHAR,
  match_key UBIGINT NOT NULL,
  bands UBIGINT[] NOT NULL,
  near_of BIGINT,
  split VARCHAR NOT NULL,
  derived_by VARCHAR NOT NULL
);

CREATE TABLE votes (
  vote_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  annotator VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  label VARCHAR,
  reason VARCHAR,
  guideline_version INTEGER NOT NULL,
  seconds DOUBLE,
  client_id VARCHAR NOT NULL,
  undoes VARCHAR,
  source VARCHAR NOT NULL,
  voted_at TIMESTAMP NOT NULL
);

CREATE TABLE leases (
  dataset_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  annotator VARCHAR NOT NULL,
  lease_until TIMESTAMP NOT NULL
);

CREATE TABLE cleanings (
  cleaning_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  excluded BIGINT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL,
  undone_at TIMESTAMP,
  undone_by VARCHAR
);

CREATE TABLE exclusions (
  cleaning_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  duplicate_of BIGINT
);

-- The newest of a comment counts; label NULL takes the one before it back, and the votes count again.
CREATE TABLE adjudications (
  adjudication_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  label VARCHAR,
  why VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

CREATE TABLE reviews (
  review_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  verdict VARCHAR NOT NULL,
  label VARCHAR,
  why VARCHAR NOT NULL,
  client_id VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

CREATE TABLE snapshots (
  snapshot_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  row_count BIGINT NOT NULL,
  manifest JSON NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

CREATE TABLE snapshot_rows (
  snapshot_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  label VARCHAR NOT NULL,
  label_from VARCHAR NOT NULL,
  split VARCHAR NOT NULL
);

-- While a job works, its folder tells its state; this row is what the app absorbed of it.
CREATE TABLE jobs (
  job_id VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  snapshot_id VARCHAR NOT NULL,
  spec JSON NOT NULL,
  state VARCHAR NOT NULL,
  message VARCHAR NOT NULL,
  restart_of VARCHAR,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL,
  absorbed_at TIMESTAMP
);

CREATE TABLE models (
  model_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  job_id VARCHAR NOT NULL,
  snapshot_id VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  backend VARCHAR NOT NULL,
  labels JSON NOT NULL,
  settings JSON NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- One row per answer set: a model on one split of one snapshot.
CREATE TABLE runs (
  run_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  model_id VARCHAR NOT NULL,
  snapshot_id VARCHAR NOT NULL,
  split VARCHAR NOT NULL,
  job_id VARCHAR NOT NULL,
  score_kind VARCHAR NOT NULL,
  labels JSON NOT NULL,
  row_count BIGINT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- scores stand in the order of the run's labels.
CREATE TABLE predictions (
  run_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  label VARCHAR,
  parse_status VARCHAR NOT NULL,
  scores FLOAT[],
  latency_ms FLOAT,
  tokens INTEGER,
  cost_usd DOUBLE
);

-- Table macros rather than views: the dataset, and a stretch of comment ids, are filtered before anything is
-- grouped. The whole dataset is the stretch from 0 to 9223372036854775807.

-- The newest vote of each annotator on each comment that was not taken back.
-- The newest number is found first and its row fetched then: carrying whole rows through the grouping took
-- twice as long.
CREATE MACRO current_votes_of(wanted, low, high) AS TABLE
SELECT
  v.comment_id,
  v.annotator,
  struct_pack(
    vote_id := v.vote_id, kind := v.kind, label := v.label, reason := v.reason,
    guideline_version := v.guideline_version, seconds := v.seconds, voted_at := v.voted_at, client_id := v.client_id
  ) AS vote
FROM votes v
JOIN (
  SELECT max(vote_id) AS vote_id
  FROM votes
  WHERE dataset_id = wanted
    AND comment_id BETWEEN low AND high
    AND kind <> 'undo'
    AND client_id NOT IN (
      SELECT undoes
      FROM votes
      WHERE dataset_id = wanted AND comment_id BETWEEN low AND high AND kind = 'undo' AND undoes IS NOT NULL
    )
  GROUP BY comment_id, annotator
) newest ON newest.vote_id = v.vote_id
WHERE v.dataset_id = wanted AND v.comment_id BETWEEN low AND high;

-- Named annotators come before the label that the file brought; a tie puts no label in force.
CREATE MACRO voted_labels_of(wanted, low, high) AS TABLE
WITH tallies AS (
  SELECT
    comment_id,
    vote.label AS label,
    count(*) FILTER (annotator <> '(imported)') AS named,
    count(*) AS everyone
  FROM current_votes_of(wanted, low, high)
  WHERE vote.kind = 'label'
  GROUP BY comment_id, vote.label
), counted AS (
  SELECT
    comment_id,
    CAST(sum(named) AS BIGINT) AS votes,
    max_by(label, named) AS named_label,
    max(named, 2) AS named_top,
    max_by(label, everyone) AS any_label
  FROM tallies
  GROUP BY comment_id
)
SELECT
  comment_id,
  votes,
  CASE
    WHEN votes = 0 THEN any_label
    WHEN len(named_top) > 1 AND named_top[1] = named_top[2] THEN NULL
    ELSE named_label
  END AS label,
  CASE
    WHEN votes = 0 THEN 'imported'
    WHEN len(named_top) > 1 AND named_top[1] = named_top[2] THEN 'tied'
    WHEN votes = 1 THEN 'single'
    ELSE 'majority'
  END AS label_from
FROM counted;

-- The label in force of each comment that has one (label NULL where the votes are tied), and how it came about.
CREATE MACRO labels_of(wanted, low, high) AS TABLE
SELECT
  coalesce(v.comment_id, a.comment_id) AS comment_id,
  coalesce(v.votes, 0) AS votes,
  coalesce(a.label, v.label) AS label,
  CASE WHEN a.label IS NOT NULL THEN 'adjudicated' ELSE v.label_from END AS label_from
FROM voted_labels_of(wanted, low, high) v
FULL JOIN (
  -- In a struct, because arg_max passes over a plain NULL.
  SELECT comment_id, struct_extract(arg_max(struct_pack(label := label), adjudication_id), 'label') AS label
  FROM adjudications
  WHERE dataset_id = wanted AND comment_id BETWEEN low AND high
  GROUP BY comment_id
) a ON a.comment_id = v.comment_id;

CREATE MACRO excluded_of(wanted, low, high) AS TABLE
SELECT e.comment_id, min(c.reason) AS reason, min(e.duplicate_of) AS duplicate_of
FROM exclusions e
JOIN cleanings c USING (cleaning_id)
WHERE e.dataset_id = wanted
  AND e.comment_id BETWEEN low AND high
  AND c.undone_at IS NULL
GROUP BY e.comment_id;

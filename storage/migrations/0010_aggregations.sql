-- Labels worked out from all votes together. A run is never changed; it says by whom, when and how.

CREATE SEQUENCE aggregation_ids;

CREATE TABLE aggregations (
  aggregation_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  version INTEGER NOT NULL,
  method VARCHAR NOT NULL,
  labels JSON NOT NULL,
  settings JSON NOT NULL,
  found JSON NOT NULL,
  last_vote_id BIGINT NOT NULL,
  row_count BIGINT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- posterior stands in the order of the run's labels; label is NULL where two are equally likely.
CREATE TABLE aggregation_rows (
  aggregation_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  votes INTEGER NOT NULL,
  label VARCHAR,
  posterior FLOAT[] NOT NULL
);

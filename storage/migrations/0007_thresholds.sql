CREATE SEQUENCE threshold_ids;
CREATE SEQUENCE test_look_ids;

-- Chosen on validation; appended, never changed. lower equals upper where there is no band for a human.
-- tally counts what the cut does to the comments of the validation run; temperature is NULL where the scores
-- were taken as they are.
CREATE TABLE thresholds (
  threshold_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  model_id VARCHAR NOT NULL,
  snapshot_id VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  unwanted JSON NOT NULL,
  rule VARCHAR NOT NULL,
  upper_score DOUBLE NOT NULL,
  lower_score DOUBLE NOT NULL,
  base_rate DOUBLE NOT NULL,
  volume DOUBLE NOT NULL,
  seconds_per_review DOUBLE NOT NULL,
  temperature DOUBLE,
  tally JSON NOT NULL,
  why VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- One row for each threshold whose result on the test split was looked at, with that result.
CREATE TABLE test_looks (
  look_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  snapshot_id VARCHAR NOT NULL,
  threshold_id VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  tally JSON NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

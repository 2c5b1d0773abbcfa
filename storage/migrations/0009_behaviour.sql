-- How a model behaved on a suite of test cases, or on its true positives written otherwise. Never changed.

CREATE TABLE behaviours (
  job_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  model_id VARCHAR NOT NULL,
  -- functional, invariance or injection
  kind VARCHAR NOT NULL,
  -- Whose test split the true positives are of; NULL for a functional suite, which brings its own texts.
  snapshot_id VARCHAR,
  suite VARCHAR NOT NULL,
  suite_sha256 VARCHAR NOT NULL,
  -- What behaviour.json of the job held.
  found VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

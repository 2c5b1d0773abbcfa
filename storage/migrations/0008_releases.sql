-- What a model must show before it is released, who released it, and a log that tells when it was tampered with.

CREATE SEQUENCE release_ids;

CREATE TABLE policies (
  dataset_id VARCHAR NOT NULL,
  version INTEGER NOT NULL,
  clauses VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  why VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- A proposal, never changed; what became of it is in release_steps.
CREATE TABLE releases (
  release_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  model_id VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  verdict VARCHAR NOT NULL,
  why VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- approved, rejected, or rolled back to. The newest that is approved or rolled back to is in production.
-- card is the text of the release card, frozen with the approval; log_seq is the entry of the log that tells the step.
CREATE TABLE release_steps (
  release_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  step VARCHAR NOT NULL,
  why VARCHAR NOT NULL,
  card VARCHAR,
  log_seq BIGINT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- Each entry carries the hash of the one before: sha256 over that hash and the entry's own fields as JSON.
CREATE TABLE audit_log (
  seq BIGINT NOT NULL,
  logged_at TIMESTAMP NOT NULL,
  actor VARCHAR NOT NULL,
  verb VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  object VARCHAR NOT NULL,
  details VARCHAR NOT NULL,
  previous VARCHAR NOT NULL,
  hash VARCHAR NOT NULL
);

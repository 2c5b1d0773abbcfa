-- Pairs of source and references, frozen under pairs/ as Parquet; what could not be read lies beside them.
-- counts: train, validation, test, refused, how many pairs have how many references, and lengths in words.
CREATE SEQUENCE pair_set_ids;
CREATE TABLE pair_sets (
  pair_set_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  task VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  file_name VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  counts JSON NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- What a writing model is told, in versions from 1; written once, never changed.
CREATE TABLE writing_prompts (
  dataset_id VARCHAR NOT NULL,
  task VARCHAR NOT NULL,
  version INTEGER NOT NULL,
  body VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

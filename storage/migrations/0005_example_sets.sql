-- Fine-tuning examples that were kept out of a file, frozen under examples/; findings lie beside them, row by row.
-- counts: train, validation, refused, and how often each thing was found.
-- prompt_sha256 is of the system prompt that all examples share; NULL where they do not.
CREATE SEQUENCE example_set_ids;
CREATE TABLE example_sets (
  example_set_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  file_name VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  counts JSON NOT NULL,
  prompt_sha256 VARCHAR,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

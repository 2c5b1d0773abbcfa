-- Who put a model away or took it back, and when; the newest row of a model says which. Nothing is ever deleted.
CREATE SEQUENCE model_archiving_ids;
CREATE TABLE model_archivings (
  archiving_id BIGINT NOT NULL,
  model_id VARCHAR NOT NULL,
  archived BOOLEAN NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

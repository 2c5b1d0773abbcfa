-- What people said of a text that was written, side by side with others; appended, never changed. The newest of
-- each person on each text counts. relevance and fluency go from 1 to 5.
CREATE SEQUENCE writing_rating_ids;
CREATE TABLE writing_ratings (
  rating_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  pair_set_id VARCHAR NOT NULL,
  job_id VARCHAR NOT NULL,
  pair_id BIGINT NOT NULL,
  system VARCHAR NOT NULL,
  relevance INTEGER NOT NULL,
  fluency INTEGER NOT NULL,
  same_meaning BOOLEAN NOT NULL,
  toxic BOOLEAN NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- What models say of comments outside of any snapshot: of each model and comment the newest answer.
-- scores stand in the order of the model's labels.

CREATE TABLE comment_scores (
  dataset_id VARCHAR NOT NULL,
  model_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  job_id VARCHAR NOT NULL,
  label VARCHAR,
  parse_status VARCHAR NOT NULL,
  score_kind VARCHAR NOT NULL,
  scores FLOAT[]
);

-- What an answer says beside its label, by the id that its client gave it: how bad from 0, and the words that
-- decided as [[from, to], ...] in characters of the comment. suggested is what a model answers; shown says
-- whether the person had it before them.
CREATE TABLE vote_details (
  dataset_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  annotator VARCHAR NOT NULL,
  client_id VARCHAR NOT NULL,
  severity INTEGER,
  spans JSON,
  suggested VARCHAR,
  shown BOOLEAN
);

-- How the desk of a dataset is set, whole each time; the newest counts.
CREATE SEQUENCE desk_setting_ids;
CREATE TABLE desk_settings (
  setting_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  settings JSON NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- Labels whose comments a person is not given, until they say otherwise; the newest of a person counts.
CREATE TABLE opt_outs (
  dataset_id VARCHAR NOT NULL,
  annotator VARCHAR NOT NULL,
  labels JSON NOT NULL,
  created_at TIMESTAMP NOT NULL
);

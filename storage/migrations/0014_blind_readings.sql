-- Misses and hits of a run, drawn by chance and read in an order that does not tell which is which.
CREATE SEQUENCE reading_ids;
CREATE SEQUENCE cause_ids;
CREATE SEQUENCE split_look_ids;

CREATE TABLE readings (
  reading_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  seed INTEGER NOT NULL,
  misses BIGINT NOT NULL,
  hits BIGINT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- place is the order in which they are read; whether a row is a miss follows from its run and its snapshot.
CREATE TABLE reading_rows (
  reading_id VARCHAR NOT NULL,
  place INTEGER NOT NULL,
  comment_id BIGINT NOT NULL
);

-- Appended, never changed: kind is label (label says which), guideline, context missing, cannot be judged, or
-- undo, which takes the row with the client id `undoes` back. The newest that stands of each reader counts.
CREATE TABLE causes (
  cause_id BIGINT NOT NULL,
  reading_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  kind VARCHAR NOT NULL,
  label VARCHAR,
  client_id VARCHAR NOT NULL,
  undoes VARCHAR,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- One row for each person, run, station and day on which that person saw what a run says on a test split.
CREATE TABLE split_looks (
  look_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  snapshot_id VARCHAR NOT NULL,
  run_id VARCHAR NOT NULL,
  station VARCHAR NOT NULL,
  looked_on DATE NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

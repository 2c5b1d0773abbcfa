-- Money promised to providers that charge. usd is what counts against the caps: what a job may spend while it is
-- open, what it was billed (or would have been, by estimate) once it has ended. Never deleted.
CREATE SEQUENCE spending_ids;
CREATE TABLE spending (
  spending_id BIGINT NOT NULL,
  job_id VARCHAR,
  actor VARCHAR NOT NULL,
  provider VARCHAR NOT NULL,
  model VARCHAR NOT NULL,
  what VARCHAR NOT NULL,
  usd DOUBLE NOT NULL,
  estimated_usd DOUBLE,
  billed_usd DOUBLE,
  created_at TIMESTAMP NOT NULL,
  settled_at TIMESTAMP
);

-- Who said when, and why, whether a dataset may hold data of children; the newest stands in datasets too.
CREATE TABLE child_data_marks (
  dataset_id VARCHAR NOT NULL,
  may_hold_child_data BOOLEAN NOT NULL,
  why VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

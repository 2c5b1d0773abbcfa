CREATE SEQUENCE settlement_ids;

-- One decision about a group of comments that are nearly the same and whose labels contradict each other: one
-- label for the group, or (label NULL) the labels stay as they are. In force until it is undone.
CREATE TABLE settlements (
  settlement_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  cluster BIGINT NOT NULL,
  label VARCHAR,
  changed BIGINT NOT NULL,
  why VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL,
  undone_at TIMESTAMP,
  undone_by VARCHAR
);

-- What was decided about: each labelled comment with its label of then and, where it was changed, the decision on
-- it. Labels kept as they are stay settled as long as these are the labels of the group.
CREATE TABLE settlement_rows (
  settlement_id BIGINT NOT NULL,
  comment_id BIGINT NOT NULL,
  label VARCHAR NOT NULL,
  label_from VARCHAR NOT NULL,
  adjudication_id BIGINT
);

-- How many groups a cleaning left for somebody to decide.
ALTER TABLE cleanings ADD COLUMN left_groups BIGINT DEFAULT 0;

-- The figures of a dataset's health as they were counted by the function that counted_by names; every write that
-- is news to the dataset takes its row away.
CREATE TABLE health_figures (
  dataset_id VARCHAR NOT NULL,
  figures VARCHAR NOT NULL,
  counted_by VARCHAR NOT NULL
);

CREATE SEQUENCE queue_ids;
CREATE SEQUENCE force_ids;
CREATE SEQUENCE guideline_example_ids;

-- Labels with a number up to counted_after do not count towards votes_needed, and votes of a person up to
-- own_after do not keep a comment from that person: what is labelled anew begins at zero.
CREATE TABLE queues (
  queue_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  sort VARCHAR NOT NULL,
  settings JSON NOT NULL,
  votes_needed INTEGER NOT NULL,
  counted_after BIGINT NOT NULL,
  own_after BIGINT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL,
  closed_at TIMESTAMP
);

-- The order is worked out once, when the queue is made.
CREATE TABLE queue_items (
  queue_id VARCHAR NOT NULL,
  place BIGINT NOT NULL,
  comment_id BIGINT NOT NULL
);

-- Comments that were mixed in unseen, by whom they were given to: kind is golden or repeat.
CREATE TABLE queue_checks (
  queue_id VARCHAR NOT NULL,
  annotator VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  kind VARCHAR NOT NULL,
  handed_at TIMESTAMP NOT NULL
);

-- The newest of a dataset counts; aggregation_id NULL takes the one before it out of force.
CREATE TABLE aggregations_in_force (
  force_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  aggregation_id VARCHAR,
  why VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

-- How likely a model that never saw the comment held its label, those least likely first.
CREATE TABLE suspects (
  job_id VARCHAR NOT NULL,
  dataset_id VARCHAR NOT NULL,
  place BIGINT NOT NULL,
  comment_id BIGINT NOT NULL,
  label VARCHAR NOT NULL,
  likelier VARCHAR NOT NULL,
  self_confidence DOUBLE NOT NULL,
  likelier_score DOUBLE NOT NULL
);

CREATE TABLE guideline_examples (
  example_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  label VARCHAR NOT NULL,
  why VARCHAR NOT NULL,
  guideline_version INTEGER NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL,
  taken_out_at TIMESTAMP,
  taken_out_by VARCHAR
);

-- The label in force: a decision, else the aggregation in force, else what the votes say. A comment whose votes
-- were all taken back has no label, whatever the aggregation once made of them.
CREATE OR REPLACE MACRO labels_of(wanted, low, high) AS TABLE
SELECT
  coalesce(v.comment_id, a.comment_id) AS comment_id,
  coalesce(v.votes, 0) AS votes,
  coalesce(a.label, g.label, v.label) AS label,
  CASE
    WHEN a.label IS NOT NULL THEN 'adjudicated'
    WHEN g.label IS NOT NULL THEN 'aggregated'
    ELSE v.label_from
  END AS label_from
FROM voted_labels_of(wanted, low, high) v
FULL JOIN (
  -- In a struct, because arg_max passes over a plain NULL.
  SELECT comment_id, struct_extract(arg_max(struct_pack(label := label), adjudication_id), 'label') AS label
  FROM adjudications
  WHERE dataset_id = wanted AND comment_id BETWEEN low AND high
  GROUP BY comment_id
) a ON a.comment_id = v.comment_id
LEFT JOIN (
  SELECT comment_id, label
  FROM aggregation_rows
  WHERE comment_id BETWEEN low AND high
    AND aggregation_id = (
      SELECT struct_extract(arg_max(struct_pack(id := aggregation_id), force_id), 'id')
      FROM aggregations_in_force
      WHERE dataset_id = wanted
    )
) g ON g.comment_id = v.comment_id;

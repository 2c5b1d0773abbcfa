CREATE SEQUENCE golden_ids;

-- Comments that models are measured on and never learn from. The newest mark of a comment counts.
CREATE TABLE golden_marks (
  golden_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  is_golden BOOLEAN NOT NULL,
  why VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

CREATE MACRO golden_of(wanted) AS TABLE
SELECT comment_id
FROM golden_marks
WHERE dataset_id = wanted
GROUP BY comment_id
HAVING arg_max(is_golden, golden_id);

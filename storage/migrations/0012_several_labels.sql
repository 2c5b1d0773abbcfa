-- In such a dataset a comment may have several labels: a stored label is then a text of names with ' | ' between
-- them, or '(none)', as domain/labels.py writes it.
ALTER TABLE datasets ADD COLUMN several BOOLEAN DEFAULT false;

-- The names of the label set where comments may have several labels; no row elsewhere.
CREATE MACRO several_of(wanted) AS TABLE
SELECT [label ->> '$.name' FOR label IN CAST(s.labels AS JSON[])] AS names
FROM datasets d
JOIN label_sets s ON s.dataset_id = d.dataset_id
WHERE d.dataset_id = wanted AND d.several
ORDER BY s.version DESC
LIMIT 1;

-- As before, and of several labels each for itself: it is in force where more than half of the named annotators
-- gave it, and tied where half of them did; one tied label ties the comment.
CREATE OR REPLACE MACRO voted_labels_of(wanted, low, high) AS TABLE
WITH tallies AS (
  SELECT
    comment_id,
    vote.label AS label,
    count(*) FILTER (annotator <> '(imported)') AS named,
    count(*) AS everyone
  FROM current_votes_of(wanted, low, high)
  WHERE vote.kind = 'label'
  GROUP BY comment_id, vote.label
), several AS (
  -- Always one row, so that what follows needs no other plan; NULL where a comment has one label.
  SELECT any_value(names) AS names FROM several_of(wanted)
), counted AS (
  SELECT
    comment_id,
    CAST(sum(named) AS BIGINT) AS votes,
    max_by(label, named) AS named_label,
    max(named, 2) AS named_top,
    max_by(label, everyone) AS any_label,
    list(struct_pack(given := string_split(label, ' | '), named := named))
      FILTER ((SELECT names FROM several) IS NOT NULL) AS sets
  FROM tallies
  GROUP BY comment_id
), weighed AS (
  SELECT
    c.*,
    s.names,
    -- How many named annotators gave each label.
    CASE WHEN c.sets IS NOT NULL THEN [
      coalesce(list_sum([one.named FOR one IN c.sets IF list_contains(one.given, name)]), 0) FOR name IN s.names
    ] END AS given
  FROM counted c
  CROSS JOIN several s
), judged AS (
  SELECT
    comment_id,
    votes,
    any_label,
    CASE
      WHEN given IS NULL THEN named_label
      ELSE coalesce(
        nullif(array_to_string([name FOR name, place IN names IF 2 * given[place] > votes], ' | '), ''), '(none)'
      )
    END AS label,
    CASE
      WHEN given IS NULL THEN len(named_top) > 1 AND named_top[1] = named_top[2]
      ELSE len([one FOR one IN given IF 2 * one = votes]) > 0
    END AS is_tied
  FROM weighed
)
SELECT
  comment_id,
  votes,
  CASE WHEN votes = 0 THEN any_label WHEN is_tied THEN NULL ELSE label END AS label,
  CASE
    WHEN votes = 0 THEN 'imported'
    WHEN is_tied THEN 'tied'
    WHEN votes = 1 THEN 'single'
    ELSE 'majority'
  END AS label_from
FROM judged;

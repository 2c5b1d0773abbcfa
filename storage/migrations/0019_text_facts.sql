CREATE SEQUENCE repair_ids;

-- What was derived of a comment's text, by the functions that derived_by names. cleaned is the text after the
-- repairs in force, NULL where they change nothing; problems are the repairs that would change something.
CREATE TABLE text_facts (
  comment_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  characters INTEGER NOT NULL,
  letters INTEGER NOT NULL,
  is_emoji_only BOOLEAN NOT NULL,
  broken_characters BOOLEAN NOT NULL,
  html_entities BOOLEAN NOT NULL,
  obfuscated BOOLEAN NOT NULL,
  personal_data BOOLEAN NOT NULL,
  found_language VARCHAR NOT NULL,
  language_confidence FLOAT NOT NULL,
  cleaned VARCHAR,
  cleaned_by VARCHAR NOT NULL,
  derived_by VARCHAR NOT NULL
);

-- One repair put in force for a dataset: what models read is repaired, the comments stay as they came.
CREATE TABLE text_repairs (
  repair_id BIGINT NOT NULL,
  dataset_id VARCHAR NOT NULL,
  step VARCHAR NOT NULL,
  version VARCHAR NOT NULL,
  changed BIGINT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL,
  undone_at TIMESTAMP,
  undone_by VARCHAR
);

-- Pairs of comments that were compared piece by piece and are nearly the same; share is of common pieces. One
-- that is like members of two groups joined the older one's split: the pair tells of the other.
CREATE TABLE near_links (
  dataset_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  older_id BIGINT NOT NULL,
  share FLOAT NOT NULL
);

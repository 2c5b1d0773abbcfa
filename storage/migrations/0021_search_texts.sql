-- Each comment's text as it is searched, folded by domain/searching.py; made when it is first needed, and again
-- where it was folded by an older version.
CREATE TABLE search_texts (
  dataset_id VARCHAR NOT NULL,
  comment_id BIGINT NOT NULL,
  folded VARCHAR NOT NULL,
  version INTEGER NOT NULL
);

-- Derived: tokens of the message that asks about a comment. Filled when somebody wants a budget, never changed.
-- encoding ends in "(estimate)" where its file was not in place; prompt_format is a hash of how a comment is quoted.
-- tokens is NULL where the comment has nothing to see in it and makes no example.
CREATE TABLE token_counts (
  comment_id BIGINT NOT NULL,
  encoding VARCHAR NOT NULL,
  prompt_format VARCHAR NOT NULL,
  tokens INTEGER,
  has_special_token BOOLEAN NOT NULL
);

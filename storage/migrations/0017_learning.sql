-- Rounds in which a baseline learned from a queue's labels so far: how many there were, the newest vote among
-- them, and what it found; NULL while it is at work, {} where it failed.
CREATE TABLE queue_rounds (
  queue_id VARCHAR NOT NULL,
  round INTEGER NOT NULL,
  labelled BIGINT NOT NULL,
  last_vote_id BIGINT NOT NULL,
  found JSON,
  begun_at TIMESTAMP NOT NULL
);

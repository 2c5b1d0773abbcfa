-- Parts of a dataset that somebody wants to see in every evaluation. The newest of a name counts; wanted is a filter,
-- and an empty one takes the name away.
CREATE TABLE saved_slices (
  dataset_id VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  wanted JSON NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

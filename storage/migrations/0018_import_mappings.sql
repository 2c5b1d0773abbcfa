-- How files of one kind are read, for every dataset: the newest of a name counts; an empty one takes the name away.
CREATE TABLE import_mappings (
  name VARCHAR NOT NULL,
  mapping JSON NOT NULL,
  created_at TIMESTAMP NOT NULL,
  created_by VARCHAR NOT NULL
);

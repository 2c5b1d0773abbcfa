-- Where a comment was written (a platform, an app, a forum), as its file says; NULL where the file says nothing.
ALTER TABLE comments ADD COLUMN source VARCHAR;

"""The report of one model on one frozen set, as a lead reads it: on the page, and as one file."""

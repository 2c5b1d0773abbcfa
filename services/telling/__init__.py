"""Answers of the verbs as lines for a terminal."""

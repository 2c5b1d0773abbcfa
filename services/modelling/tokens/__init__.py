"""Tokens: encodings, counts, budgets."""

"""Pairs of texts, and models that write."""

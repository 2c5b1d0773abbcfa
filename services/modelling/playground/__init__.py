"""Texts of one's own, tried on models."""

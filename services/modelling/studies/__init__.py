"""Experiments with a recipe."""

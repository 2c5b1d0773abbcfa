"""Recipes, training, models and their predictions."""

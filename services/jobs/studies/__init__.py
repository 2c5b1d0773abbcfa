"""Searches, learning curves and cross-validations: many trainings as one job."""

"""Simple models that every training is compared with."""

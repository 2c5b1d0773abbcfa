"""The comments a job learns from or answers, before any model sees them."""

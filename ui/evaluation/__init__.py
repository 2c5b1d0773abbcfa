"""What a model gets right, what it misses and where its thresholds stand."""

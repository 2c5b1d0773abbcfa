"""Fine-tuning formats: read, repaired where nothing has to be guessed, and checked before anything leaves."""

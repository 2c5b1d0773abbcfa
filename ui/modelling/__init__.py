"""Models are trained, watched, listed and tried."""

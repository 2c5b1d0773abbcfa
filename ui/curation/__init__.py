"""Comments come in, are looked at, cleaned and frozen."""

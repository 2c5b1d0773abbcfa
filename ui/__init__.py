"""What screens share; nothing here decides."""

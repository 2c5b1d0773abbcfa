"""People label, read guidelines and settle what they disagree about."""

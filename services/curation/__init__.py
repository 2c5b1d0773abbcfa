"""From raw files to a frozen snapshot."""

"""What a raw answer means: its label and its scores."""

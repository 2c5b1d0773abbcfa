"""What a job has in its own process: its folder, and the words it says."""

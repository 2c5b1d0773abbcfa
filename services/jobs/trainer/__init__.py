"""What every training that can be paused and goes on has in common."""

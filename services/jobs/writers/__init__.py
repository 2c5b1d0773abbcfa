"""What trainings of models that write have in common."""

"""Text generation: pairs of source and target, what writes them, and how well it is written."""

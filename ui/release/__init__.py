"""What goes into production, and what becomes of it there."""

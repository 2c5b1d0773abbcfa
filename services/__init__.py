"""The verbs of the workbench, grouped as the loop is."""

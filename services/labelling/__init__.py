"""Who labels what, and what they said."""

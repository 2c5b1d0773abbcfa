"""Examples to tune a chat model on, and what they cost in tokens."""

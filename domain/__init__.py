"""Nouns of moderation, errors, and pure rules about text and numbers; imports nothing of ours."""

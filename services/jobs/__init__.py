"""Run folders: launch, follow, absorb; and the scripts that run inside them."""

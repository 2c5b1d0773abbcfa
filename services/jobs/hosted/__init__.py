"""Jobs and answers at a provider."""

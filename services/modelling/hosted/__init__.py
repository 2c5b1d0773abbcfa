"""Models at providers: prices, ends, what may leave and what may be spent."""

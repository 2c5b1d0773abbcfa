"""The only code that speaks SQL: one database file, one process that owns it, a module per noun."""

"""Pages of whoever holds a setup link."""

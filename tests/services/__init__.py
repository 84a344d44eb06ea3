"""Use cases through the real application on both databases."""

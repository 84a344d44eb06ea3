"""Several real processes at the same moment."""

"""The operator's commands, as real processes."""

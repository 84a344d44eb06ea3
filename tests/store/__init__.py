"""The store: migrations carry over what is there."""

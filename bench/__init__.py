"""Measurements beside peers, side by side in one run, and the long forms of tests; nothing of the product needs it."""

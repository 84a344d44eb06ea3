"""Processes killed in the middle of a push: what was acknowledged is there, nothing is half done."""

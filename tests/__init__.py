"""Doorward's tests; the tree mirrors the packages they are about."""

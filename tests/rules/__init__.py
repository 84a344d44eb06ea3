"""The rules alone: pure functions of facts."""

"""Codes that people keep on paper: 130 bits in letters and digits that look alike in no hand, in groups of five."""

from __future__ import annotations

LENGTH = 26
_GROUP = 5


def spelled(code: str) -> str:
    """A code as it is shown, in groups."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def typed(text: str) -> str:
    """A code as it was made, however it was typed."""
    return "".join(character for character in text.lower() if character.isalnum())

"""What is typed to confirm what cannot be taken back."""

from __future__ import annotations

from flask import request

from app.rules.errors import InvalidInputError
from app.web.presentation.elements import Notice

_LONGEST = 9  # digits


def read_number(text: str, *, field: str) -> int:
    """A whole number as somebody typed it. Raises InvalidInputError."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST):
        raise InvalidInputError("This is not a whole number.", field=field)
    return int(text)


def not_confirmed(expected: str) -> Notice | None:
    """What to say when the field `confirm` is not exactly `expected`; None when it is."""
    if request.form.get("confirm", "").strip() == expected.strip():
        return None
    return Notice("error", "Nothing was changed.", f"Type {expected} to confirm.")

"""What is typed to confirm what cannot be taken back."""

from __future__ import annotations

from flask import request

from app.web.presentation.elements import Notice


def not_confirmed(expected: str) -> Notice | None:
    """What to say when the field `confirm` is not exactly `expected`; None when it is."""
    if request.form.get("confirm", "").strip() == expected.strip():
        return None
    return Notice("error", "Nothing was changed.", f"Type {expected} to confirm.")

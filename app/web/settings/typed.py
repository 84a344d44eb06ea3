"""What is typed into the pages: the confirmation of what cannot be taken back, and what no database can store."""

from __future__ import annotations

from flask import request

from app.rules.errors import InvalidInputError, NotFoundError
from app.web.presentation import Notice

_NUL = "\0"


def not_confirmed(expected: str) -> Notice | None:
    """What to say when the field `confirm` is not exactly `expected`; None when it is."""
    if request.form.get("confirm", "").strip() == expected.strip():
        return None
    return Notice("error", "Nothing was changed.", f"Type {expected} to confirm.")


def refuse_unstorable(_endpoint: str | None, values: dict[str, str] | None) -> None:
    """Before a view, so that no NUL reaches a query. Raises NotFoundError for URLs, InvalidInputError for forms."""
    if any(_NUL in value for value in (*(values or {}).values(), *request.args.values())):
        raise NotFoundError("There is nothing at this address.")
    for name, value in request.form.items():
        if _NUL in value:
            raise InvalidInputError(f"The field {name} holds characters that cannot be stored.", field=name)

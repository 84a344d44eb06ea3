"""`next`, where a person wants to be after signing in: read from a request, and written into an address."""

from __future__ import annotations

from urllib.parse import quote

from flask import request

from app.rules.return_to import read_return_to

_WRITTEN_OUT = b"next=/"


def asked_for() -> str | None:
    """Where this request to the sign-in page wants to go afterwards; None for home.

    nginx puts the path it was asked for into a redirect as it stands and cannot encode it. So a query that begins with
    a path written out is that path, with whatever follows; otherwise `next` is a parameter like any other. The page's
    form carries it as a field.
    """
    if request.method == "POST":
        return read_return_to(request.form.get("next", ""))
    query = request.query_string
    if query.startswith(_WRITTEN_OUT):
        return read_return_to(query[len(_WRITTEN_OUT) - 1 :].decode("latin-1"))
    return read_return_to(request.args.get("next", ""))


def sign_in_address(return_to: str | None) -> str:
    """The path of the sign-in page that leads to `return_to` afterwards."""
    return f"/sign-in?next={quote(return_to, safe='')}" if return_to else "/sign-in"

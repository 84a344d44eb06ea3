"""What keeps browsers honest: same-origin requests, form tokens, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request

from app.ports.sealing import Sealing
from app.rules.errors import ForbiddenError, InvalidInputError, NotFoundError

_NUL = "\0"
FORM_TOKEN_FIELD = "form_token"  # noqa: S105 (the name of a field)
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"


def check_same_origin(*, base_url: str) -> None:
    """An unsafe request of a browser comes from a page of ours: Sec-Fetch-Site says so, else Origin. Raises
    ForbiddenError.
    """
    site = request.headers.get("Sec-Fetch-Site")
    same = request.headers.get("Origin") == base_url if site is None else site in {"same-origin", "none"}
    if not same:
        raise ForbiddenError("This request came from another site.", code="cross_site")


def refuse_unstorable(values: Mapping[str, object]) -> None:
    """No NUL gets as far as a query: PostgreSQL cannot store it. Raises NotFoundError for URLs, InvalidInputError for
    forms.

    `values` are the parts of the path. Reads the whole form, so that a slow sender keeps nobody waiting for a
    transaction.
    """
    if any(_NUL in str(value) for value in (*values.values(), *request.args.values())):
        raise NotFoundError("There is nothing at this address.")
    for name, value in request.form.items(multi=True):
        if _NUL in value:
            raise InvalidInputError(f"The field {name} holds characters that cannot be stored.", field=name)


def check_form_token(expected: str, *, sealing: Sealing) -> None:
    """The form was made by us for this session. Raises ForbiddenError."""
    if not sealing.same(request.form.get(FORM_TOKEN_FIELD, ""), expected):
        raise ForbiddenError("This form is out of date. Go back, reload the page and try again.", code="form_token")


def machine_headers(*, is_https: bool) -> list[tuple[str, str]]:
    """The headers of answers that no browser shows: those of the SCIM endpoint."""
    names = ("X-Content-Type-Options", "Content-Security-Policy")
    headers = [(name, _HEADERS[name]) for name in names] + [("Cache-Control", "no-store")]
    return [*headers, ("Strict-Transport-Security", _STRICT_TRANSPORT)] if is_https else headers


def add_headers(response: Response, *, is_https: bool) -> Response:
    """The headers of every answer; pages and API answers are never stored, static files are."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if is_https:
        response.headers.setdefault("Strict-Transport-Security", _STRICT_TRANSPORT)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response

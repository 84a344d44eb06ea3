"""Forward-auth: a reverse proxy asks, for each request to an application behind it, who is signed in."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.errors import ForbiddenError, InvalidInputError
from app.rules.organizations import MAX_NAME
from app.rules.return_to import read_return_to
from app.rules.sessions import SessionKind
from app.services.sessions import SignedIn
from app.web import request as current
from app.web.return_to import sign_in_address

pages = Blueprint("forward_auth", __name__)

_ASKED = frozenset({"role", "organization", "sign_in"})
_SIGN_IN = frozenset({None, "redirect"})
_AS_IT_STANDS = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


@pages.get("/auth/verify")
def verify() -> ResponseReturnValue:
    """200 with who is signed in as headers, 401 for nobody, 403 for somebody whom the query does not admit.

    In the query, `role` and `organization` name who is admitted, each any number of times; `sign_in=redirect` sends
    whoever is not signed in to the sign-in page, instead of 401. Raises InvalidInputError for anything else in it: a
    condition with a wrong name must not admit everybody.
    """
    if not _ASKED.issuperset(request.args) or request.args.get("sign_in") not in _SIGN_IN:
        raise InvalidInputError("This takes role, organization and sign_in=redirect, and nothing else.")
    person = current.signed_in_or_none()
    if person is None or person.kind is not SessionKind.FULL:
        return _signed_out()
    for name, has in (("role", person.role), ("organization", person.organization_id)):
        if name in request.args and has not in request.args.getlist(name):
            raise ForbiddenError("This application is not for you.", detail=f"{name} {has}")
    return Response(headers=_headers(person))


def _signed_out() -> Response:
    if "sign_in" not in request.args:
        return Response(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": 'Session realm="Doorward"'})
    # A full address: Traefik would complete a path with the address at which it reached us.
    address = sign_in_address(read_return_to(request.headers.get("X-Forwarded-Uri", "")))
    location = current.transactions().ports.base_url + address
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": location})


def _headers(person: SignedIn) -> dict[str, str]:
    return {
        "X-Doorward-Member": person.member_id,
        "X-Doorward-Email": in_header(person.email),
        # Never empty, because a proxy may take that for absent and leave what the browser sent in its place; and short
        # enough for a proxy, although a directory may send ten thousand characters.
        "X-Doorward-Name": in_header((person.name or person.email)[:MAX_NAME]),
        "X-Doorward-Role": person.role,
        "X-Doorward-Organization": person.organization_id,
    }


def in_header(text: str) -> str:
    """`text` as the value of a header: percent-encoded UTF-8 but for printable ASCII. Decoding gives it back."""
    return quote(text, safe=_AS_IT_STANDS)

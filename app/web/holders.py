"""Whoever holds a setup link: their cookie, and which routes the scope of their link opens. No other route knows
them.
"""

from __future__ import annotations

from contextlib import nullcontext

from flask import Response, request

from app.rules.errors import ForbiddenError, UnauthenticatedError
from app.rules.sessions import TOUCH_EVERY
from app.rules.setup_links import Scope
from app.services import setup_sessions
from app.services.setup_sessions import Holder
from app.services.unit_of_work import Transactions, UnitOfWork
from app.web.routes import Caller

COOKIE = "__Host-doorward-setup"
_SCOPES = {
    Caller.SETUP: frozenset(Scope),
    Caller.SETUP_SSO: frozenset({Scope.SSO}),
    Caller.SETUP_DIRECTORY: frozenset({Scope.DIRECTORY}),
}
CALLERS = frozenset(_SCOPES)
OPEN_THE_LINK = "Open your setup link to see this page."


def authenticate(caller: Caller, transactions: Transactions, opened: UnitOfWork | None) -> Holder:
    """Who holds the link that this browser has opened, asked in `opened`, else in a unit for reading. Raises
    UnauthenticatedError, ForbiddenError.
    """
    holder = recognise(transactions, opened)
    if holder is None:
        raise UnauthenticatedError(OPEN_THE_LINK)
    if holder.scope not in _SCOPES[caller]:
        raise ForbiddenError("This setup link is for something else.")
    return holder


def recognise(transactions: Transactions, opened: UnitOfWork | None) -> Holder | None:
    """The same for a page that is open to everybody."""
    token = _token()
    if not token:
        return None
    with nullcontext(opened) if opened is not None else transactions.reading() as unit:
        return setup_sessions.recognise(unit, token)


def touch(transactions: Transactions, holder: Holder) -> None:
    """Note that the link is in use, at most once a minute."""
    if transactions.ports.clock.now() - holder.seen_at >= TOUCH_EVERY:
        with transactions.writing() as unit:
            setup_sessions.touch(unit, _token())


def leave(unit: UnitOfWork) -> None:
    """End the session of this browser, if it has one."""
    setup_sessions.leave(unit, _token())


def keep(response: Response, token: str) -> Response:
    """Give the browser the session that a link has opened. What it has as a member's browser stays."""
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="Lax")
    return response


def forget(response: Response) -> Response:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    return response


def _token() -> str:
    return request.cookies.get(COOKIE, "")

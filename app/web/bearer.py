"""The bearer tokens of the JSON API: the operator token opens everything, a key what is its own organization's."""

from __future__ import annotations

from flask import request

from app.rules.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from app.services import organization_keys
from app.services.organization_keys import Bearer
from app.services.unit_of_work import Transactions, UnitOfWork
from app.web.routes import Caller

CALLERS = frozenset({Caller.OPERATOR, Caller.PROGRAM})
_UNKNOWN = "Send the operator token, or a key of the organization, as a bearer token."


def authenticate(
    caller: Caller, transactions: Transactions, *, operator_digest: str | None, organization_id: str | None
) -> Bearer | None:
    """Whose key the request brought; None for the operator token. Never waits for anybody who writes.

    A key finds no organization but its own: whether another one exists is not looked up. Raises UnauthenticatedError,
    ForbiddenError, NotFoundError.
    """
    sealing, token = transactions.ports.sealing, _token()
    if operator_digest is not None and sealing.same(sealing.digest(token), operator_digest):
        return None
    key = _recognise(transactions, token)
    if key is None:
        raise UnauthenticatedError(_UNKNOWN)
    if caller is Caller.OPERATOR:
        raise ForbiddenError("This takes the operator token; a key acts within its own organization.")
    if key.organization_id != organization_id:
        raise NotFoundError("There is no such organization.")
    return key


def authenticate_again(unit: UnitOfWork) -> None:
    """The key still works, asked under the lock. Raises UnauthenticatedError."""
    if organization_keys.recognise(unit, _token()) is None:
        raise UnauthenticatedError(_UNKNOWN)


def _recognise(transactions: Transactions, token: str) -> Bearer | None:
    if not organization_keys.has_form(token):
        return None
    with transactions.reading() as unit:
        return organization_keys.recognise(unit, token)


def _token() -> str:
    """What the request brought as a bearer token; empty where it brought nothing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""

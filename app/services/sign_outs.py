"""Signing out: here at once, then at the identity provider for whoever wants that too. And the way back from there."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules.connections import Revision
from app.rules.errors import NotFoundError
from app.rules.identity import ProviderSession, Rejection
from app.rules.logout import SIGN_OUT, SignOut, SignOutOutcome
from app.services import connection_settings, logouts, provider_sessions, sessions
from app.services.sessions import SignedIn
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store.provider_sessions import SignOutRow


@dataclass(frozen=True, slots=True)
class Offer:
    """What a protocol needs to go on to the identity provider."""

    name: str
    protocol: str
    revision: Revision
    session: ProviderSession
    sign_out: SignOut


@dataclass(frozen=True, slots=True)
class Returned:
    """The identity provider has sent the browser back."""

    name: str
    outcome: SignOutOutcome


@dataclass(frozen=True, slots=True)
class Awaited:
    """A sign-out that the identity provider was asked for by this browser, for its protocol to verify the answer."""

    handle: str
    request_id: str
    revision: Revision


def sign_out(unit: UnitOfWork, person: SignedIn, *, browser: str) -> str | None:
    """End the session; the handle of the sign-out that may go on at the identity provider, if it may."""
    # First: the provider may say at this very moment that it has ended, and writes the same rows.
    if unit.lock_if_there(person.organization_id) is None:
        return None
    session, connection_id = provider_sessions.of(unit, person.session_id), sessions.connection_of(unit, person)
    try:
        sessions.end(unit, person.member_id, person.session_id, reason="signed_out")
    except NotFoundError:  # it was ended while we waited
        return None
    if session is None or connection_id is None:
        return None
    provider_sessions.forget(unit, person.session_id)
    handle = unit.ports.randomness.token()
    unit.session.add(
        SignOutRow(
            handle=handle,
            browser_digest=unit.ports.sealing.digest(browser),
            connection_id=connection_id,
            request_id="_" + unit.ports.randomness.token().replace("-", "a").replace("_", "b"),
            sealed=provider_sessions.seal(unit, session, place=_place(handle)),
            expires_at=unit.now + SIGN_OUT,
        )
    )
    return handle


def look_at(unit: UnitOfWork, handle: str, *, browser: str) -> Offer | Returned | None:
    """Where this browser's sign-out stands; None where it is no longer, or nobody's."""
    row = _row(unit, handle, browser=browser)
    connection = connection_rows.by_public_id(unit.session, row.connection_id) if row is not None else None
    if row is None or connection is None or connection.revision_in_force is None:
        return None
    if row.outcome is not None:
        return Returned(connection.name, SignOutOutcome(row.outcome))
    session = provider_sessions.unseal(unit, row.sealed or "", place=_place(handle))
    if session is None:
        return None
    revision = connection_settings.load_revision(unit, connection, connection.revision_in_force)
    return Offer(connection.name, connection.protocol, revision, session, SignOut(handle, row.request_id, at=unit.now))


def awaited(unit: UnitOfWork, connection_id: str, *, protocol: str, handle: str, browser: str) -> Awaited | None:
    """The sign-out that this browser brings back, if it went through this connection and is back for the first time."""
    row = _row(unit, handle, browser=browser)
    if row is None or row.connection_id != connection_id or row.outcome is not None:
        return None
    revision = connection_settings.in_force(unit, connection_id, protocol=protocol)
    return Awaited(handle, row.request_id, revision) if revision is not None else None


def come_back(unit: UnitOfWork, found: Awaited, result: SignOutOutcome | Rejection, *, browser: str) -> None:
    """Keep what the identity provider answered; nothing of the session there is kept any longer."""
    row = _row(unit, found.handle, browser=browser)
    if row is None or row.outcome is not None:
        return
    row.sealed = None
    row.outcome = SignOutOutcome.UNVERIFIED if isinstance(result, Rejection) else result
    connection = connection_rows.by_public_id(unit.session, row.connection_id)
    if isinstance(result, Rejection) and connection is not None:
        logouts.record(unit, connection, result)


def _row(unit: UnitOfWork, handle: str, *, browser: str) -> SignOutRow | None:
    row = unit.session.get(SignOutRow, handle)
    if row is None or row.expires_at <= unit.now:
        return None
    return row if unit.ports.sealing.same(row.browser_digest, unit.ports.sealing.digest(browser)) else None


def _place(handle: str) -> str:
    return f"sign_outs/{handle}"

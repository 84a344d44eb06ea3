"""What identity providers say of sessions that have ended there: ours end with them, or it is on record why not."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules.actor import Actor, ActorKind
from app.rules.attempts import SIGN_OUT, Outcome
from app.rules.connections import Revision
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.identity import Rejection
from app.rules.ids import Prefix
from app.rules.limits import LOGOUTS_REJECTED
from app.rules.logout import EndedThere, LogoutRefused
from app.services import (
    admission,
    attempts,
    connection_settings,
    flows,
    limits,
    provider_sessions,
    sessions,
)
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store.attempts import SignInRecord
from app.store.connections import Connection

REPLAYED = Rejection(
    name="logout_replayed",
    sentence="This sign-out was used already.",
    expected="a logout that was not seen before",
    received="one that was accepted earlier",
    fix="Nothing has to be done: what it ended stays ended. If it comes again, somebody may be replaying it.",
)
_NOWHERE = "There is no single sign-on at this address."
_SAID = "The identity provider said that the session there has ended."


@dataclass(frozen=True, slots=True)
class Addressed:
    """The connection that a logout is addressed to, as its protocol reads it."""

    organization_id: str
    connection_id: str
    revision: Revision


def addressed(unit: UnitOfWork, connection_id: str, *, protocol: str) -> Addressed:
    """The connection of this protocol that people sign in through. Raises NotFoundError."""
    revision = connection_settings.in_force(unit, connection_id, protocol=protocol)
    connection = connection_rows.by_public_id(unit.session, connection_id)
    if connection is None or revision is None:
        raise NotFoundError(_NOWHERE)
    return Addressed(connection.organization_id, connection.id, revision)


def end(unit: UnitOfWork, to: Addressed, result: EndedThere | Rejection) -> LogoutRefused | None:
    """End every session that rests on those that have ended there, and every sign-in that waits with one of them; why
    nothing ended, where it was not believed.
    """
    if isinstance(result, Rejection):
        return _refused(unit, to, result)  # without a lock, or anybody could make everybody wait
    unit.lock(to.organization_id)
    connection = _connection(unit, to)
    if not admission.consume(unit, connection, result):
        return _refused(unit, to, REPLAYED)
    unit.actor = Actor(ActorKind.SYSTEM, label=connection.name)
    for row in provider_sessions.ended(unit, connection.id, result):
        unit.audit(
            row.organization_id,
            EventType.SESSION_ENDED,
            subject=row.member_id,
            before={"session": row.id},
            reason=_SAID,
        )
        provider_sessions.forget(unit, row.id)
        sessions.end(unit, row.member_id, row.id, reason="signed_out_at_provider")
    flows.finish_ended(unit, connection.id, result)
    return None


def _refused(unit: UnitOfWork, to: Addressed, rejection: Rejection) -> LogoutRefused:
    return LogoutRefused(rejection, record(unit, _connection(unit, to), rejection))


def _connection(unit: UnitOfWork, to: Addressed) -> Connection:
    """Raises NotFoundError when it was deleted meanwhile."""
    connection = connection_rows.by_public_id(unit.session, to.connection_id)
    if connection is None:
        raise NotFoundError(_NOWHERE)
    return connection


def record(unit: UnitOfWork, connection: Connection, rejection: Rejection) -> str:
    """One row an administrator can read, and its reference; "" where there have been so many that more say no more."""
    if not limits.fitting(unit, LOGOUTS_REJECTED, connection.organization_id, 1):
        return ""
    reference = unit.id(Prefix.SIGN_IN)
    unit.session.add(
        SignInRecord(
            id=reference,
            organization_id=connection.organization_id,
            connection_id=connection.id,
            at=unit.now,
            purpose=SIGN_OUT,
            outcome=Outcome.REJECTED,
            reason=rejection.name,
            email="",
            detail=attempts.told(rejection),
        )
    )
    return reference

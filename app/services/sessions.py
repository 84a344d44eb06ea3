"""Sessions: opened after a sign-in, recognised on every request, touched, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.rules.actor import Actor, ActorKind
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.identity import ProviderSession
from app.rules.ids import Prefix
from app.rules.members import MemberState
from app.rules.roles import ADMIN
from app.rules.sessions import RECOVERY, Lifetimes, SessionKind, is_alive
from app.services import provider_sessions
from app.services.unit_of_work import UnitOfWork
from app.store import members, organizations, sign_ins
from app.store.members import Member
from app.store.sign_ins import SignInSession

_USER_AGENT = 300  # characters, of which more than that say nothing to anybody


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is behind a request's cookie, as values that outlive the transaction they were read in.

    `is_unseen`: nothing is known yet of the browser that has the session.
    """

    session_id: str
    member_id: str
    organization_id: str
    email: str
    name: str
    role: str
    kind: SessionKind
    asked_at: datetime | None
    seen_at: datetime
    expires_at: datetime
    second_factor: str | None
    is_enrolled: bool
    is_unseen: bool

    @property
    def passed_mfa_at(self) -> datetime | None:
        """When a second factor was proven for this very session, if it was."""
        return self.asked_at if self.second_factor is not None else None

    @property
    def is_admin(self) -> bool:
        """Whether the settings pages are theirs; a role on hold counts, since repairs are theirs to make."""
        return self.role == ADMIN

    @property
    def is_recovery(self) -> bool:
        """Whether this is a recovery session, limited to the authentication settings."""
        return self.kind is SessionKind.RECOVERY

    @property
    def actor(self) -> Actor:
        """Who acts when this person changes something."""
        kind = ActorKind.RECOVERY if self.is_recovery else ActorKind.MEMBER
        return Actor(kind, id=self.member_id, label=self.email, asked_at=self.asked_at)


def open_session(
    unit: UnitOfWork,
    member: Member,
    *,
    opened_by: str,
    connection_id: str | None = None,
    kind: SessionKind = SessionKind.FULL,
    second_factor: str | None = None,
    asked_at: datetime | None = None,
    expires_at: datetime | None = None,
    behind: ProviderSession | None = None,
) -> str:
    """A new session for this member, with an end of its own or that of the one it replaces; the token for the cookie,
    256 bits. `asked_at` is when they were last asked who they are, None where nobody knows; `behind` is the session at
    the identity provider that it rests on.
    """
    token = unit.ports.randomness.token()
    lifetimes = lifetimes_of(unit, member.organization_id)
    lasts = RECOVERY if kind is SessionKind.RECOVERY else lifetimes.absolute
    session_id = unit.id(Prefix.SESSION)
    unit.session.add(
        SignInSession(
            id=session_id,
            digest=unit.ports.sealing.digest(token),
            organization_id=member.organization_id,
            member_id=member.id,
            kind=kind,
            opened_by=opened_by,
            connection_id=connection_id,
            second_factor=second_factor,
            asked_at=asked_at,
            created_at=unit.now,
            seen_at=unit.now,
            idle_ends_at=unit.now + lifetimes.idle,
            expires_at=expires_at or unit.now + lasts,
        )
    )
    if behind is not None and connection_id is not None:
        unit.session.flush()
        provider_sessions.keep(unit, session_id, connection_id, behind)
    return token


def recognise(unit: UnitOfWork, token: str) -> SignedIn | None:
    """Who this cookie is, if the session lives and the member may still be signed in.

    The member's own state is asked on every request, so that a session is worth nothing the moment they are gone. A
    recovery
    session also serves a deactivated member on hold, and ends when recovery is not for them any more.
    """
    row = sign_ins.session_by_digest(unit.session, unit.ports.sealing.digest(token))
    if row is None or not is_alive(idle_ends_at=row.idle_ends_at, expires_at=row.expires_at, now=unit.now):
        return None
    member = members.present(unit.session, row.organization_id, row.member_id)
    if member is None or member.suspended:
        return None
    signed_in = _signed_in(row, member)
    if signed_in.is_recovery:
        return signed_in if members.may_recover(member) else None
    return signed_in if member.state == MemberState.ACTIVE else None


def touch(unit: UnitOfWork, token: str, *, address: str = "", user_agent: str = "") -> None:
    """Note that the session was used, from where and by which browser."""
    row = sign_ins.session_by_digest(unit.session, unit.ports.sealing.digest(token))
    if row is not None:
        row.idle_ends_at = unit.now + lifetimes_of(unit, row.organization_id).idle
        row.seen_at, row.address, row.user_agent = unit.now, address, user_agent[:_USER_AGENT]


def lifetimes_of(unit: UnitOfWork, organization_id: str) -> Lifetimes:
    """How long sessions of this organization last."""
    organization = organizations.find(unit.session, organization_id)
    assert organization is not None, organization_id  # whoever asks has a row that refers to it
    return Lifetimes.of(idle_minutes=organization.session_idle_minutes, absolute_hours=organization.session_hours)


def own(unit: UnitOfWork, member_id: str, *, before: str = "", limit: int | None = None) -> Sequence[SignInSession]:
    """The member's living sessions older than the one with the id `before`, newest first; "" begins at the newest."""
    return sign_ins.sessions_of(unit.session, member_id, now=unit.now, before=before, limit=limit)


def connection_of(unit: UnitOfWork, person: SignedIn) -> str | None:
    """The connection through which this session was opened, if through one."""
    row = sign_ins.session_of(unit.session, person.member_id, person.session_id, now=unit.now)
    return row.connection_id if row is not None else None


def count_full(unit: UnitOfWork, member_id: str) -> int:
    """How many living sessions the member has, recovery sessions aside."""
    return sign_ins.count_full_sessions(unit.session, member_id, now=unit.now)


def end(unit: UnitOfWork, member_id: str, session_id: str, *, reason: str) -> None:
    """End one session of this member. Raises NotFoundError."""
    row = sign_ins.session_of(unit.session, member_id, session_id, now=unit.now)
    if row is None:
        raise NotFoundError("There is no such session.")
    _end(unit, row, reason=reason)


def end_others(unit: UnitOfWork, member: Member, *, keep: str | None, reason: str) -> int:
    """End every session of this member but the one to keep, in one statement; how many those were. The audit log and
    the event tell of all of them at once.
    """
    unit.lock(member.organization_id)
    unit.flush()
    ended = sign_ins.end_others(unit.connection, member.id, keep=keep, now=unit.now, reason=reason)
    if ended:
        unit.audit(
            member.organization_id, EventType.MEMBER_SESSIONS_ENDED, subject=member.id, before={"sessions": ended}
        )
        unit.event(
            member.organization_id, EventType.MEMBER_SESSIONS_ENDED, subject=member.id, sessions=ended, reason=reason
        )
    return ended


def end_replaced(unit: UnitOfWork, token: str) -> None:
    """End the session of a browser that signs in again, if it has one that lives."""
    row = sign_ins.session_by_digest(unit.session, unit.ports.sealing.digest(token))
    if row is not None:
        _end(unit, row, reason="signed_in_again")


def page(unit: UnitOfWork, organization_id: str, *, after: str, limit: int) -> Sequence[SignInSession]:
    """The organization's living sessions, in the order they were opened."""
    return sign_ins.living_sessions(unit.session, organization_id, after=after, limit=limit, now=unit.now)


def end_by_administrator(unit: UnitOfWork, organization_id: str, session_id: str) -> None:
    """End one session of whoever it is in the organization. Raises NotFoundError."""
    unit.lock(organization_id)
    row = sign_ins.session_in(unit.session, organization_id, session_id)
    if row is None or row.ended_at is not None:
        raise NotFoundError("There is no such session.")
    unit.audit(organization_id, EventType.SESSION_ENDED, subject=row.member_id, before={"session": row.id})
    _end(unit, row, reason="ended_by_administrator")


def _end(unit: UnitOfWork, row: SignInSession, *, reason: str) -> None:
    row.ended_at, row.end_reason = unit.now, reason
    unit.event(row.organization_id, EventType.SESSION_ENDED, subject=row.id, member=row.member_id, reason=reason)


def _signed_in(row: SignInSession, member: Member) -> SignedIn:
    return SignedIn(
        session_id=row.id,
        member_id=member.id,
        organization_id=member.organization_id,
        email=member.email,
        name=member.name,
        role=member.role,
        kind=SessionKind(row.kind),
        asked_at=row.asked_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        second_factor=row.second_factor,
        is_enrolled=member.enrolled_at is not None,
        is_unseen=row.user_agent is None,
    )

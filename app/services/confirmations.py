"""Somebody who is signed in shows that it is still them, or sets up an authenticator app: either way their session is
replaced by one that begins now.
"""

from __future__ import annotations

from app.rules.actor import Actor, ActorKind
from app.rules.attempts import Outcome
from app.rules.decisions import Code, Refused
from app.rules.domains import host_of
from app.rules.identity import ProviderSession
from app.rules.sessions import SessionKind
from app.services import admission, asking, attempts, flows, provider_sessions, sessions
from app.services.flows import Purpose
from app.services.steps import FLOW_EXPIRED, NextStep, Proven, SignedIn, TurnedAway
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store import members as member_rows
from app.store import organizations as organization_rows
from app.store import sign_ins
from app.store.connections import Connection
from app.store.members import Member
from app.store.sign_ins import SignInFlow, SignInSession

_SOMEBODY_ELSE = Refused(
    Code.TEST_AS_SOMEONE_ELSE,
    "The identity provider says that you are somebody else.",
    fix="Sign in there as yourself, then confirm again.",
)


def begin(
    unit: UnitOfWork, purpose: Purpose, member: Member, *, session_id: str, browser: str, return_to: str
) -> NextStep:
    """Begin a flow in which this member confirms that it is them, or sets up an app; a new session takes the place of
    the present one.
    """
    unit.lock(member.organization_id)  # first: the flow's row would keep others from the lock until they are done
    kept = {"session": session_id}
    flow = flows.begin(unit, browser=browser, purpose=purpose, email=member.email, secrets=kept, return_to=return_to)
    flow.member_id, flow.organization_id = member.id, member.organization_id
    return next_step(unit, flow, Proven())


def next_step(unit: UnitOfWork, flow: SignInFlow, proven: Proven) -> NextStep:
    """What follows: the proof that is nearest at hand, then the new session."""
    organization_id = flow.organization_id or ""
    unit.lock(organization_id)
    member = member_rows.present(unit.session, organization_id, flow.member_id or "")
    replaced = _replaced(unit, flow)
    if member is None or replaced is None or isinstance(admission.judge_state(member), Refused):
        return TurnedAway(FLOW_EXPIRED)
    unit.actor = Actor(ActorKind.MEMBER, id=member.id, label=member.email)
    if proven.rejection is not None:
        return attempts.rejected(unit, flow, proven.rejection)
    if proven.identity is not None and not _is_theirs(unit, flow, proven, member):
        return attempts.turn_away(unit, flow, _SOMEBODY_ELSE)
    if proven.email or proven.factor is not None or proven.identity is not None:
        return _renew(unit, flow, proven, member, replaced)
    return _ask(unit, flow, member)


def _ask(unit: UnitOfWork, flow: SignInFlow, member: Member) -> NextStep:
    if flow.purpose == Purpose.ENROLL:
        return asking.to_enroll(unit, flow, member)
    connection = connection_of(unit, member)
    if connection is not None and connection.revision_in_force is not None:
        return asking.provider(unit, flow, connection, connection.revision_in_force)
    if member.enrolled_at is not None:
        return asking.for_factor(unit, flow, member)
    return asking.for_code(unit, flow)


def connection_of(unit: UnitOfWork, member: Member) -> Connection | None:
    """The connection through which this member confirms that it is them, if it is through one."""
    hosts = organization_rows.verified_hosts(unit.session, member.organization_id)
    return connection_rows.active(unit.session, member.organization_id) if host_of(member.email) in hosts else None


def _is_theirs(unit: UnitOfWork, flow: SignInFlow, proven: Proven, member: Member) -> bool:
    """Whether who arrived is the member who was asked, through the connection that is in force."""
    connection = connection_rows.by_public_id(unit.session, flow.connection_id or "")
    identity = proven.identity
    if identity is None or connection is None or connection.revision_in_force != flow.revision_id:
        return False
    if not admission.consume(unit, connection, identity):
        return False
    linked = connection_rows.identity(unit.session, connection.id, issuer=identity.issuer, subject=identity.subject)
    if linked is not None and member_rows.present(unit.session, member.organization_id, linked.member_id) is not None:
        return linked.member_id == member.id  # else it is that of somebody who was removed
    # Whoever has required single sign-on has come in by a test only, which links nobody.
    tested = connection_rows.proof(unit.session, str(connection.revision_in_force), member.id)
    return tested is not None and (tested.issuer, tested.subject) == (identity.issuer, identity.subject)


def may_go_on(unit: UnitOfWork, flow: SignInFlow) -> bool:
    """Whether the session that is to be replaced still lives."""
    return _replaced(unit, flow) is not None


def _replaced(unit: UnitOfWork, flow: SignInFlow) -> SignInSession | None:
    """The session to replace, while it lives: one that was ended meanwhile comes back by no confirmation."""
    session_id = flows.secrets_of(unit, flow).get("session", "")
    return sign_ins.session_of(unit.session, flow.member_id or "", session_id, now=unit.now)


def _renew(unit: UnitOfWork, flow: SignInFlow, proven: Proven, member: Member, replaced: SignInSession) -> SignedIn:
    """A session with a new token, that ends no later than the one in whose place it stands."""
    token = sessions.open_session(
        unit,
        member,
        opened_by=replaced.opened_by,
        connection_id=replaced.connection_id,
        second_factor=proven.factor,
        asked_at=unit.now,
        expires_at=replaced.expires_at,
        behind=_behind(unit, flow, proven, replaced),
    )
    provider_sessions.forget(unit, replaced.id)
    replaced.ended_at, replaced.end_reason = unit.now, "renewed"
    attempts.record(unit, flow, outcome=Outcome.CONFIRMED, member=member, factor=proven.factor)
    flows.finish(unit, flow)
    return SignedIn(token, SessionKind.FULL, member, backup_codes=proven.backup_codes, return_to=flow.return_to)


def _behind(unit: UnitOfWork, flow: SignInFlow, proven: Proven, replaced: SignInSession) -> ProviderSession | None:
    """The session at the identity provider that the new one rests on: the one just shown, else the earlier one's."""
    shown = proven.identity.session if proven.identity is not None else None
    if shown is not None and flow.connection_id == replaced.connection_id:
        return shown
    return provider_sessions.of(unit, replaced.id)

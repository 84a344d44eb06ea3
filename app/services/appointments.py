"""What a recovery session may do about members: make one active member an administrator."""

from __future__ import annotations

from app.rules.actor import ActorKind
from app.rules.decisions import Decision, Refused
from app.rules.events import EventType
from app.rules.members import MemberState
from app.rules.recovery import may_appoint
from app.rules.roles import ADMIN
from app.rules.sessions import RECOVERY
from app.services import members
from app.services.sessions import SignedIn
from app.services.unit_of_work import UnitOfWork
from app.store import audit
from app.store.members import Member

_GRANTED = "member.role_granted"


def appoint(unit: UnitOfWork, session: SignedIn, member_id: str) -> Member | Refused:
    """Make this member an administrator in a recovery session. Raises NotFoundError."""
    unit.lock(session.organization_id)
    member = members.read(unit, session.organization_id, member_id)
    is_active = member.state == MemberState.ACTIVE and not member.suspended
    decision = judge(member.id, is_active=is_active, appointed=appointed_in(unit, session))
    if isinstance(decision, Refused):
        return unit.refuse(session.organization_id, EventType.MEMBER_ROLE_CHANGED, decision, subject=member_id)
    return members.to_edit(unit, session.organization_id, member_id, role=ADMIN).apply()


def judge(member_id: str, *, is_active: bool, appointed: str | None) -> Decision:
    """Whether a recovery session that has made `appointed` an administrator may make this member one."""
    return may_appoint(is_active=is_active, is_another=appointed not in {None, member_id})


def appointed_in(unit: UnitOfWork, session: SignedIn) -> str | None:
    """Whom this recovery session has made an administrator already, if anybody."""
    entry = audit.latest(
        unit.session,
        session.organization_id,
        _GRANTED,
        by=(ActorKind.RECOVERY, session.member_id),
        since=session.expires_at - RECOVERY,
    )
    return entry.subject if entry is not None else None

"""Becoming a member otherwise than through a directory: with the organization, at a first sign-in, by invitation."""

from __future__ import annotations

from app.rules.events import EventType
from app.rules.identity import GroupsState
from app.rules.ids import Prefix
from app.rules.members import MemberState
from app.rules.roles import RoleSource
from app.services.unit_of_work import UnitOfWork
from app.store import members
from app.store.members import Member
from app.store.organizations import Organization


def join(
    unit: UnitOfWork,
    organization: Organization,
    *,
    email: str,
    name: str,
    granted: str | None = None,
    origin: str | None = None,
    **told: str,
) -> Member:
    """An active member with this normalised address, which nobody else has; `granted` is a role given by hand, and
    `origin` by what kind of actor. Whoever was removed is the same member as before, with nothing of what they had.

    Roles and holds are worked out by whoever lets them in. `told` goes with the event.
    """
    member = members.removed_member(unit.session, organization.id, email)
    if member is None:
        member = Member(id=unit.id(Prefix.MEMBER), organization_id=organization.id, email=email, created_at=unit.now)
        unit.session.add(member)
    member.name = name or member.name or ""
    member.state, member.suspended, member.removed_at = MemberState.ACTIVE, False, None
    member.granted_role, member.granted_origin = granted, origin if granted is not None else None
    member.role = granted or organization.default_role
    member.role_source = RoleSource.GRANTED if granted is not None else RoleSource.DEFAULT
    member.role_mapping_id, member.held = None, False
    member.sign_in_groups_state, member.sign_in_groups = GroupsState.UNKNOWN, []
    unit.session.flush()
    unit.event(organization.id, EventType.MEMBER_CREATED, subject=member.id, **told)
    return member

"""Becoming a member otherwise than through a directory: with the organization, at a first sign-in, by invitation."""

from __future__ import annotations

from app.rules.events import EventType
from app.rules.identity import GroupsState
from app.rules.ids import Prefix
from app.rules.members import MemberState
from app.rules.roles import RoleSource
from app.services.unit_of_work import UnitOfWork
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
    `origin` by what kind of actor. Whoever had the address and was removed was somebody else, as far as anybody knows:
    nothing of theirs counts, least of all who they are at an identity provider.

    Roles and holds are worked out by whoever lets them in. `told` goes with the event.
    """
    member = Member(
        id=unit.id(Prefix.MEMBER),
        organization_id=organization.id,
        email=email,
        name=name,
        state=MemberState.ACTIVE,
        suspended=False,
        granted_role=granted,
        granted_origin=origin if granted is not None else None,
        role=granted or organization.default_role,
        role_source=RoleSource.GRANTED if granted is not None else RoleSource.DEFAULT,
        held=False,
        sign_in_groups_state=GroupsState.UNKNOWN,
        sign_in_groups=[],
        created_at=unit.now,
    )
    unit.session.add(member)
    unit.session.flush()
    unit.event(organization.id, EventType.MEMBER_CREATED, subject=member.id, **told)
    return member

"""Members changed by hand: role, suspension, removal; every path asks the guard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.rules.decisions import Code, Refused
from app.rules.errors import InvalidInputError, NotFoundError
from app.rules.events import EventType
from app.rules.roles import RoleSource
from app.services import authority, policy
from app.services.authority import Change, Grant
from app.services.unit_of_work import UnitOfWork
from app.store import directories, listings, members, roles
from app.store.members import Member


def read(unit: UnitOfWork, organization_id: str, member_id: str) -> Member:
    """One member. Raises NotFoundError."""
    member = members.present(unit.session, organization_id, member_id)
    if member is None:
        raise NotFoundError("There is no such member.")
    return member


def page(unit: UnitOfWork, organization_id: str, *, after: str, limit: int) -> Sequence[Member]:
    """Members, in the order they came."""
    return members.page(unit.session, organization_id, after=after, limit=limit)


def administrators(unit: UnitOfWork, organization_id: str) -> Sequence[Member]:
    """Everyone whose effective role is admin, held or not."""
    return members.administrators(unit.session, organization_id)


def is_managed(unit: UnitOfWork, member: Member) -> bool:
    """Whether the active directory manages this member."""
    directory = directories.active(unit.session, member.organization_id)
    return directory is not None and listings.user_of_member(unit.session, directory.id, member.id) is not None


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a member has the role they have: its name, its source, the group that decided, who granted it, who manages
    them.
    """

    role_name: str
    source: RoleSource
    group: str = ""
    origin: str = ""
    managed_by: str = ""


def explain(unit: UnitOfWork, member: Member) -> Explained:
    """Why this member has this role."""
    role = roles.role(unit.session, member.organization_id, member.role)
    mapping = roles.mapping(unit.session, member.organization_id, member.role_mapping_id or "")
    directory = directories.active(unit.session, member.organization_id)
    managed = directory is not None and listings.user_of_member(unit.session, directory.id, member.id) is not None
    return Explained(
        role_name=role.name if role else member.role,
        source=RoleSource(member.role_source),
        group=mapping.label if mapping else "",
        origin=member.granted_origin or "",
        managed_by=directory.name if directory is not None and managed else "",
    )


def grant_role(unit: UnitOfWork, organization_id: str, member_id: str, *, slug: str) -> Member | Refused:
    """Give a role by hand. Refused while a group decides, and when it would leave no usable administrator."""
    unit.lock(organization_id)
    member = read(unit, organization_id, member_id)
    if roles.role(unit.session, organization_id, slug) is None:
        raise InvalidInputError("There is no such role.", field="role")
    if member.role_source == RoleSource.MAPPED:
        refused = decided_by_group(member.email)
        return unit.refuse(organization_id, EventType.MEMBER_ROLE_CHANGED, refused, subject=member_id)
    before = {"granted": member.granted_role}
    outcome = _carry_out(
        unit, member, Change(granted={member_id: Grant(slug, unit.actor.kind)}), action=EventType.MEMBER_ROLE_CHANGED
    )
    if isinstance(outcome, Refused):
        return outcome
    unit.audit(organization_id, "member.role_granted", subject=member_id, before=before, after={"granted": slug})
    return member


def suspend(unit: UnitOfWork, organization_id: str, member_id: str, *, suspended: bool) -> Member | Refused:
    """Suspend by hand, also where a directory manages the member, or lift that. Sessions end with it."""
    unit.lock(organization_id)
    member = read(unit, organization_id, member_id)
    action = EventType.MEMBER_SUSPENDED if suspended else EventType.MEMBER_RESTORED
    if member.suspended is suspended:
        return member
    return _carry_out(unit, member, Change(suspended={member_id: suspended}), action=action, audited=True)


def remove(unit: UnitOfWork, organization_id: str, member_id: str) -> Member | Refused:
    """Remove by hand; refused for members a directory manages. Only an invitation or the directory brings them back."""
    unit.lock(organization_id)
    member = read(unit, organization_id, member_id)
    if is_managed(unit, member):
        refused = managed_by_directory(member.email)
        return unit.refuse(organization_id, EventType.MEMBER_REMOVED, refused, subject=member_id)
    outcome = _carry_out(
        unit, member, Change(removed=frozenset({member_id})), action=EventType.MEMBER_REMOVED, audited=True
    )
    if not isinstance(outcome, Refused):
        unit.event(organization_id, EventType.MEMBER_REMOVED, subject=member_id)
    return outcome


def decided_by_group(email: str) -> Refused:
    """Why a role cannot be given by hand while a group decides."""
    return Refused(
        Code.ROLE_DECIDED_BY_GROUP,
        f"The role of {email} follows from a group.",
        fix="Change the group in the identity provider, or the mapping.",
    )


def managed_by_directory(email: str) -> Refused:
    """Why someone a directory manages cannot be removed by hand."""
    return Refused(
        Code.MEMBER_DIRECTORY_MANAGED,
        f"{email} is managed by the directory.",
        fix="Remove them from the application in the identity provider, or suspend them here.",
    )


def _carry_out(
    unit: UnitOfWork, member: Member, change: Change, *, action: str, audited: bool = False
) -> Member | Refused:
    organization = unit.lock(member.organization_id)
    in_force = policy.current(unit.session, organization)
    proposal = authority.propose(unit, organization.id, policy=in_force, change=change, by_person=True)
    if proposal.refused is not None:
        return unit.refuse(organization.id, action, proposal.refused, subject=member.id)
    authority.carry_out(unit, organization.id, proposal)
    if audited:
        unit.audit(organization.id, action, subject=member.id, proof=proposal.proof)
    return member

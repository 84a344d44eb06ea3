"""Members changed by hand: role, suspension, activity, removal; every path asks the guard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from app.rules.actor import ActorKind
from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.errors import InvalidInputError, NotFoundError
from app.rules.events import EventType
from app.rules.members import Listing, MemberState, may_activate
from app.rules.organizations import read_text
from app.rules.recovery import may_return
from app.rules.roles import RoleSource
from app.services import authority, factors, policy
from app.services.authority import Change, Grant, Proposal
from app.services.plans import Planned, Proof
from app.services.unit_of_work import UnitOfWork
from app.store import directories, listings, members, roles
from app.store.members import Member

_GRANTED = "member.role_granted"


def read(unit: UnitOfWork, organization_id: str, member_id: str) -> Member:
    """One member. Raises NotFoundError."""
    member = members.present(unit.session, organization_id, member_id)
    if member is None:
        raise NotFoundError("There is no such member.")
    return member


def by_email(unit: UnitOfWork, email: str) -> Member:
    """The member with this normalised address, in whichever organization. Raises NotFoundError."""
    member = members.by_email(unit.session, email)
    if member is None:
        raise NotFoundError("Nobody has this address.", field="email")
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


def to_edit(
    unit: UnitOfWork,
    organization_id: str,
    member_id: str,
    *,
    role: str | None = None,
    suspended: bool | None = None,
    activate: bool = False,
) -> Planned[Member]:
    """Give a role by hand, suspend or lift a suspension, make somebody who was deactivated active again; asked for
    several, either all happen or none. None leaves it as it is.

    A role is refused while a group decides, becoming active while the directory says otherwise. What was granted before
    somebody was deactivated does not come back with them. Suspending works also where a directory manages the member.
    """
    unit.lock(organization_id)
    member = read(unit, organization_id, member_id)
    if role is not None and roles.role(unit.session, organization_id, role) is None:
        raise InvalidInputError("There is no such role.", field="role")
    if suspended is member.suspended:
        suspended = None
    activate = activate and member.state == MemberState.DEACTIVATED
    grant = None if role is None else Grant(role, unit.actor.kind)
    change = Change(
        granted={} if grant is None and not activate else {member_id: grant},
        suspended={} if suspended is None else {member_id: suspended},
        activated=frozenset({member_id} if activate else ()),
    )
    actions = [EventType.MEMBER_ACTIVATED] if activate else []
    if suspended is not None:
        actions.append(EventType.MEMBER_SUSPENDED if suspended else EventType.MEMBER_RESTORED)

    def write(proof: Proof) -> Member:
        if role is not None:
            after = {"granted": role}
            unit.audit(organization_id, _GRANTED, subject=member_id, before=before, after=after, proof=proof)
        for action in actions:
            unit.audit(organization_id, action, subject=member_id, proof=proof)
        return member

    before = {"granted": member.granted_role}
    return Planned(
        unit,
        organization_id,
        actions[0] if actions else EventType.MEMBER_ROLE_CHANGED,
        write,
        propose=partial(_propose, unit, organization_id, change, returning=activate) if change.people else None,
        judged=_judge(unit, member, role=role, activate=activate),
        subject=member_id,
        about=f"{member_id} {role} {suspended} {activate}",
    )


def _judge(unit: UnitOfWork, member: Member, *, role: str | None, activate: bool) -> Decision:
    if role is not None and member.role_source == RoleSource.MAPPED:
        return decided_by_group(member.email)
    return may_be_activated(unit, member) if activate else Allowed()


def may_be_activated(unit: UnitOfWork, member: Member) -> Decision:
    """Whether whoever acts may make this member active, if they were deactivated: never against the directory, and in a
    recovery session only where it is the way back.
    """
    if unit.actor.kind is ActorKind.RECOVERY:
        others_active = members.any_active_besides(unit.session, member.organization_id, member.id)
        returning = may_return(is_own=member.id == unit.actor.id, others_active=others_active)
        if isinstance(returning, Refused):
            return returning
    return may_activate(member.email, _listing(unit, member))


def _listing(unit: UnitOfWork, member: Member) -> Listing:
    directory = directories.active(unit.session, member.organization_id)
    listed = listings.listed_later(unit.connection, directory.id, {member.id})() if directory is not None else {}
    return authority.listing_of(listed.get(member.id))


def rename(unit: UnitOfWork, member: Member, name: str) -> Refused | None:
    """Give somebody another name, unless it is the directory's to give. Raises InvalidInputError."""
    organization_id = member.organization_id
    unit.lock(organization_id)
    wanted = read_text(name, field="name")
    if is_managed(unit, member):
        refused = Refused(
            Code.MEMBER_DIRECTORY_MANAGED,
            f"The name of {member.email} comes from the directory.",
            fix="Change it in the identity provider.",
        )
        return unit.refuse(organization_id, EventType.MEMBER_UPDATED, refused, subject=member.id)
    if wanted != member.name:
        before, member.name = member.name, wanted
        was, becomes = {"name": before}, {"name": wanted}
        unit.audit(organization_id, EventType.MEMBER_UPDATED, subject=member.id, before=was, after=becomes)
        unit.event(organization_id, EventType.MEMBER_UPDATED, subject=member.id, name=wanted)
    return None


def to_remove(unit: UnitOfWork, organization_id: str, member_id: str) -> Planned[None]:
    """Remove by hand; refused for members a directory manages. Only an invitation or the directory brings them back."""
    unit.lock(organization_id)
    member = read(unit, organization_id, member_id)

    def write(proof: Proof) -> None:
        factors.forget(unit, member)
        unit.audit(organization_id, EventType.MEMBER_REMOVED, subject=member_id, proof=proof)
        unit.event(organization_id, EventType.MEMBER_REMOVED, subject=member_id)

    return Planned(
        unit,
        organization_id,
        EventType.MEMBER_REMOVED,
        write,
        propose=partial(_propose, unit, organization_id, Change(removed=frozenset({member_id}))),
        judged=managed_by_directory(member.email) if is_managed(unit, member) else Allowed(),
        subject=member_id,
    )


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


def _propose(unit: UnitOfWork, organization_id: str, change: Change, *, returning: bool = False) -> Proposal:
    """What follows. A recovery session that is the way back may end the hold with it: nobody is left to take over."""
    in_force = policy.current(unit.session, unit.lock(organization_id))
    lifts = returning and unit.actor.kind is ActorKind.RECOVERY
    return authority.propose(
        unit, organization_id, policy=in_force, change=change, by_person=True, may_lift_own_hold=lifts
    )

"""The mirror's effects: directory users become members, are linked, follow changes of name and address, and roles
follow groups.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.rules.domains import host_of
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.members import MemberState
from app.rules.roles import RoleSource
from app.services import authority, policy
from app.services.authority import Change
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import listings, sign_ins
from app.store.directories import Directory, DirectoryUser
from app.store.members import Member
from app.store.organizations import Organization

#: Why a directory user is not a member, or does not follow in full.
NO_ADDRESS = "no_address"
UNVERIFIED_HOST = "unverified_host"
ADDRESS_IN_USE = "address_in_use"
INACTIVE = "inactive"
WAITS_FOR_HOLD = "waits_for_hold"


def follow_push(unit: UnitOfWork, organization: Organization, directory: Directory, user_ids: Collection[str]) -> None:
    """Make members and roles follow the mirror for these directory users (changed, deleted, or whose groups changed).

    Called at the end of the push's own transaction, with the organization locked. Does nothing unless the directory
    is active.
    Never refuses: what would leave no usable administrator is held (product.md 6).
    """
    if directory.state != "active" or not user_ids:
        return
    in_force = policy.current(unit.session, organization)
    touched = link_members(unit, directory, user_ids, in_force, default_role=organization.default_role)
    proposal = authority.propose(
        unit, organization.id, policy=in_force, change=Change(touched=touched), by_person=False
    )
    authority.carry_out(unit, organization.id, proposal)
    if proposal.settlement.released:
        waiting = listings.users_waiting(unit.session, directory.id, reason=WAITS_FOR_HOLD)
        link_members(unit, directory, waiting, in_force, default_role=organization.default_role)


def link_members(
    unit: UnitOfWork, directory: Directory, user_ids: Collection[str], in_force: Policy, *, default_role: str
) -> frozenset[str]:
    """Tie each of these users to a member, existing or new, where product.md 5.2 says so; the ids of all members
    concerned.
    """
    unit.session.flush()
    users = list(listings.users(unit.session, directory.id, user_ids))
    known = _Known.load(unit, directory, users)
    for user in users:
        if user.deleted_at is None:
            _follow_user(unit, directory, user, known, in_force, default_role=default_role)
    unit.session.flush()
    return frozenset(user.member_id for user in users if user.member_id is not None)


@dataclass
class _Known:
    """What was read for all users of one push at once: members by address, by earlier link, and who is linked by
    whom.
    """

    by_email: dict[str, Member]
    by_id: dict[str, Member]
    earlier: dict[str, str]
    listed: dict[str, bool]

    @classmethod
    def load(cls, unit: UnitOfWork, directory: Directory, users: Sequence[DirectoryUser]) -> _Known:
        session = unit.session
        by_email = listings.members_with_email(session, {user.email for user in users if user.email})
        unlinked = {user.external_id for user in users if user.external_id and not user.member_id}
        earlier = listings.earlier_members(session, directory.id, unlinked)
        ids = {user.member_id for user in users if user.member_id} | set(earlier.values())
        by_id = {member.id: member for member in listings.members_by_id(session, directory.organization_id, ids)}
        candidates = by_id.keys() | {member.id for member in by_email.values()}
        return cls(by_email, by_id, earlier, listings.linked(session, directory.id, candidates))


def _follow_user(
    unit: UnitOfWork, directory: Directory, user: DirectoryUser, known: _Known, in_force: Policy, *, default_role: str
) -> None:
    if user.member_id is not None and known.by_id[user.member_id].removed_at is not None:
        user.member_id = None  # removed by hand while the directory was off: now the directory decides again
    if user.member_id is not None:
        user.reason = _follow_profile(unit, user, known.by_id[user.member_id], known, in_force)
        return
    user.reason = _obstacle(directory, user, known, in_force)
    if user.reason is not None:
        return
    member = _existing(directory, user, known)
    if member is None and not user.active:
        user.reason = INACTIVE
        return
    if member is None:
        member = _create(unit, directory, user, default_role=default_role)
    else:
        _take_over(unit, directory, member, user, known)
    user.member_id = member.id
    known.by_email[member.email] = known.by_id[member.id] = member
    known.listed[member.id] = True


def _obstacle(directory: Directory, user: DirectoryUser, known: _Known, in_force: Policy) -> str | None:
    """Why this user cannot be a member, or None."""
    if user.email is None:
        return NO_ADDRESS
    if host_of(user.email) not in in_force.access.verified_hosts:
        return UNVERIFIED_HOST
    holder = known.by_email.get(user.email)
    if holder is None or holder.removed_at is not None:
        return None
    elsewhere = holder.organization_id != directory.organization_id
    return ADDRESS_IN_USE if elsewhere or known.listed.get(holder.id, False) else None


def _existing(directory: Directory, user: DirectoryUser, known: _Known) -> Member | None:
    """The member this user is: by address, else who a deleted user with the same externalId had been."""
    by_address = known.by_email.get(user.email or "")
    if by_address is not None and by_address.organization_id == directory.organization_id:
        if by_address.removed_at is None or user.active:
            return by_address
        return None
    earlier_id = known.earlier.get(user.external_id or "")
    earlier = known.by_id.get(earlier_id or "")
    if earlier is None or known.listed.get(earlier.id, False):
        return None
    return earlier


def _take_over(unit: UnitOfWork, directory: Directory, member: Member, user: DirectoryUser, known: _Known) -> None:
    """From now on the directory manages this member.

    Whoever comes back after a deletion or removal has lost earlier grants, and so has a member whose role was only
    kept from
    a directory that was turned off: now a directory decides again.
    """
    if member.removed_at is not None or member.id in known.listed or member.granted_origin == "directory":
        member.granted_role = member.granted_origin = None
    if member.removed_at is not None:
        member.removed_at = None
        member.state = MemberState.DEACTIVATED  # so that becoming active is told as the event it is
    member.name = user.name or member.name
    if user.email is not None and member.email != user.email:
        member.email = user.email
        sign_ins.end_sessions(unit.session, [member.id], now=unit.now, reason="address_changed")
    unit.event(directory.organization_id, EventType.MEMBER_LINKED, subject=member.id, directory=directory.id)
    unit.audit(directory.organization_id, EventType.MEMBER_LINKED, subject=member.id, after={"directory": directory.id})


def _create(unit: UnitOfWork, directory: Directory, user: DirectoryUser, *, default_role: str) -> Member:
    member = Member(
        id=unit.id(Prefix.MEMBER),
        organization_id=directory.organization_id,
        email=str(user.email),
        name=user.name,
        state=MemberState.ACTIVE,
        suspended=False,
        role=default_role,
        role_source=RoleSource.DEFAULT,
        held=False,
        sign_in_groups_state="unknown",
        sign_in_groups=[],
        created_at=unit.now,
    )
    unit.session.add(member)
    unit.session.flush()
    unit.event(directory.organization_id, EventType.MEMBER_CREATED, subject=member.id, directory=directory.id)
    unit.audit(directory.organization_id, EventType.MEMBER_CREATED, subject=member.id, after={"email": member.email})
    return member


def _follow_profile(
    unit: UnitOfWork, user: DirectoryUser, member: Member, known: _Known, in_force: Policy
) -> str | None:
    """Name and address of a managed member follow the directory; the reason where the address cannot."""
    if user.name and user.name != member.name:
        member.name = user.name
        unit.event(member.organization_id, EventType.MEMBER_UPDATED, subject=member.id, name=member.name)
    if user.email is None or user.email == member.email:
        return None
    if member.held:
        return WAITS_FOR_HOLD
    if host_of(user.email) not in in_force.access.verified_hosts:
        return UNVERIFIED_HOST
    holder = known.by_email.get(user.email)
    if holder is not None and holder.removed_at is None:
        return ADDRESS_IN_USE
    before, member.email = member.email, user.email
    known.by_email.pop(before, None)
    known.by_email[user.email] = member
    changed = {"before": before, "after": user.email}
    unit.event(member.organization_id, EventType.MEMBER_UPDATED, subject=member.id, email=changed)
    unit.audit(member.organization_id, EventType.MEMBER_UPDATED, subject=member.id, after=changed)
    sign_ins.end_sessions(unit.session, [member.id], now=unit.now, reason="address_changed")
    return None

"""Why members stand as they do: who is a usable administrator and how, who is managed, and what somebody is missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.rules.domains import host_of
from app.rules.factors import SecondStep
from app.rules.identity import GroupsState
from app.rules.lockout import Access, Standing, WayIn, step_after, usable, way_in
from app.rules.members import MemberState
from app.rules.roles import GroupSource
from app.services import authority, members, organizations, policy
from app.services.members import Explained
from app.services.unit_of_work import UnitOfWork
from app.store import directories, listings, memberships, roles
from app.store.members import Member


@dataclass(frozen=True, slots=True)
class Seen:
    """A group that a member was seen in: its SCIM id and name, or the value a sign-in sent."""

    ref: str
    label: str


@dataclass(frozen=True, slots=True)
class GroupsSeen:
    """Which groups count for a member: from where and as of when, whether anything is known of them, and which they
    are.
    """

    source: GroupSource
    state: GroupsState
    groups: tuple[Seen, ...]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Applying:
    """A mapping that gives a member a role; of several, one decides."""

    group: str
    role: str
    decides: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that keeps a member from being a usable administrator."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a member has this role and this way in, and what keeps them from being a usable administrator.

    `applying` are the mappings of the groups they were seen in, the one that decides first.
    """

    member: Member
    reason: Explained
    seen: GroupsSeen
    applying: tuple[Applying, ...]
    way_in: WayIn | None
    then: SecondStep | None
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """The lockout proof: every usable administrator with their way in, and everyone on hold."""

    usable: tuple[tuple[Standing, WayIn | None], ...]
    held: tuple[Standing, ...]


def lockout_proof(unit: UnitOfWork, organization_id: str) -> Proof:
    """Who could repair things now. Raises NotFoundError."""
    in_force = policy.current(unit.session, organizations.read(unit, organization_id))
    world = authority.world(unit, organization_id, policy=in_force)
    found = tuple((person, way_in(person, world.access)) for person in usable(world))
    return Proof(found, tuple(person for person in world.people if person.held))


def usable_administrators(unit: UnitOfWork, organization_id: str) -> frozenset[str]:
    """Ids of the usable administrators. Raises NotFoundError."""
    return frozenset(person.member_id for person, _ in lockout_proof(unit, organization_id).usable)


def managed(unit: UnitOfWork, organization_id: str, member_ids: Collection[str]) -> frozenset[str]:
    """Which of these members the active directory manages."""
    directory = directories.active(unit.session, organization_id)
    if directory is None:
        return frozenset()
    found = listings.linked(unit.connection, directory.id, member_ids)
    return frozenset(member_id for member_id, is_living in found.items() if is_living)


def explain(unit: UnitOfWork, member: Member) -> Explanation:
    """Everything there is to say about why this member stands as they do."""
    seen = _groups_seen(unit, member)
    in_force = policy.current(unit.session, organizations.read(unit, member.organization_id))
    world = authority.world(unit, member.organization_id, policy=in_force, member_ids=frozenset({member.id}))
    person = next(person for person in world.people if person.member_id == member.id)
    return Explanation(
        member=member,
        reason=members.explain(unit, member),
        seen=seen,
        applying=_applying(unit, member, seen, in_force.roles.priorities),
        way_in=way_in(person, world.access),
        then=step_after(person, world.access),
        missing=missing_of(person, world.access),
    )


def _applying(
    unit: UnitOfWork, member: Member, seen: GroupsSeen, priorities: Mapping[str, int]
) -> tuple[Applying, ...]:
    """Ordered as they count: the higher role first, of equal ones the later mapping."""
    refs = {group.ref for group in seen.groups}
    found = [
        mapping
        for mapping in roles.mappings(unit.session, member.organization_id)
        if mapping.source == seen.source and mapping.group_ref in refs
    ]
    found.sort(key=lambda mapping: (priorities.get(mapping.role, -1), mapping.id), reverse=True)
    return tuple(Applying(mapping.label, mapping.role, mapping.id == member.role_mapping_id) for mapping in found)


def _groups_seen(unit: UnitOfWork, member: Member) -> GroupsSeen:
    """The groups that count for this member."""
    directory = directories.active(unit.session, member.organization_id)
    if directory is None:
        seen = tuple(Seen(value, value) for value in member.sign_in_groups)
        state = GroupsState(member.sign_in_groups_state)
        return GroupsSeen(GroupSource.SIGN_IN, state, seen, member.last_signed_in_at)
    user = listings.user_of_member(unit.session, directory.id, member.id)
    if user is None:
        return GroupsSeen(GroupSource.DIRECTORY, GroupsState.UNKNOWN, (), directory.last_request_at)
    references = memberships.groups_of(unit.connection, [user.id]).get(user.id, ())
    state = GroupsState.PRESENT if references else GroupsState.EMPTY
    ordered = sorted(references, key=lambda group: (group.name.lower(), group.id))
    groups = tuple(Seen(group.id, group.name) for group in ordered)
    return GroupsSeen(GroupSource.DIRECTORY, state, groups, directory.last_request_at)


def missing_of(person: Standing, access: Access) -> tuple[Missing, ...]:
    """What keeps this person from being a usable administrator."""
    found: Mapping[Missing, bool] = {
        Missing("not_admin", "Their role is not admin."): not person.holds_admin,
        Missing("held", "Their admin role is on hold: a push took it away."): person.held,
        Missing("not_active", "They are not active."): person.state is not MemberState.ACTIVE,
        Missing("suspended", "They are suspended."): person.suspended,
        _missing_way_in(person, access): person.is_present and way_in(person, access) is None,
    }
    return tuple(missing for missing, applies in found.items() if applies)


def _missing_way_in(person: Standing, access: Access) -> Missing:
    if access.sso_revision is None:
        return Missing("never_signed_in", "They have never signed in.")
    if host_of(person.email) in access.verified_hosts:
        return Missing(
            "not_proven", "They have not signed in through the identity provider with the settings in force."
        )
    return Missing("guests_refused", "They are a guest, and guests may not sign in while single sign-on is required.")

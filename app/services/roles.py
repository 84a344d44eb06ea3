"""Roles of an organization: added, renamed, ordered, deleted; the roles of exactly the people touched are worked out
anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from app.rules.decisions import Allowed, Decision, Refused
from app.rules.errors import ConflictError, NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.organizations import read_text
from app.rules.role_order import deal, free_priority, judge_order, judge_step, overtaking, read_order, step
from app.rules.roles import (
    ADMIN,
    ADMIN_PRIORITY,
    MEMBER,
    MEMBER_PRIORITY,
    GroupSource,
    judge_deletion,
    judge_priority,
    judge_rename,
    read_priority,
    read_slug,
)
from app.services import authority, policy
from app.services.authority import Change, Proposal
from app.services.plans import Planned, Proof
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import listings, members, organizations, roles
from app.store.organizations import Organization
from app.store.roles import Role


def all_of(unit: UnitOfWork, organization_id: str) -> Sequence[Role]:
    """The organization's roles, highest priority first. Raises NotFoundError."""
    if organizations.find(unit.session, organization_id) is None:
        raise NotFoundError("There is no such organization.")
    return roles.roles(unit.session, organization_id)


def read(unit: UnitOfWork, organization_id: str, role_id: str) -> Role:
    """One role. Raises NotFoundError."""
    role = roles.by_id(unit.session, organization_id, role_id)
    if role is None:
        raise NotFoundError("There is no such role.")
    return role


def name_of(unit: UnitOfWork, organization_id: str, slug: str) -> str:
    """What people call the role with this slug; the slug itself where there is none any more."""
    role = roles.role(unit.session, organization_id, slug)
    return role.name if role is not None else slug


def add_built_in(unit: UnitOfWork, organization_id: str) -> None:
    """The roles that every organization begins with."""
    for slug, name, priority in ((ADMIN, "Admin", ADMIN_PRIORITY), (MEMBER, "Member", MEMBER_PRIORITY)):
        unit.session.add(_role(unit, organization_id, slug, name, priority, built_in=True))


def to_add(
    unit: UnitOfWork, organization_id: str, *, slug: str, name: str, priority: int | None = None
) -> Planned[Role]:
    """A role of the organization's own, without a priority directly below admin. Nobody has it yet, so that nobody is
    touched. Raises ConflictError for a slug or priority in use.
    """
    organization = unit.lock(organization_id)
    name, slug = read_text(name, field="name"), read_slug(slug)
    taken = policy.current(unit.session, organization).roles.priorities
    if slug in taken:
        raise ConflictError("There is a role with this slug already.", field="slug")
    if priority is None:
        priority = free_priority(taken)
    _refuse_taken(taken, slug, read_priority(priority))
    role = _role(unit, organization_id, slug, name, priority, built_in=False)

    def write(_proof: Proof) -> Role:
        unit.session.add(role)
        unit.audit(organization_id, EventType.ROLE_CREATED, subject=role.id, after=_told(role))
        unit.event(organization_id, EventType.ROLE_CREATED, subject=role.id, **_told(role))
        return role

    return Planned(unit, organization_id, EventType.ROLE_CREATED, write, subject=role.id, about=slug)


def to_edit(
    unit: UnitOfWork, organization_id: str, role_id: str, *, name: str | None = None, priority: int | None = None
) -> Planned[Role]:
    """Rename a role, or give it another priority; None leaves it as it is. Raises ConflictError for a priority in use.

    The slug stays: mappings, grants and the applications behind us know the role by it.
    """
    organization = unit.lock(organization_id)
    role = read(unit, organization_id, role_id)
    name = role.name if name is None else read_text(name, field="name")
    priority = role.priority if priority is None else read_priority(priority)
    in_force = policy.current(unit.session, organization)
    judged = _judge_edit(role, name=name, priority=priority)
    if isinstance(judged, Allowed):
        _refuse_taken(in_force.roles.priorities, role.slug, priority)
    before, after = _told(role), {**_told(role), "name": name, "priority": priority}

    def write(proof: Proof) -> Role:
        if before != after:
            role.name, role.priority = name, priority
            unit.audit(
                organization_id, EventType.ROLE_UPDATED, subject=role_id, before=before, after=after, proof=proof
            )
            unit.event(organization_id, EventType.ROLE_UPDATED, subject=role_id, before=before, after=after)
        return role

    priorities = {**in_force.roles.priorities, role.slug: priority}
    return Planned(
        unit,
        organization_id,
        EventType.ROLE_UPDATED,
        write,
        propose=partial(_propose_order, unit, organization_id, in_force, priorities),
        judged=judged,
        subject=role_id,
        about=f"{role_id} {priority}",
    )


def to_reorder(unit: UnitOfWork, organization_id: str, slugs: Sequence[str]) -> Planned[Sequence[Role]]:
    """Put all roles into this order, highest first; the roles in it. Raises InvalidInputError unless each is named
    once.
    """
    in_force = policy.current(unit.session, unit.lock(organization_id))
    order = read_order(slugs, known=in_force.roles.priorities)
    return _to_put_in_order(unit, organization_id, in_force, order, judged=judge_order(order))


def to_move(unit: UnitOfWork, organization_id: str, role_id: str, *, up: bool) -> Planned[Sequence[Role]]:
    """Let a role change places with the one above or below it."""
    in_force = policy.current(unit.session, unit.lock(organization_id))
    slug = read(unit, organization_id, role_id).slug
    order = [role.slug for role in roles.roles(unit.session, organization_id)]
    judged = judge_step(order, slug, up=up)
    moved = order if isinstance(judged, Refused) else step(order, slug, up=up)
    return _to_put_in_order(unit, organization_id, in_force, moved, judged=judged)


def to_delete(unit: UnitOfWork, organization_id: str, role_id: str) -> Planned[None]:
    """Delete a role: mappings to it and grants of it fall away, and whoever had it gets what they have without it."""
    organization = unit.lock(organization_id)
    role = read(unit, organization_id, role_id)
    in_force = policy.current(unit.session, organization)

    def write(proof: Proof) -> None:
        _forget(unit, organization_id, role.slug)
        unit.session.delete(role)
        unit.audit(organization_id, EventType.ROLE_DELETED, subject=role_id, before=_told(role), proof=proof)
        unit.event(organization_id, EventType.ROLE_DELETED, subject=role_id, **_told(role))

    return Planned(
        unit,
        organization_id,
        EventType.ROLE_DELETED,
        write,
        propose=partial(_propose_deletion, unit, organization, in_force, role.slug),
        judged=judge_deletion(role.slug, default_role=organization.default_role),
        subject=role_id,
    )


def _judge_edit(role: Role, *, name: str, priority: int) -> Decision:
    judged = judge_rename(role.slug) if name != role.name else Allowed()
    if isinstance(judged, Refused) or priority == role.priority:
        return judged
    return judge_priority(role.slug)


def _to_put_in_order(
    unit: UnitOfWork, organization_id: str, in_force: Policy, order: Sequence[str], *, judged: Decision
) -> Planned[Sequence[Role]]:
    found = roles.roles(unit.session, organization_id)
    dealt = in_force.roles.priorities if isinstance(judged, Refused) else deal(order, in_force.roles.priorities)
    before, after = [role.slug for role in found], list(order)

    def write(proof: Proof) -> Sequence[Role]:
        if before == after:
            return found
        for role in found:
            role.priority = dealt[role.slug]
        unit.audit(
            organization_id,
            EventType.ROLES_REORDERED,
            subject=organization_id,
            before={"order": before},
            after={"order": after},
            proof=proof,
        )
        unit.event(organization_id, EventType.ROLES_REORDERED, subject=organization_id, before=before, after=after)
        return sorted(found, key=lambda role: -role.priority)

    return Planned(
        unit,
        organization_id,
        EventType.ROLES_REORDERED,
        write,
        propose=partial(_propose_order, unit, organization_id, in_force, dealt),
        judged=judged,
        subject=organization_id,
        about=" ".join(after),
    )


def _propose_order(unit: UnitOfWork, organization_id: str, in_force: Policy, priorities: Mapping[str, int]) -> Proposal:
    """Other priorities concern only people in several mapped groups who have a role that another one overtakes."""
    after = in_force.with_priorities(priorities)
    change = Change(policy=after, touched=_overtaken(unit, organization_id, in_force, priorities))
    return authority.propose(unit, organization_id, policy=in_force, change=change, by_person=True)


def _overtaken(
    unit: UnitOfWork, organization_id: str, in_force: Policy, priorities: Mapping[str, int]
) -> frozenset[str]:
    counting = [rule for rule in in_force.roles.mappings if rule.group.source is in_force.roles.groups_from]
    moved = overtaking(in_force.roles.priorities, priorities, mapped=[rule.role for rule in counting])
    if not moved.losers:
        return frozenset()
    if in_force.roles.groups_from is GroupSource.SIGN_IN or in_force.directory_id is None:
        return frozenset(members.mapped_to(unit.session, organization_id, moved.losers))
    groups = {rule.group.ref for rule in counting if rule.role in moved.winners}
    return listings.mapped_members_in_groups(unit.session, in_force.directory_id, groups, roles=moved.losers)


def _propose_deletion(unit: UnitOfWork, organization: Organization, in_force: Policy, slug: str) -> Proposal:
    """Whoever has the role is touched; for everybody else another role counted already."""
    touched = frozenset(members.holding(unit.session, organization.id, slug))
    change = Change(policy=in_force.without_role(slug), touched=touched)
    return authority.propose(unit, organization.id, policy=in_force, change=change, by_person=True)


def _forget(unit: UnitOfWork, organization_id: str, slug: str) -> None:
    """Take away what would give the role to somebody again if another one got its slug."""
    for mapping in roles.mappings_to(unit.session, organization_id, slug):
        what = {"source": mapping.source, "group": mapping.group_ref, "role": slug}
        unit.audit(
            organization_id, "role_mapping.deleted", subject=mapping.id, before=what, reason="its role was deleted"
        )
        unit.event(organization_id, EventType.ROLE_MAPPING_DELETED, subject=mapping.id, **what)
        unit.session.delete(mapping)
    members.forget_grants(unit.session, organization_id, slug)


def _refuse_taken(priorities: Mapping[str, int], slug: str, priority: int) -> None:
    """Of two roles with one priority, nobody could say which counts. Raises ConflictError."""
    for other, number in priorities.items():
        if number == priority and other != slug:
            raise ConflictError(f"The role {other} has this priority already.", field="priority")


def _told(role: Role) -> dict[str, str | int]:
    return {"slug": role.slug, "name": role.name, "priority": role.priority}


def _role(unit: UnitOfWork, organization_id: str, slug: str, name: str, priority: int, *, built_in: bool) -> Role:
    return Role(
        id=unit.id(Prefix.ROLE),
        organization_id=organization_id,
        slug=slug,
        name=name,
        priority=priority,
        built_in=built_in,
    )

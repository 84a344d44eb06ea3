"""Mappings from groups to roles: added and removed by hand, worked out for exactly the members of the group."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from app.rules.errors import ConflictError, InvalidInputError, NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.organizations import read_text
from app.rules.recovery import may_map
from app.rules.roles import ADMIN, GroupRef, GroupSource, MappingRule
from app.services import authority, policy
from app.services.authority import Change, Proposal
from app.services.plans import Planned, Proof
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import directories, listings, members, roles
from app.store.organizations import Organization
from app.store.roles import RoleMapping


def all_of(unit: UnitOfWork, organization_id: str) -> Sequence[RoleMapping]:
    """The organization's mappings, oldest first."""
    return roles.mappings(unit.session, organization_id)


def read(unit: UnitOfWork, organization_id: str, mapping_id: str) -> RoleMapping:
    """One mapping. Raises NotFoundError."""
    mapping = roles.mapping(unit.session, organization_id, mapping_id)
    if mapping is None:
        raise NotFoundError("There is no such mapping.")
    return mapping


def to_add(
    unit: UnitOfWork, organization_id: str, *, source: GroupSource, group: str, role: str
) -> Planned[RoleMapping]:
    """Everyone in `group` gets `role` from now on. `group` is a SCIM group id or the value a sign-in sends."""
    organization = unit.lock(organization_id)
    if roles.role(unit.session, organization_id, role) is None:
        raise InvalidInputError("There is no such role.", field="role")
    if source is GroupSource.SIGN_IN:
        group = read_text(group, field="group", limit=500)
    label = _label(unit, organization_id, source, group)
    before = policy.current(unit.session, organization)
    if any(rule.group == GroupRef(source, group) and rule.role == role for rule in before.roles.mappings):
        raise ConflictError("This group is mapped to this role already.", field="group")
    rule = MappingRule(unit.id(Prefix.MAPPING), GroupRef(source, group), role)

    def write(proof: Proof) -> RoleMapping:
        mapping = RoleMapping(
            id=rule.id, organization_id=organization_id, source=source, group_ref=group, label=label, role=role
        )
        unit.session.add(mapping)
        told = {"name": label, **_told(rule)}  # the name of the group outlives the mapping in the log
        unit.audit(organization_id, EventType.ROLE_MAPPING_CREATED, subject=rule.id, after=told, proof=proof)
        unit.event(organization_id, EventType.ROLE_MAPPING_CREATED, subject=rule.id, **_told(rule))
        return mapping

    after = before.with_mappings((*before.roles.mappings, rule))
    return Planned(
        unit,
        organization_id,
        EventType.ROLE_MAPPING_CREATED,
        write,
        propose=partial(_propose, unit, organization, before, after, rule),
        judged=may_map(unit.actor, role),
        subject=rule.id,
        about=f"{source} {group} {role}",
        is_sensitive=role == ADMIN,  # also where nobody is in the group yet
        groups={rule.id: label},
    )


def to_remove(unit: UnitOfWork, organization_id: str, mapping_id: str) -> Planned[None]:
    """The group no longer decides. Raises NotFoundError."""
    organization = unit.lock(organization_id)
    mapping = read(unit, organization_id, mapping_id)
    before = policy.current(unit.session, organization)
    rule = policy.rule_of(mapping)

    def write(proof: Proof) -> None:
        unit.session.delete(mapping)
        told = {"name": mapping.label, **_told(rule)}
        unit.audit(organization_id, EventType.ROLE_MAPPING_DELETED, subject=rule.id, before=told, proof=proof)
        unit.event(organization_id, EventType.ROLE_MAPPING_DELETED, subject=rule.id, **_told(rule))

    after = before.with_mappings(tuple(kept for kept in before.roles.mappings if kept.id != rule.id))
    return Planned(
        unit,
        organization_id,
        EventType.ROLE_MAPPING_DELETED,
        write,
        propose=partial(_propose, unit, organization, before, after, rule),
        subject=rule.id,
    )


def _propose(
    unit: UnitOfWork, organization: Organization, before: Policy, after: Policy, rule: MappingRule
) -> Proposal:
    change = Change(policy=after, touched=_touched(unit, organization.id, before, rule.group))
    return authority.propose(unit, organization.id, policy=before, change=change, by_person=True)


def _told(rule: MappingRule) -> dict[str, str]:
    return {"source": rule.group.source, "group": rule.group.ref, "role": rule.role}


def _touched(unit: UnitOfWork, organization_id: str, in_force: Policy, group: GroupRef) -> frozenset[str]:
    """The members in the group, where groups of that source count at all."""
    if group.source is not in_force.roles.groups_from:
        return frozenset()
    if in_force.directory_id is not None:
        return listings.members_of_group(unit.session, in_force.directory_id, group.ref)
    return frozenset(members.with_sign_in_groups(unit.session, organization_id))


def _label(unit: UnitOfWork, organization_id: str, source: GroupSource, group: str) -> str:
    """The group's name; a directory group must be in one of the organization's directories."""
    if source is GroupSource.SIGN_IN:
        return group
    for directory in directories.all_of(unit.session, organization_id):
        found = listings.group(unit.session, directory.id, group)
        if found is not None:
            return found.display_name
    raise InvalidInputError("No directory of this organization has a group with this id.", field="group")

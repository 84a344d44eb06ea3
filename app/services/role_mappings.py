"""Mappings from groups to roles: added and removed by hand, worked out for exactly the members of the group."""

from __future__ import annotations

from collections.abc import Sequence

from app.rules.decisions import Refused
from app.rules.errors import ConflictError, InvalidInputError, NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.organizations import read_text
from app.rules.roles import GroupRef, GroupSource, MappingRule
from app.services import authority, policy
from app.services.authority import Change
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import directories, listings, members, roles
from app.store.organizations import Organization
from app.store.roles import RoleMapping


def all_of(unit: UnitOfWork, organization_id: str) -> Sequence[RoleMapping]:
    """The organization's mappings, oldest first."""
    return roles.mappings(unit.session, organization_id)


def add(unit: UnitOfWork, organization_id: str, *, source: GroupSource, group: str, role: str) -> RoleMapping | Refused:
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
    after = before.with_mappings((*before.roles.mappings, rule))
    refused = _change(unit, organization, before, after, rule, action=EventType.ROLE_MAPPING_CREATED)
    if refused is not None:
        return refused
    mapping = RoleMapping(
        id=rule.id, organization_id=organization_id, source=source, group_ref=group, label=label, role=role
    )
    unit.session.add(mapping)
    return mapping


def remove(unit: UnitOfWork, organization_id: str, mapping_id: str) -> Refused | None:
    """The group no longer decides. Raises NotFoundError."""
    organization = unit.lock(organization_id)
    mapping = roles.mapping(unit.session, organization_id, mapping_id)
    if mapping is None:
        raise NotFoundError("There is no such mapping.")
    before = policy.current(unit.session, organization)
    rule = policy.rule_of(mapping)
    after = before.with_mappings(tuple(kept for kept in before.roles.mappings if kept.id != rule.id))
    refused = _change(unit, organization, before, after, rule, action=EventType.ROLE_MAPPING_DELETED)
    if refused is None:
        unit.session.delete(mapping)
    return refused


def _change(
    unit: UnitOfWork, organization: Organization, before: Policy, after: Policy, rule: MappingRule, *, action: EventType
) -> Refused | None:
    change = Change(policy=after, touched=_touched(unit, organization.id, before, rule.group))
    proposal = authority.propose(unit, organization.id, policy=before, change=change, by_person=True)
    if proposal.refused is not None:
        return unit.refuse(organization.id, action, proposal.refused, subject=rule.id)
    authority.carry_out(unit, organization.id, proposal)
    what = {"source": rule.group.source, "group": rule.group.ref, "role": rule.role}
    is_new = rule in after.roles.mappings
    before_text, after_text = (None, what) if is_new else (what, None)
    unit.audit(organization.id, action, subject=rule.id, before=before_text, after=after_text, proof=proposal.proof)
    unit.event(organization.id, action, subject=rule.id, **what)
    return None


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

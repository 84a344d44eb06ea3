"""Mappings from groups to roles as the settings page shows them, with the groups and roles there are to choose from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from app.rules.decisions import Allowed, Decision
from app.rules.roles import ADMIN, GroupSource
from app.services import authority, policy, role_mappings
from app.services.authority import Change
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import directories, figures, listings, organizations, roles
from app.store.roles import RoleMapping

_MOST_GROUPS = 2000


@dataclass(frozen=True, slots=True)
class MappingFacts:
    """One mapping; `people` are the active ones in the group, `dangling` when a directory group is gone."""

    id: str
    group: str
    role: str
    may_remove: Decision
    people: int
    dangling: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A group that may be mapped: `ref` is stored, `name` is read."""

    ref: str
    name: str


@dataclass(frozen=True, slots=True)
class Role:
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class MappingTable:
    """The mappings of one source, and the directory's groups where the source is the directory."""

    source: GroupSource
    rows: tuple[MappingFacts, ...]
    groups: tuple[Group, ...] = ()


def roles_of(unit: UnitOfWork, organization_id: str) -> tuple[Role, ...]:
    """The organization's roles, highest priority first."""
    return tuple(Role(role.slug, role.name) for role in roles.roles(unit.session, organization_id))


def from_directory(unit: UnitOfWork, organization_id: str) -> MappingTable | None:
    """The mappings of directory groups; None while there is no directory, nor anything left of one."""
    found = directories.all_of(unit.session, organization_id)
    mappings = _of_source(unit, organization_id, GroupSource.DIRECTORY)
    if not found and not mappings:
        return None
    people = figures.people_in_groups(unit.session, [mapping.group_ref for mapping in mappings])
    groups = [group for row in found for group in listings.groups(unit.session, row.id, limit=_MOST_GROUPS)]
    choices = sorted((Group(group.id, group.display_name) for group in groups), key=lambda group: group.name.lower())
    rows = _rows(unit, organization_id, mappings, people, dangling=True)
    return MappingTable(GroupSource.DIRECTORY, rows, tuple(choices))


def from_sign_in(unit: UnitOfWork, organization_id: str) -> MappingTable | None:
    """The mappings of groups that a sign-in sends; None while a directory is active, because they do not count then."""
    if directories.active(unit.session, organization_id) is not None:
        return None
    mappings = _of_source(unit, organization_id, GroupSource.SIGN_IN)
    sent = figures.sign_in_groups(unit.session, organization_id) if mappings else ()
    people = Counter(group for groups in sent for group in groups)
    return MappingTable(GroupSource.SIGN_IN, _rows(unit, organization_id, mappings, people, dangling=False))


def _of_source(unit: UnitOfWork, organization_id: str, source: GroupSource) -> list[RoleMapping]:
    return [mapping for mapping in role_mappings.all_of(unit, organization_id) if mapping.source == source]


def _rows(
    unit: UnitOfWork, organization_id: str, mappings: list[RoleMapping], people: dict[str, int], *, dangling: bool
) -> tuple[MappingFacts, ...]:
    names = {role.slug: role.name for role in roles_of(unit, organization_id)}
    organization = organizations.find(unit.session, organization_id)
    assert organization is not None
    in_force = policy.current(unit.session, organization)
    return tuple(
        MappingFacts(
            id=mapping.id,
            group=mapping.label,
            role=names.get(mapping.role, mapping.role),
            may_remove=_may_remove(unit, organization_id, in_force, mapping),
            people=people.get(mapping.group_ref, 0),
            dangling=dangling and mapping.group_ref not in people,
        )
        for mapping in mappings
    )


def _may_remove(unit: UnitOfWork, organization_id: str, in_force: Policy, mapping: RoleMapping) -> Decision:
    """The guard's word; only a mapping to admin can take an administrator away."""
    if mapping.role != ADMIN:
        return Allowed()
    kept = tuple(rule for rule in in_force.roles.mappings if rule.id != mapping.id)
    change = Change(policy=in_force.with_mappings(kept))
    return authority.would(unit, organization_id, policy=in_force, change=change)

"""Roles as the settings page lists them: their order, what hangs on each, and what may be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.rules.decisions import Decision, Refused
from app.rules.role_order import judge_step
from app.rules.roles import judge_default_role, judge_deletion, judge_rename
from app.services import authority, organizations, policy, roles
from app.services.authority import Change
from app.services.unit_of_work import UnitOfWork
from app.store import figures
from app.store.figures import RoleFigures
from app.store.organizations import Organization
from app.store.roles import Role


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """One role: how many people have it, how many were granted it by hand, how many mappings give it."""

    id: str
    slug: str
    name: str
    priority: int
    built_in: bool
    is_default: bool
    people: int
    grants: int
    mappings: int
    rename: Decision
    move_up: Decision
    move_down: Decision
    make_default: Decision
    delete: Decision


def read(unit: UnitOfWork, organization_id: str) -> tuple[RoleFacts, ...]:
    """The organization's roles, highest first. Raises NotFoundError."""
    organization = organizations.read(unit, organization_id)
    found = roles.all_of(unit, organization_id)
    counted = figures.roles(unit.session, organization_id)
    anybody_held = any(person.held for person in authority.standings(unit, organization_id).stored.people)
    return tuple(
        _facts(role, found, organization, counted, delete=_may_delete(unit, organization, role, ask=anybody_held))
        for role in found
    )


def _facts(
    role: Role, all_roles: Sequence[Role], organization: Organization, counted: RoleFigures, *, delete: Decision
) -> RoleFacts:
    order = [other.slug for other in all_roles]
    return RoleFacts(
        id=role.id,
        slug=role.slug,
        name=role.name,
        priority=role.priority,
        built_in=role.built_in,
        is_default=role.slug == organization.default_role,
        people=counted.people.get(role.slug, 0),
        grants=counted.grants.get(role.slug, 0),
        mappings=counted.mappings.get(role.slug, 0),
        rename=judge_rename(role.slug),
        move_up=judge_step(order, role.slug, up=True),
        move_down=judge_step(order, role.slug, up=False),
        make_default=judge_default_role(role.slug),
        delete=delete,
    )


def _may_delete(unit: UnitOfWork, organization: Organization, role: Role, *, ask: bool) -> Decision:
    """The rule's word, and the guard's (`ask`) while somebody is on hold.

    Nobody else is in danger: admin is above every role that can be deleted. But a member on hold could delete the role
    that keeps their own grant of admin from counting.
    """
    judged = judge_deletion(role.slug, default_role=organization.default_role)
    if isinstance(judged, Refused) or not ask:
        return judged
    in_force = policy.current(unit.session, organization)
    change = Change(policy=in_force.without_role(role.slug))
    return authority.would(unit, organization.id, policy=in_force, change=change)

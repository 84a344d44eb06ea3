"""Reads the settings that roles and ways in follow from, as one value for the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app.rules.factors import MfaPolicy
from app.rules.lockout import Access, Guests
from app.rules.roles import GroupRef, GroupSource, MappingRule, RolePolicy
from app.store import policies
from app.store.organizations import Organization
from app.store.policies import PolicyRows
from app.store.roles import RoleMapping


@dataclass(frozen=True, slots=True)
class Policy:
    """An organization's settings as the rules see them; `directory_id` is the active directory, if any."""

    roles: RolePolicy
    access: Access
    directory_id: str | None

    def with_access(self, **changes: object) -> Policy:
        """The same settings with other ways in."""
        return replace(self, access=replace(self.access, **changes))  # type: ignore[arg-type]  # names are Access's own

    def with_directory(self, directory_id: str | None) -> Policy:
        """The same settings with another active directory; whose groups count follows from it."""
        source = GroupSource.SIGN_IN if directory_id is None else GroupSource.DIRECTORY
        return replace(self, directory_id=directory_id, roles=replace(self.roles, groups_from=source))

    def with_mappings(self, mappings: tuple[MappingRule, ...]) -> Policy:
        """The same settings with other mappings."""
        return replace(self, roles=replace(self.roles, mappings=mappings))

    def with_default_role(self, slug: str) -> Policy:
        """The same settings with another default role."""
        return replace(self, roles=replace(self.roles, default_role=slug))

    def with_priorities(self, priorities: Mapping[str, int]) -> Policy:
        """The same settings with other priorities."""
        return replace(self, roles=replace(self.roles, priorities=priorities))

    def without_role(self, slug: str) -> Policy:
        """The same settings without a role and the mappings to it; grants of it count for nothing then."""
        kept = {known: number for known, number in self.roles.priorities.items() if known != slug}
        mappings = tuple(rule for rule in self.roles.mappings if rule.role != slug)
        return replace(self, roles=replace(self.roles, priorities=kept, mappings=mappings))


@dataclass(frozen=True, slots=True)
class Defaults:
    """The settings that stand in the organization itself."""

    default_role: str
    guests: str
    mfa: str


def current(session: Session, organization: Organization) -> Policy:
    """The settings in force."""
    session.flush()
    defaults = Defaults(organization.default_role, organization.guests, organization.mfa)
    return read_later(session.connection(), organization.id, defaults)()


def read_later(connection: Connection, organization_id: str, defaults: Defaults) -> Callable[[], Policy]:
    """The same for those who have read the organization by a plain statement, and have more to ask for."""
    found = policies.read_later(connection, organization_id)
    return lambda: _policy(found(), defaults)


def _policy(rows: PolicyRows, defaults: Defaults) -> Policy:
    return Policy(
        roles=RolePolicy(
            priorities=rows.priorities,
            mappings=tuple(
                MappingRule(id_, GroupRef(GroupSource(source), group), role)
                for id_, source, group, role in rows.mappings
            ),
            default_role=defaults.default_role,
            groups_from=GroupSource.DIRECTORY if rows.directory_id else GroupSource.SIGN_IN,
        ),
        access=Access(
            verified_hosts=frozenset(rows.verified_hosts),
            sso_revision=rows.sso_revision,
            guests=Guests(defaults.guests),
            mfa=MfaPolicy(defaults.mfa),
        ),
        directory_id=rows.directory_id,
    )


def rule_of(mapping: RoleMapping) -> MappingRule:
    """A stored mapping as the rules see it."""
    return MappingRule(mapping.id, GroupRef(GroupSource(mapping.source), mapping.group_ref), mapping.role)

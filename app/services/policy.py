"""Reads the settings that roles and ways in follow from, as one value for the rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.rules.lockout import Access, Guests
from app.rules.roles import GroupRef, GroupSource, MappingRule, RolePolicy
from app.store import connections, directories, organizations, roles
from app.store.organizations import Organization
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


def current(session: Session, organization: Organization) -> Policy:
    """The settings in force."""
    directory = directories.active(session, organization.id)
    connection = connections.active(session, organization.id)
    return Policy(
        roles=RolePolicy(
            priorities={role.slug: role.priority for role in roles.roles(session, organization.id)},
            mappings=tuple(rule_of(mapping) for mapping in roles.mappings(session, organization.id)),
            default_role=organization.default_role,
            groups_from=GroupSource.DIRECTORY if directory else GroupSource.SIGN_IN,
        ),
        access=Access(
            verified_hosts=organizations.verified_hosts(session, organization.id),
            sso_revision=connection.revision_in_force if connection else None,
            guests=Guests(organization.guests),
        ),
        directory_id=directory.id if directory else None,
    )


def rule_of(mapping: RoleMapping) -> MappingRule:
    """A stored mapping as the rules see it."""
    return MappingRule(mapping.id, GroupRef(GroupSource(mapping.source), mapping.group_ref), mapping.role)

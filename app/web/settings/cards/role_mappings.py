"""The tables that map groups to roles."""

from __future__ import annotations

from app.services.overview.role_mappings import MappingFacts, MappingTable, Role
from app.web.presentation.directories import RoleMapping, RoleMappings
from app.web.presentation.elements import ALLOWED, EMPTY_FORM, Choice, Form
from app.web.settings.controls import control


def role_mappings(table: MappingTable, roles: tuple[Role, ...], form: Form = EMPTY_FORM) -> RoleMappings:
    """One table with its form."""
    return RoleMappings(
        source=table.source,
        rows=tuple(_row(row) for row in table.rows),
        groups=tuple(Choice(group.ref, group.name) for group in table.groups),
        roles=role_choices(roles),
        add=ALLOWED,
        form=form,
    )


def role_choices(roles: tuple[Role, ...]) -> tuple[Choice, ...]:
    """The roles to choose from."""
    return tuple(Choice(role.slug, role.name) for role in roles)


def _row(row: MappingFacts) -> RoleMapping:
    return RoleMapping(row.id, row.group, row.role, control(row.may_remove), row.people, row.dangling)

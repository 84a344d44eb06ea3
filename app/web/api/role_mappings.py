"""Mappings from groups to roles as JSON."""

from __future__ import annotations

from http import HTTPStatus

from pydantic import Field

from app.rules.roles import GroupSource
from app.services import organizations, role_mappings
from app.services.plans import Planned
from app.services.rows import RoleMapping
from app.web import request as current
from app.web.api.operations import CONFLICT, GUARDED, operation
from app.web.api.organizations import Slug
from app.web.api.paging import Page, PageQuery, page_of_all
from app.web.api.shapes import Answer, ChangeBody, ChangeQuery, Text

_PATH = "/organizations/{org}/role-mappings"


class NewRoleMapping(ChangeBody):
    source: GroupSource
    group: Text = Field(description="The SCIM id of a group, or the value that sign-ins send.")
    role: Slug


class RoleMappingAnswer(Answer):
    id: str
    source: GroupSource
    group: str
    label: str = Field(description="The group's name when it was mapped.")
    role: str


@operation("POST", _PATH, body=NewRoleMapping, answer=RoleMappingAnswer, status=HTTPStatus.CREATED,
           codes=(CONFLICT, *GUARDED), plans=True)  # fmt: skip
def create_role_mapping(org: str, body: NewRoleMapping) -> Planned[RoleMappingAnswer]:
    """Give everyone in a group a role, from now on."""
    planned = role_mappings.to_add(current.unit(), org, source=body.source, group=body.group, role=body.role)
    return planned.then(show_role_mapping)


@operation("GET", _PATH, query=PageQuery, answer=Page[RoleMappingAnswer])
def list_role_mappings(org: str, query: PageQuery) -> Page[RoleMappingAnswer]:
    """List the organization's mappings, oldest first."""
    unit = current.unit()
    organizations.read(unit, org)
    return page_of_all(query, role_mappings.all_of(unit, org), show_role_mapping)


@operation("DELETE", _PATH + "/{map}", query=ChangeQuery, codes=GUARDED, plans=True)
def delete_role_mapping(org: str, map: str) -> Planned[None]:  # noqa: A002 (the placeholder of the path)
    """Remove a mapping: the roles of everyone in the group are worked out anew."""
    return role_mappings.to_remove(current.unit(), org, map)


def show_role_mapping(mapping: RoleMapping) -> RoleMappingAnswer:
    """A mapping as JSON."""
    return RoleMappingAnswer.of(mapping, group=mapping.group_ref)


OPERATIONS = (create_role_mapping, list_role_mappings, delete_role_mapping)

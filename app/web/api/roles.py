"""Roles as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from pydantic import Field, StringConstraints

from app.rules.decisions import Code
from app.rules.roles import ADMIN_PRIORITY, MEMBER_PRIORITY
from app.services import roles
from app.services.plans import Planned
from app.services.rows import Role
from app.web import request as current
from app.web.api.operations import CONFLICT, GUARDED, operation
from app.web.api.organizations import Slug
from app.web.api.paging import Page, PageQuery, page_of_all
from app.web.api.shapes import Answer, ChangeBody, ChangeQuery, Maybe, Name, PatchBody

_PATH = "/organizations/{org}/roles"
_CODES = (Code.ROLE_BUILT_IN, *GUARDED)

Priority = Annotated[int, Field(ge=MEMBER_PRIORITY, lt=ADMIN_PRIORITY)]


class NewRole(ChangeBody):
    slug: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9-]{0,62}$")]
    name: Name
    priority: Priority = Field(description="Of two roles that apply, the one with the higher priority counts.")


class RolePatch(PatchBody):
    name: Maybe[Name] = None
    priority: Maybe[Priority] = Field(None, description="One that no other role has; admin keeps the highest.")


class RoleOrder(ChangeBody):
    slugs: list[Slug] = Field(description="Every role of the organization, the highest first: admin.")


class RoleAnswer(Answer):
    id: str
    slug: str
    name: str
    priority: int
    built_in: bool


@operation("POST", _PATH, body=NewRole, answer=RoleAnswer, status=HTTPStatus.CREATED, codes=(CONFLICT,), plans=True)
def create_role(org: str, body: NewRole) -> Planned[RoleAnswer]:
    """Add a role of the organization's own."""
    planned = roles.to_add(current.unit(), org, slug=body.slug, name=body.name, priority=body.priority)
    return planned.then(RoleAnswer.of)


@operation("GET", _PATH, query=PageQuery, answer=Page[RoleAnswer])
def list_roles(org: str, query: PageQuery) -> Page[RoleAnswer]:
    """List the organization's roles, the built-in ones among them, in the order they were made."""
    return page_of_all(query, roles.all_of(current.unit(), org), RoleAnswer.of)


@operation("POST", _PATH + "/reorder", body=RoleOrder, answer=Page[RoleAnswer], codes=_CODES, plans=True)
def reorder_roles(org: str, body: RoleOrder) -> Planned[Page[RoleAnswer]]:
    """Put all roles into an order: their priorities are dealt anew. Answers every role, the highest first."""
    return roles.to_reorder(current.unit(), org, body.slugs).then(_show_all)


@operation("GET", _PATH + "/{role}", answer=RoleAnswer)
def read_role(org: str, role: str) -> RoleAnswer:
    """Read one role."""
    return RoleAnswer.of(roles.read(current.unit(), org, role))


@operation("PATCH", _PATH + "/{role}", body=RolePatch, answer=RoleAnswer, codes=(CONFLICT, *_CODES), plans=True)
def edit_role(org: str, role: str, body: RolePatch) -> Planned[RoleAnswer]:
    """Rename a role, or give it another priority. Its slug stays: mappings, grants and applications know it by that."""
    return roles.to_edit(current.unit(), org, role, name=body.name, priority=body.priority).then(RoleAnswer.of)


@operation("DELETE", _PATH + "/{role}", query=ChangeQuery, codes=(Code.ROLE_IS_DEFAULT, *_CODES), plans=True)
def delete_role(org: str, role: str) -> Planned[None]:
    """Delete a role, the mappings to it and the grants of it: whoever had it gets what they have without it."""
    return roles.to_delete(current.unit(), org, role)


def _show_all(ordered: Sequence[Role]) -> Page[RoleAnswer]:
    return Page[RoleAnswer](data=[RoleAnswer.of(role) for role in ordered], next_cursor=None)


OPERATIONS = (create_role, list_roles, reorder_roles, read_role, edit_role, delete_role)

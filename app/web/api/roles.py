"""Roles as JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from pydantic import Field, StringConstraints

from app.rules.decisions import Code, Refused
from app.rules.roles import ADMIN_PRIORITY, MEMBER_PRIORITY
from app.services import roles
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


@operation("POST", _PATH, body=NewRole, answer=RoleAnswer, status=HTTPStatus.CREATED, codes=(CONFLICT,))
def create_role(org: str, body: NewRole) -> RoleAnswer:
    """Add a role of the organization's own."""
    made = roles.add(current.unit(), org, slug=body.slug, name=body.name, priority=body.priority)
    return RoleAnswer.of(made)


@operation("GET", _PATH, query=PageQuery, answer=Page[RoleAnswer])
def list_roles(org: str, query: PageQuery) -> Page[RoleAnswer]:
    """List the organization's roles, the built-in ones among them, in the order they were made."""
    return page_of_all(query, roles.all_of(current.unit(), org), RoleAnswer.of)


@operation("POST", _PATH + "/reorder", body=RoleOrder, answer=Page[RoleAnswer], codes=_CODES)
def reorder_roles(org: str, body: RoleOrder) -> Page[RoleAnswer] | Refused:
    """Put all roles into an order: their priorities are dealt anew. Answers every role, the highest first."""
    ordered = roles.reorder(current.unit(), org, body.slugs)
    if isinstance(ordered, Refused):
        return ordered
    return Page[RoleAnswer](data=[RoleAnswer.of(role) for role in ordered], next_cursor=None)


@operation("GET", _PATH + "/{role}", answer=RoleAnswer)
def read_role(org: str, role: str) -> RoleAnswer:
    """Read one role."""
    return RoleAnswer.of(roles.read(current.unit(), org, role))


@operation("PATCH", _PATH + "/{role}", body=RolePatch, answer=RoleAnswer, codes=(CONFLICT, *_CODES))
def edit_role(org: str, role: str, body: RolePatch) -> RoleAnswer | Refused:
    """Rename a role, or give it another priority. Its slug stays: mappings, grants and applications know it by that."""
    edited = roles.edit(current.unit(), org, role, name=body.name, priority=body.priority)
    return edited if isinstance(edited, Refused) else RoleAnswer.of(edited)


@operation("DELETE", _PATH + "/{role}", query=ChangeQuery, codes=(Code.ROLE_IS_DEFAULT, *_CODES))
def delete_role(org: str, role: str) -> Refused | None:
    """Delete a role, the mappings to it and the grants of it: whoever had it gets what they have without it."""
    return roles.delete(current.unit(), org, role)


OPERATIONS = (create_role, list_roles, reorder_roles, read_role, edit_role, delete_role)

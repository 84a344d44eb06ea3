"""Roles as JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from pydantic import Field, StringConstraints

from app.rules.organizations import read_text
from app.rules.roles import ADMIN_PRIORITY, MEMBER_PRIORITY, read_priority, read_slug
from app.services import organizations
from app.web import request as current
from app.web.api.operations import CONFLICT, operation
from app.web.api.paging import Page, PageQuery, page_of_all
from app.web.api.shapes import Answer, ChangeBody, Name

_PATH = "/organizations/{org}/roles"


class NewRole(ChangeBody):
    slug: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9-]{0,62}$")]
    name: Name
    priority: int = Field(
        gt=MEMBER_PRIORITY,
        lt=ADMIN_PRIORITY,
        description="Of two roles that apply, the one with the higher priority counts.",
    )


class RoleAnswer(Answer):
    id: str
    slug: str
    name: str
    priority: int
    built_in: bool


@operation("POST", _PATH, body=NewRole, answer=RoleAnswer, status=HTTPStatus.CREATED, codes=(CONFLICT,))
def create_role(org: str, body: NewRole) -> RoleAnswer:
    """Add a role of the organization's own."""
    role = organizations.add_role(
        current.unit(),
        org,
        slug=read_slug(body.slug),
        name=read_text(body.name, field="name"),
        priority=read_priority(body.priority),
    )
    return RoleAnswer.of(role)


@operation("GET", _PATH, query=PageQuery, answer=Page[RoleAnswer])
def list_roles(org: str, query: PageQuery) -> Page[RoleAnswer]:
    """List the organization's roles, the built-in ones among them, in the order they were made."""
    return page_of_all(query, organizations.roles_of(current.unit(), org), RoleAnswer.of)


OPERATIONS = (create_role, list_roles)

"""Organizations as JSON."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from pydantic import Field, StringConstraints

from app.rules.decisions import Code
from app.rules.lockout import Guests
from app.services import organizations
from app.services.plans import Planned
from app.services.rows import Organization
from app.web import request as current
from app.web.api.members import MemberAnswer, show_member
from app.web.api.operations import CONFLICT, GUARDED, operation
from app.web.api.paging import Page, PageQuery, page
from app.web.api.shapes import Answer, Body, Maybe, Name, PatchBody

Slug = Annotated[str, StringConstraints(min_length=1, max_length=63)]


class NewOrganization(Body):
    name: Name
    admin_email: Annotated[str, StringConstraints(min_length=3, max_length=254)] = Field(
        description="Becomes the first administrator, as an active member."
    )
    admin_name: Maybe[Name] = None


class OrganizationPatch(PatchBody):
    name: Maybe[Name] = None
    guests: Maybe[Guests] = Field(None, description="Whether guests may use emailed codes under single sign-on.")
    jit: Maybe[bool] = Field(None, description="Whether a first sign-in through single sign-on makes a member.")
    default_role: Maybe[Slug] = None
    session_idle_minutes: Maybe[int] = Field(
        None, description="After how many minutes without use a session ends; living ones too, from now on."
    )
    session_hours: Maybe[int] = Field(None, description="After how many hours it ends in any case.")


class OrganizationAnswer(Answer):
    id: str
    name: str
    guests: Guests
    jit: bool
    default_role: str
    session_idle_minutes: int
    session_hours: int
    created_at: datetime


class OrganizationCreated(OrganizationAnswer):
    admin: MemberAnswer


@operation("POST", "/organizations", body=NewOrganization, answer=OrganizationCreated, status=HTTPStatus.CREATED,
           codes=(CONFLICT,))  # fmt: skip
def create_organization(body: NewOrganization) -> OrganizationCreated:
    """Make an organization with its first administrator."""
    unit = current.unit()
    made = organizations.create(unit, name=body.name, admin_email=body.admin_email, admin_name=body.admin_name)
    unit.session.flush()
    return OrganizationCreated.of(made.organization, admin=show_member(unit, made.admin))


@operation("GET", "/organizations", query=PageQuery, answer=Page[OrganizationAnswer])
def list_organizations(query: PageQuery) -> Page[OrganizationAnswer]:
    """List every organization, oldest first."""
    unit = current.unit()
    return page(query, lambda after, limit: organizations.page(unit, after=after, limit=limit), show_organization)


@operation("GET", "/organizations/{org}", answer=OrganizationAnswer)
def read_organization(org: str) -> OrganizationAnswer:
    """Read one organization."""
    return show_organization(organizations.read(current.unit(), org))


@operation("PATCH", "/organizations/{org}", body=OrganizationPatch, answer=OrganizationAnswer,
           codes=(Code.DEFAULT_ROLE_ADMIN, *GUARDED), plans=True)  # fmt: skip
def edit_organization(org: str, body: OrganizationPatch) -> Planned[OrganizationAnswer]:
    """Rename an organization, or change who may come in, with which role, and for how long."""
    changes = organizations.Edit(
        name=body.name,
        guests=body.guests,
        jit=body.jit,
        default_role=body.default_role,
        session_idle_minutes=body.session_idle_minutes,
        session_hours=body.session_hours,
    )
    return organizations.to_edit(current.unit(), org, changes).then(show_organization)


@operation("DELETE", "/organizations/{org}")
def delete_organization(org: str) -> None:
    """Delete an organization and everything in it.

    The one change the lockout guard is not asked about.
    """
    organizations.delete(current.unit(), org)


def show_organization(organization: Organization) -> OrganizationAnswer:
    """An organization as JSON."""
    return OrganizationAnswer.of(organization)


OPERATIONS = (create_organization, list_organizations, read_organization, edit_organization, delete_organization)

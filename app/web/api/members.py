"""Members as JSON, and why they have the role and the way in that they have."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.rules.decisions import Code
from app.rules.identity import GroupsState
from app.rules.lockout import WayIn
from app.rules.members import MemberState
from app.rules.roles import GroupSource, RoleSource
from app.services import explanation, members, organizations
from app.services.plans import Planned
from app.services.rows import Member
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.api.operations import GUARDED, operation
from app.web.api.paging import Page, PageQuery, page
from app.web.api.shapes import Answer, ChangeQuery, Maybe, PatchBody

_PATH = "/organizations/{org}/members"


class MemberPatch(PatchBody):
    role: Maybe[Annotated[str, StringConstraints(min_length=1, max_length=63)]] = Field(
        None, description="A role's slug, given by hand."
    )
    suspended: Maybe[bool] = None
    state: Maybe[Literal[MemberState.ACTIVE]] = Field(
        None,
        description="Make somebody active again whom a directory deactivated and no active one lists as inactive. What "
        "was granted before does not come back with them: give a role in the same request.",
    )


class MemberAnswer(Answer):
    id: str
    email: str
    name: str
    state: MemberState
    suspended: bool
    role: str
    role_source: RoleSource
    held: bool = Field(description="Whether the admin role is kept although a push would take it away.")
    directory_managed: bool
    usable_admin: bool = Field(description="Whether this is an administrator with a proven way in.")
    created_at: datetime
    last_signed_in_at: datetime | None


class GroupAnswer(Answer):
    ref: str
    label: str


class GroupsAnswer(Answer):
    source: GroupSource = Field(description="Whose groups count now.")
    state: GroupsState
    at: datetime | None = Field(description="As of when: the last request of the directory, or the last sign-in.")
    groups: list[GroupAnswer]


class ApplyingAnswer(Answer):
    group: str
    role: str
    decides: bool


class GrantedAnswer(Answer):
    role: str
    origin: str | None = Field(description="Who granted it; `directory` for one kept when a directory was turned off.")


class MissingAnswer(Answer):
    code: str
    sentence: str


class ExplanationAnswer(Answer):
    role: str
    role_name: str
    role_source: RoleSource
    mapping_id: str | None = Field(description="The mapping that won, where a group decides.")
    group: str | None = Field(description="That mapping's group, by name.")
    groups_seen: GroupsAnswer
    mappings: list[ApplyingAnswer] = Field(description="The mappings of these groups, the one that decides first.")
    granted: GrantedAnswer | None
    held: bool
    managed_by: str | None = Field(description="The directory that manages this member, by name.")
    way_in: WayIn | None = Field(description="How this member would sign in now; null: not at all, or not proven.")
    missing: list[MissingAnswer] = Field(description="What is missing for this member to be a usable administrator.")


@operation("GET", _PATH, query=PageQuery, answer=Page[MemberAnswer])
def list_members(org: str, query: PageQuery) -> Page[MemberAnswer]:
    """List the organization's members, in the order they came."""
    unit = current.unit()
    organizations.read(unit, org)
    rows = members.page(unit, org, after=query.after, limit=query.limit + 1)
    managed = explanation.managed(unit, org, [row.id for row in rows])
    usable = explanation.usable_administrators(unit, org)
    return page(query, lambda _after, _limit: rows, lambda row: _show(row, managed=managed, usable=usable))


@operation("GET", _PATH + "/{mem}", answer=MemberAnswer)
def read_member(org: str, mem: str) -> MemberAnswer:
    """Read one member."""
    unit = current.unit()
    return show_member(unit, members.read(unit, org, mem))


@operation("PATCH", _PATH + "/{mem}", body=MemberPatch, answer=MemberAnswer,
           codes=(Code.ROLE_DECIDED_BY_GROUP, Code.MEMBER_DIRECTORY_MANAGED, *GUARDED), plans=True)  # fmt: skip
def edit_member(org: str, mem: str, body: MemberPatch) -> Planned[MemberAnswer]:
    """Give a role by hand, suspend or lift a suspension, make active again. Asked for several, all happen or none."""
    unit = current.unit()
    edited = members.to_edit(unit, org, mem, role=body.role, suspended=body.suspended, activate=body.state is not None)
    return edited.then(partial(show_member, unit))


@operation("DELETE", _PATH + "/{mem}", query=ChangeQuery, codes=(Code.MEMBER_DIRECTORY_MANAGED, *GUARDED),
           plans=True)  # fmt: skip
def remove_member(org: str, mem: str) -> Planned[None]:
    """Remove a member whom no directory manages."""
    return members.to_remove(current.unit(), org, mem)


@operation("GET", _PATH + "/{mem}/explanation", answer=ExplanationAnswer)
def explain_member(org: str, mem: str) -> ExplanationAnswer:
    """Say why a member has this role and this way in, and what keeps them from being a usable administrator."""
    unit = current.unit()
    member = members.read(unit, org, mem)
    found, granted = explanation.explain(unit, member), member.granted_role
    return ExplanationAnswer.of(
        member,
        role_name=found.reason.role_name,
        mapping_id=member.role_mapping_id,
        group=found.reason.group or None,
        groups_seen=GroupsAnswer.of(found.seen, groups=[GroupAnswer.of(group) for group in found.seen.groups]),
        mappings=[ApplyingAnswer.of(mapping) for mapping in found.applying],
        granted=GrantedAnswer(role=granted, origin=member.granted_origin) if granted else None,
        managed_by=found.reason.managed_by or None,
        way_in=found.way_in,
        missing=[MissingAnswer.of(one) for one in found.missing],
    )


def show_member(unit: UnitOfWork, member: Member) -> MemberAnswer:
    """A member as JSON."""
    organization_id = member.organization_id
    managed = explanation.managed(unit, organization_id, [member.id])
    return _show(member, managed=managed, usable=explanation.usable_administrators(unit, organization_id))


def _show(member: Member, *, managed: frozenset[str], usable: frozenset[str]) -> MemberAnswer:
    return MemberAnswer.of(member, directory_managed=member.id in managed, usable_admin=member.id in usable)


OPERATIONS = (list_members, read_member, edit_member, remove_member, explain_member)

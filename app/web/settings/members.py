"""Members: listed page by page, given a role, suspended, restored, made active again, removed."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.errors import ForbiddenError, InvalidInputError
from app.rules.members import Wanted
from app.rules.roles import ADMIN
from app.services import appointments, members
from app.web import request as current
from app.web.presentation.elements import Notice
from app.web.settings import members_page
from app.web.settings.controls import refusal
from app.web.settings.typed import not_confirmed
from app.web.shell import see, show

pages = Blueprint("members", __name__, url_prefix="/settings/members")


@pages.get("", endpoint="list")
def list_members() -> ResponseReturnValue:
    """One page of members."""
    given = request.args
    wanted = Wanted(**{name: given.get(name, "").strip() for name in ("text", "role", "state", "factor")})
    page = members_page.build(
        current.unit(), after=given.get("after", ""), before=given.get("before", ""), wanted=wanted
    )
    return show("settings/members.html", page)


@pages.post("/<member_id>/role")
def change_role(member_id: str) -> ResponseReturnValue:
    """Give a role by hand. A recovery session only makes administrators: that is the repair it is for."""
    unit, person, slug = current.unit(), current.signed_in(), request.form.get("role", "")
    member = members.read(unit, person.organization_id, member_id)
    if person.is_recovery and slug != ADMIN:
        raise ForbiddenError("A recovery session can only make someone an administrator.")
    if person.is_recovery:
        return _answer(appointments.appoint(unit, person, member.id), member_id, done="role-changed")
    try:
        outcome = members.to_edit(unit, person.organization_id, member.id, role=slug).apply()
    except InvalidInputError as error:
        return _again(member_id, Notice("error", "The role was not changed.", error.sentence), status=400)
    return _answer(outcome, member_id, done="role-changed")


@pages.post("/<member_id>/suspend")
def suspend(member_id: str) -> ResponseReturnValue:
    """Suspend by hand; no push lifts it."""
    outcome = members.to_edit(current.unit(), current.organization_id(), member_id, suspended=True).apply()
    return _answer(outcome, member_id, done="member-suspended")


@pages.post("/<member_id>/restore")
def restore(member_id: str) -> ResponseReturnValue:
    """Lift a suspension."""
    outcome = members.to_edit(current.unit(), current.organization_id(), member_id, suspended=False).apply()
    return _answer(outcome, member_id, done="member-restored")


@pages.post("/<member_id>/activate")
def activate(member_id: str) -> ResponseReturnValue:
    """Make someone active again whom a directory deactivated that decides no more."""
    outcome = members.to_edit(current.unit(), current.organization_id(), member_id, activate=True).apply()
    return _answer(outcome, member_id, done="member-activated")


@pages.post("/<member_id>/remove")
def remove(member_id: str) -> ResponseReturnValue:
    """Remove someone, once their address was typed."""
    unit, organization_id = current.unit(), current.organization_id()
    if notice := not_confirmed(members.read(unit, organization_id, member_id).email):
        return _again(member_id, notice, status=400)
    outcome = members.to_remove(unit, organization_id, member_id).apply()
    return _answer(outcome, member_id, done="member-removed")


def _answer(outcome: object, member_id: str, *, done: str) -> ResponseReturnValue:
    if isinstance(outcome, Refused):
        return _again(member_id, refusal(outcome), status=409)
    return see(f"/settings/members?done={done}&after={_just_before(member_id)}#{member_id}")


def _again(member_id: str, notice: Notice, *, status: int) -> Response:
    """The list with an error, from the member it is about."""
    page = members_page.build(current.unit(), after=_just_before(member_id))
    return show("settings/members.html", page, status=status, notices=(notice,))


def _just_before(member_id: str) -> str:
    """A cursor after which this member comes first: a prefix sorts before everything it begins."""
    return member_id[:-1]

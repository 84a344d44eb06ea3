"""One member: given a role, suspended, restored, made active again, removed; their second factor and their sessions."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.errors import ForbiddenError, InvalidInputError
from app.rules.roles import ADMIN
from app.services import appointments, factors, members, sessions
from app.web import request as current
from app.web.presentation.elements import Notice
from app.web.settings import member_page
from app.web.settings.controls import refusal
from app.web.settings.typed import not_confirmed
from app.web.shell import see, show

pages = Blueprint("member", __name__, url_prefix="/settings/members")


@pages.get("/<member_id>", endpoint="show")
def show_member(member_id: str) -> ResponseReturnValue:
    """Why one member stands as they do, what may be done about it, and where they are signed in."""
    return _show(member_id)


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
        return _show(member_id, Notice("error", "The role was not changed.", error.sentence), status=400)
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
    """Make someone active again whom a directory deactivated that decides no more. A recovery session does so for
    whoever opened it, where nobody else is left.
    """
    outcome = members.to_edit(current.unit(), current.organization_id(), member_id, activate=True).apply()
    return _answer(outcome, member_id, done="member-activated")


@pages.post("/<member_id>/remove")
def remove(member_id: str) -> ResponseReturnValue:
    """Remove someone, once their address was typed."""
    unit, organization_id = current.unit(), current.organization_id()
    if notice := not_confirmed(members.read(unit, organization_id, member_id).email):
        return _show(member_id, notice, status=400)
    outcome = members.to_remove(unit, organization_id, member_id).apply()
    if isinstance(outcome, Refused):
        return _show(member_id, refusal(outcome), status=409)
    return see("/settings/members?done=member-removed")


@pages.post("/<member_id>/factor/<factor_id>/reset")
def reset_factor(member_id: str, factor_id: str) -> ResponseReturnValue:
    """Take their authenticator app away."""
    unit, person = current.unit(), current.signed_in()
    member = members.read(unit, person.organization_id, member_id)
    return _answer(factors.reset(unit, member, factor_id), member_id, done="factor-reset")


@pages.post("/<member_id>/sessions/<session_id>/end")
def end_session(member_id: str, session_id: str) -> ResponseReturnValue:
    """Sign one of their browsers out."""
    members.read(current.unit(), current.organization_id(), member_id)
    sessions.end_by_administrator(current.unit(), current.organization_id(), session_id)
    return _answer(None, member_id, done="session-ended", anchor="#sessions")


@pages.post("/<member_id>/sessions/end-all")
def end_sessions(member_id: str) -> ResponseReturnValue:
    """Sign all their browsers out, but the one that asks."""
    unit, person = current.unit(), current.signed_in()
    member = members.read(unit, person.organization_id, member_id)
    sessions.end_others(unit, member, keep=person.session_id, reason="ended_by_administrator")
    return _answer(None, member_id, done="sessions-ended", anchor="#sessions")


def _answer(outcome: object, member_id: str, *, done: str, anchor: str = "") -> ResponseReturnValue:
    """After an action: the page again, with the notice `done` or with what was refused."""
    if isinstance(outcome, Refused):
        return _show(member_id, refusal(outcome), status=409)
    told = f"?done={done}" if current.latest_entry() else ""  # what was so already is not told as done
    return see(f"/settings/members/{member_id}{told}{anchor}")


def _show(member_id: str, *notices: Notice, status: int = 200) -> Response:
    page = member_page.build(current.unit(), member_id)
    return show("settings/member.html", page, status=status, notices=notices)

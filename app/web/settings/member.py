"""One member: why they stand as they do, their second factor, and where they are signed in."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.services import explanation, factors, members, organizations, sessions
from app.services.overview import role_mappings as read_mappings
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.moments import moment, moment_or_none
from app.web.presentation.elements import ALLOWED, Notice
from app.web.presentation.members import FactorCard
from app.web.sessions import session_list
from app.web.settings.cards.members import explained
from app.web.settings.controls import IN_RECOVERY, change, refusal
from app.web.shell import see, show
from app.web.wording import count

pages = Blueprint("member", __name__, url_prefix="/settings/members")


@pages.get("/<member_id>", endpoint="show")
def show_member(member_id: str) -> ResponseReturnValue:
    """Why one member stands as they do, their second factor, and where they are signed in."""
    return _one(member_id)


@pages.post("/<member_id>/factor/<factor_id>/reset")
def reset_factor(member_id: str, factor_id: str) -> ResponseReturnValue:
    """Take their authenticator app away."""
    unit, person = current.unit(), current.signed_in()
    member = members.read(unit, person.organization_id, member_id)
    outcome = factors.reset(unit, member, factor_id)
    if isinstance(outcome, Refused):
        return _one(member_id, refusal(outcome), status=409)
    return see(f"/settings/members/{member_id}?done=factor-reset")


@pages.post("/<member_id>/sessions/<session_id>/end")
def end_session(member_id: str, session_id: str) -> ResponseReturnValue:
    """Sign one of their browsers out."""
    members.read(current.unit(), current.organization_id(), member_id)
    sessions.end_by_administrator(current.unit(), current.organization_id(), session_id)
    return see(f"/settings/members/{member_id}?done=session-ended#sessions")


@pages.post("/<member_id>/sessions/end-all")
def end_sessions(member_id: str) -> ResponseReturnValue:
    """Sign all their browsers out, but the one that asks."""
    unit, person = current.unit(), current.signed_in()
    member = members.read(unit, person.organization_id, member_id)
    sessions.end_others(unit, member, keep=person.session_id, reason="ended_by_administrator")
    return see(f"/settings/members/{member_id}?done=sessions-ended#sessions")


def _one(member_id: str, *notices: Notice, status: int = 200) -> Response:
    unit, person, organization_id = current.unit(), current.signed_in(), current.organization_id()
    found = explanation.explain(unit, members.read(unit, organization_id, member_id))
    names = {role.slug: role.name for role in read_mappings.roles_of(unit, organization_id)}
    default = organizations.read(unit, organization_id).default_role
    page = explained(found, names, default_role=default, now=unit.now)
    page = replace(
        page,
        factor=_factor(unit, member_id),
        sessions=session_list(unit, member_id, current=person.session_id, path=f"/settings/members/{member_id}"),
        end_session=IN_RECOVERY if person.is_recovery else ALLOWED,
        is_you=member_id == person.member_id,
    )
    return show("settings/member.html", page, status=status, notices=notices)


def _factor(unit: UnitOfWork, member_id: str) -> FactorCard | None:
    facts = factors.of_member(unit, member_id)
    if facts is None:
        return None
    judged = factors.may_reset(unit, member_id)
    ended = sessions.count_full(unit, member_id)
    ends = f"Ends {count(ended, 'session', 'sessions')}." if ended else ""
    after = "They sign in without it, or set up another one where it is required, and are told by mail."
    return FactorCard(
        id=facts.id,
        reset=change(judged, ends, after, at="factor"),
        added=moment(facts.created_at, now=unit.now),
        used=moment_or_none(facts.last_used_at, now=unit.now),
        codes_left=facts.left,
        locked_until=moment(unit.now + facts.wait, now=unit.now) if facts.wait is not None else None,
    )

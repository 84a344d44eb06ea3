"""A member's own page: who they are here, and their sessions."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.services import members, organizations, sessions
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.members import ProfilePage, SessionRow
from app.web.shell import show
from app.web.sign_in import see
from app.web.wording import role_reason, way_in

pages = Blueprint("profile", __name__)


@pages.get("/profile")
def show_profile() -> ResponseReturnValue:
    """Name, role and why, sessions."""
    unit, person = current.unit(), current.signed_in()
    member = members.read(unit, person.organization_id, person.member_id)
    rows = tuple(
        SessionRow(
            id=row.id,
            way_in=way_in(row.opened_by),
            opened=moment(row.created_at, now=unit.now),
            seen=moment(row.seen_at, now=unit.now),
            expires=moment(row.expires_at, now=unit.now),
            is_current=row.id == person.session_id,
        )
        for row in sessions.own(unit, member.id)
    )
    explained = members.explain(unit, member)
    page = ProfilePage(
        name=member.name,
        email=member.email,
        organization=organizations.read(unit, member.organization_id).name,
        role=explained.role_name,
        why=role_reason(explained),
        sessions=rows,
        managed_by=explained.managed_by,
    )
    return show("profile.html", page)


@pages.post("/profile/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    """End one of one's own sessions."""
    person = current.signed_in()
    sessions.end(current.unit(), person.member_id, session_id, reason="ended_by_member")
    if session_id == person.session_id:
        return current.sign_out_browser(see("/sign-in?signed-out"))
    return see("/profile?done=session-ended")

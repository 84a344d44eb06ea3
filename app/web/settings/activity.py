"""Activity: attempts to sign in, and changes, in words and newest first."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.services.overview import activity as read_activity
from app.services.overview import role_mappings as read_mappings
from app.web import request as current
from app.web.attempts import attempt_row
from app.web.audit_wording import entry_row
from app.web.presentation.activity import ActivityPage
from app.web.shell import show

pages = Blueprint("activity", __name__)
_PER_PAGE = 25


@pages.get("/settings/activity", endpoint="show")
def show_page() -> ResponseReturnValue:
    """Both lists, each with its own cursor."""
    unit, organization_id = current.unit(), current.organization_id()
    cursors = {name: request.args.get(name, "") for name in ("attempts", "changes")}
    attempts = read_activity.attempts(unit, organization_id, before=cursors["attempts"], limit=_PER_PAGE + 1)
    entries = read_activity.entries(unit, organization_id, before=cursors["changes"], limit=_PER_PAGE + 1)
    roles = {role.slug: role.name for role in read_mappings.roles_of(unit, organization_id)}
    page = ActivityPage(
        attempts=tuple(attempt_row(facts, now=unit.now) for facts in attempts[:_PER_PAGE]),
        entries=tuple(entry_row(facts, roles=roles, now=unit.now) for facts in entries[:_PER_PAGE]),
        older_attempts_href=_older(cursors, "attempts", [facts.id for facts in attempts], anchor="sign-ins"),
        older_entries_href=_older(cursors, "changes", [facts.id for facts in entries], anchor="audit"),
    )
    return show("settings/activity.html", page)


def _older(cursors: dict[str, str], name: str, ids: list[str], *, anchor: str) -> str:
    """The next page of one list, with the other one where it is; "" at the end."""
    if len(ids) <= _PER_PAGE:
        return ""
    moved = {key: value for key, value in (cursors | {name: ids[_PER_PAGE - 1]}).items() if value}
    return f"/settings/activity?{urlencode(moved)}#{anchor}"

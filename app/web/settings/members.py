"""Members, listed page by page."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.members import Wanted
from app.web import request as current
from app.web.settings import members_page
from app.web.shell import show

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

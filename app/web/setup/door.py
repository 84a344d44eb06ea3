"""The door of a setup link: looking at it spends nothing, going through it opens a session, and leaving ends that."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.limits import LINKS_OPENED
from app.services import limits, setup_sessions
from app.web import holders
from app.web import request as current
from app.web.presentation.elements import Form, Notice
from app.web.presentation.setup_links import DoorPage
from app.web.setup.frame import HOMES
from app.web.shell import see, show

pages = Blueprint("setup", __name__)
_TEMPLATE = "setup/door.html"
_OVER = Notice("info", "This session is over.", "Open the link again, as long as it is good.")
_LEFT = Notice("success", "You have left. The link may be opened again, as long as it is good.")
_NO_GOOD = "This link is not good, or no longer: it may have expired or been revoked. Ask whoever sent it."


@pages.route("/setup", methods=["GET", "POST"])
def door() -> ResponseReturnValue:
    """The token stands behind the "#", which no browser sends: a script, or whoever it is, puts it into the form."""
    if request.method == "GET":
        return show(_TEMPLATE, DoorPage(go_on=_go_on(), notice=_notice()))
    unit, address = current.unit(), current.network_address()
    limits.check(unit, LINKS_OPENED, address)
    limits.count(unit, LINKS_OPENED, address)
    opened = setup_sessions.open_session(unit, request.form.get("link", "").strip().rpartition("#")[2])
    if opened is None:
        return show(_TEMPLATE, DoorPage(form=Form(errors={"link": _NO_GOOD})), status=410)
    holders.leave(unit)
    return holders.keep(see(HOMES[opened.scope]), opened.token)


@pages.post("/setup/leave")
def leave() -> ResponseReturnValue:
    """End the session of this browser."""
    holders.leave(current.unit())
    return holders.forget(see("/setup?left"))


def _go_on() -> str:
    """Where a session that this browser has goes on."""
    holder = holders.recognise(current.transactions(), current.unit())
    return HOMES[holder.scope] if holder is not None else ""


def _notice() -> Notice | None:
    if "ended" in request.args:
        return _OVER
    return _LEFT if "left" in request.args else None

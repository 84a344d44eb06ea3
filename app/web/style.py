"""The style page: every part that pages are made of, for whoever changes the look. Only where the server may reach
private addresses, as on the machine of a developer and in the demo.
"""

from __future__ import annotations

from flask import Blueprint, abort, current_app
from flask.typing import ResponseReturnValue

from app.web.shell import show

pages = Blueprint("style", __name__)


@pages.get("/style", endpoint="show")
def show_style() -> ResponseReturnValue:
    """Nothing on it is anybody's."""
    return show("style.html", None) if current_app.config["DOORWARD_SHOWS_STYLE"] else abort(404)

"""Alarms, dismissed by an administrator who has seen them."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.services import mass_changes
from app.web import request as current
from app.web.settings import overview

pages = Blueprint("alarms", __name__, url_prefix="/settings/alarms")


@pages.post("/<alarm_id>/dismiss")
def dismiss(alarm_id: str) -> ResponseReturnValue:
    """The alarm leaves the page."""
    alarm = mass_changes.dismiss(current.unit(), current.organization_id(), alarm_id)
    return overview.answer(alarm, done="alarm-dismissed", anchor="directory")

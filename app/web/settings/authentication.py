"""The authentication page, and the recovery codes on it."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.errors import ConflictError
from app.services import members, organizations, recovery
from app.services.overview import recovery as read_recovery
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.authentication import RecoveryCodesPage
from app.web.presentation.elements import Notice
from app.web.settings import overview
from app.web.settings.controls import PAGE
from app.web.shell import show

pages = Blueprint("authentication", __name__)
_NOT_TICKED = Notice("error", "The codes were not confirmed.", "Tick that you have stored them, then confirm.")


@pages.get(PAGE, endpoint="show")
def show_page() -> ResponseReturnValue:
    """Domains, single sign-on, directory provisioning, recovery codes, administrators."""
    return show("settings/authentication.html", overview.build(current.unit()))


@pages.post("/settings/recovery-codes")
def make_recovery_codes() -> ResponseReturnValue:
    """A new set, shown in this one answer."""
    unit, organization_id = current.unit(), current.organization_id()
    replaced = read_recovery.read(unit, organization_id).left
    page = RecoveryCodesPage(
        organization=organizations.read(unit, organization_id).name,
        codes=recovery.make_codes(unit, organization_id),
        made=moment(unit.now, now=unit.now),
        replaced=replaced,
    )
    return show("settings/recovery_codes.html", page)


@pages.post("/settings/recovery-codes/confirm")
def confirm_recovery_codes() -> ResponseReturnValue:
    """An administrator says that the codes are stored."""
    if not request.form.get("stored"):
        return overview.again(_NOT_TICKED)
    unit, person = current.unit(), current.signed_in()
    try:
        member = members.read(unit, person.organization_id, person.member_id)
        outcome = recovery.confirm(unit, person.organization_id, by=member)
    except ConflictError as error:
        return overview.again(Notice("error", error.sentence), status=409)
    return overview.answer(outcome, done="codes-confirmed", anchor="recovery-codes")

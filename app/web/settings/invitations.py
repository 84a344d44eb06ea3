"""Invitations on the page of members: made, sent again, revoked."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Code, Refused
from app.rules.errors import InvalidInputError, TooManyError
from app.services import invitations
from app.web import request as current
from app.web.presentation.elements import Form, Notice
from app.web.settings import members_page
from app.web.settings.controls import refusal
from app.web.shell import see

pages = Blueprint("invitations", __name__, url_prefix="/settings/invitations")
_FORM = ("email", "role")

#: Refusals that are no fault of what was typed.
_MENDED_ELSEWHERE = frozenset({Code.RECENT_SIGN_IN_REQUIRED, Code.GUESTS_REFUSED})


@pages.post("")
def add() -> ResponseReturnValue:
    """Invite somebody."""
    unit = current.unit()
    typed = {name: request.form.get(name, "") for name in _FORM}
    try:
        outcome = invitations.invite(unit, current.organization_id(), email=typed["email"], role=typed["role"])
    except TooManyError as error:
        return members_page.again(unit, Notice("error", error.sentence), status=429, invite=Form(values=typed))
    except InvalidInputError as error:
        form = Form(values=typed, errors={error.field if error.field in _FORM else "email": error.sentence})
        return members_page.again(unit, status=400, invite=form)
    if isinstance(outcome, Refused) and outcome.code in _MENDED_ELSEWHERE:
        return members_page.again(unit, refusal(outcome), status=409, invite=Form(values=typed))
    if isinstance(outcome, Refused):
        form = Form(values=typed, errors={"email": f"{outcome.sentence} {outcome.fix or ''}".strip()})
        return members_page.again(unit, status=409, invite=form)
    return _done("invitation-sent")


@pages.post("/<invitation_id>/send-again")
def send_again(invitation_id: str) -> ResponseReturnValue:
    """Mail a new link."""
    unit = current.unit()
    try:
        outcome = invitations.send_again(unit, current.organization_id(), invitation_id)
    except TooManyError as error:
        return members_page.again(unit, Notice("error", error.sentence), status=429)
    if isinstance(outcome, Refused):
        return members_page.again(unit, refusal(outcome), status=409)
    return _done("invitation-sent")


@pages.post("/<invitation_id>/revoke")
def revoke(invitation_id: str) -> ResponseReturnValue:
    """Revoke it."""
    invitations.revoke(current.unit(), current.organization_id(), invitation_id)
    return _done("invitation-revoked")


def _done(notice: str) -> ResponseReturnValue:
    return see(f"/settings/members?done={notice}#invitations")

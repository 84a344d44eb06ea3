"""The authentication page, and the recovery codes on it."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.errors import ConflictError, InvalidInputError, TooManyError
from app.rules.factors import MfaPolicy
from app.services import authentication_policy, domains, members, organizations, recovery, recovery_drills
from app.services.overview import recovery as read_recovery
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.authentication import RecoveryCodesPage
from app.web.presentation.elements import Form, Notice
from app.web.settings import overview
from app.web.settings.controls import PAGE, refusal
from app.web.settings.overview import Forms
from app.web.settings.plans import Review, decide
from app.web.settings.typed import read_number
from app.web.shell import show

pages = Blueprint("authentication", __name__)
_NOT_TICKED = Notice("error", "The codes were not confirmed.", "Tick that you have stored them, then confirm.")

_NOT_GOOD = "This is not one of the unused codes of this set."


@pages.get(PAGE, endpoint="show")
def show_page() -> ResponseReturnValue:
    """Domains, single sign-on, directory provisioning, recovery codes, administrators."""
    return show("settings/authentication.html", overview.build(current.unit()))


@pages.post("/settings/mfa/require")
def require_mfa() -> ResponseReturnValue:
    """Require a second factor of everyone who does not come through an identity provider."""
    review = Review(
        "Require a second factor?",
        "Require it",
        back=f"{PAGE}#security",
        effects=("Nobody is signed out. Whoever has no authenticator app yet sets one up at their next sign-in.",),
        dangerous=False,
        always=True,
    )
    return _change_mfa(MfaPolicy.REQUIRED, review, done="mfa-required")


@pages.post("/settings/mfa/release")
def release_mfa() -> ResponseReturnValue:
    """Require it no longer."""
    review = Review(
        "Stop requiring a second factor?",
        "Stop requiring it",
        back=f"{PAGE}#security",
        effects=("Whoever has an authenticator app is still asked for its code, until an administrator resets it.",),
        always=True,
    )
    return _change_mfa(MfaPolicy.OFF, review, done="mfa-released")


@pages.post("/settings/sessions")
def change_sessions() -> ResponseReturnValue:
    """How long sessions last: since they were last used, and at most."""
    typed = {name: request.form.get(name, "").strip() for name in ("session_idle_minutes", "session_hours")}
    try:
        idle, hours = (read_number(text, field=name) for name, text in typed.items())
        changes = organizations.Edit(session_idle_minutes=idle, session_hours=hours)
        planned = organizations.to_edit(current.unit(), current.organization_id(), changes)
    except InvalidInputError as error:
        return overview.again(forms=Forms(sessions=overview.wrong(error, **typed)))
    return overview.answer(planned.apply(), done="sessions-changed", anchor="session-lifetimes")


def _change_mfa(mfa: MfaPolicy, review: Review, *, done: str) -> ResponseReturnValue:
    unit = current.unit()
    acting = overview.acting(unit)
    planned = authentication_policy.to_change(unit, current.organization_id(), mfa=mfa, acting=acting)
    return decide(planned, review, partial(overview.answer, done=done, anchor="security"))


@pages.post("/settings/recovery-codes")
def make_recovery_codes() -> ResponseReturnValue:
    """A new set, shown in this one answer."""
    unit, organization_id = current.unit(), current.organization_id()
    replaced = read_recovery.read(unit, organization_id).left
    codes = recovery.replace_codes(unit, organization_id)
    if isinstance(codes, Refused):
        return overview.again(refusal(codes), status=409)
    page = RecoveryCodesPage(
        organization=organizations.read(unit, organization_id).name,
        codes=codes,
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
    # Whoever has just founded the organization goes on from the top.
    is_new = not domains.all_of(unit, person.organization_id)
    return overview.answer(outcome, done="codes-confirmed", anchor="way" if is_new else "recovery-codes")


@pages.post("/settings/recovery-codes/drill")
def drill_recovery_code() -> ResponseReturnValue:
    """Whether a code would work; it is not spent."""
    try:
        good = recovery_drills.drill(current.unit(), current.organization_id(), code=request.form.get("code", ""))
    except TooManyError as error:
        return overview.again(Notice("error", error.sentence), status=429)
    if not good:
        return overview.again(forms=Forms(drill=Form(errors={"code": _NOT_GOOD})))
    return overview.answer(None, done="code-good", anchor="recovery-codes")

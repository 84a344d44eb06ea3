"""Signing in: the address, the code, the first administrator's link, invitations, recovery."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypedDict

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from app.rules.errors import InvalidInputError
from app.rules.invitations import InvitationState
from app.rules.limits import CODES_ASKED_FOR, WRONG_CODES
from app.services import (
    answers,
    flows,
    invitations,
    limits,
    organizations,
    recovery,
    roles,
    sign_in,
    sign_outs,
)
from app.services.flows import Purpose
from app.services.invitations import Listed
from app.services.steps import NextStep, is_wrong
from app.services.unit_of_work import UnitOfWork
from app.web import consent
from app.web import request as current
from app.web.following import follow, stay
from app.web.moments import moment
from app.web.presentation.elements import Form, Notice
from app.web.presentation.sign_in import (
    AddressPage,
    InvitationPage,
    LinkSpentPage,
    RecoverPage,
    RecoverRequestPage,
    StartPage,
)
from app.web.return_to import asked_for
from app.web.shell import development_notice, show
from app.web.sign_out import notice as sign_out_notice
from app.web.sign_out import signed_out_page

pages = Blueprint("sign_in", __name__)
_HOME = "/settings/authentication"
_START_SPENT = LinkSpentPage("This start link was used already or has expired.", "./doorward start-link")
_RECOVER_SPENT = LinkSpentPage("This recovery link was used already or has expired.", "./doorward recover ADDRESS")


@pages.get("/")
def home() -> ResponseReturnValue:
    """The settings for administrators, the profile for everyone else."""
    person = current.signed_in_or_none()
    if person is None:
        return redirect("/sign-in")
    return redirect(_HOME if person.is_admin else "/profile")


@pages.route("/sign-in", methods=["GET", "POST"])
def address() -> ResponseReturnValue:
    """Email first: one field."""
    if request.method == "GET":
        notice = _ended() or _under_way()
        page = AddressPage(notice=notice, development=development_notice(), return_to=asked_for())
        return show("sign_in/address.html", page)
    return _begin(Purpose.SIGN_IN)


@pages.post("/sign-in/code")
def code() -> ResponseReturnValue:
    """The emailed code was typed."""
    recovery_code = request.form.get("recovery_code")
    return _judged(partial(answers.enter_code, recovery_code=recovery_code))


@pages.get("/sign-in/continue", endpoint="resume")
def resume() -> ResponseReturnValue:
    """What a sign-in waits for, for a page that is loaded again."""
    return stay(answers.resume(current.unit(), request.args.get("flow", ""), browser=current.browser()))


@pages.post("/sign-in/consent", endpoint="consent")
def decide() -> ResponseReturnValue:
    """Whether to be signed in, where the identity provider has begun it."""
    return consent.decided()


@pages.post("/sign-in/factor")
def factor() -> ResponseReturnValue:
    """A code of the authenticator app was typed, or a backup code."""
    return _judged(answers.enter_factor)


@pages.post("/sign-in/authenticator")
def enroll() -> ResponseReturnValue:
    """The first code of a new authenticator app was typed."""
    return _judged(answers.enter_first_code)


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session. The page that follows leads on to the identity provider, for whoever wants to sign out there."""
    person = current.signed_in_or_none()
    handle = sign_outs.sign_out(current.unit(), person, browser=current.browser()) if person is not None else None
    return current.sign_out_browser(signed_out_page(handle))


@pages.route("/invitations/<token>", methods=["GET", "POST"])
def invited(token: str) -> ResponseReturnValue:
    """The link of an invitation: looking at it accepts nothing."""
    if request.method == "GET":
        found = invitations.by_token(current.unit(), token)
        return _closed(found) if found is None or found.state is not InvitationState.PENDING else _invitation(found)
    with current.transactions().writing() as unit:
        found = invitations.by_token(unit, token)
        if found is None or found.state is not InvitationState.PENDING:
            return _closed(found)
        _take_turn(unit)
        step = sign_in.begin_invited(unit, found.row, browser=current.browser())
    return follow(step)


@pages.route("/recover", methods=["GET", "POST"])
def recover() -> ResponseReturnValue:
    """Begin a recovery: an address first."""
    if request.method == "GET":
        return show("recover_request.html", RecoverRequestPage(development=development_notice()))
    return _begin(Purpose.RECOVER)


@pages.route("/start/<token>", methods=["GET", "POST"])
def start(token: str) -> ResponseReturnValue:
    """The first administrator founds the organization."""
    link = recovery.find_link(current.unit(), kind="start", token=token)
    if link is None:
        return show("link_spent.html", _START_SPENT, status=410)
    if request.method == "GET":
        return show("start.html", StartPage(f"/start/{token}"))
    return _begin_start(link, action=f"/start/{token}")


@pages.route("/recover/<token>", methods=["GET", "POST"])
def recover_by_link(token: str) -> ResponseReturnValue:
    """The link that the host's own command line has printed."""
    unit = current.unit()
    link = recovery.find_link(unit, kind="recover", token=token)
    member = recovery.member_of(unit, link) if link else None
    if link is None or member is None:
        return show("link_spent.html", _RECOVER_SPENT, status=410)
    if request.method == "GET":
        organization = organizations.read(unit, member.organization_id).name
        page = RecoverPage(member.name, member.email, organization, action=f"/recover/{token}")
        return show("recover.html", page)
    link.used_at = unit.now
    return follow(sign_in.open_recovery(unit, member, flow=None, how="the server's own command line"))


_CLOSED = {
    InvitationState.EXPIRED: "This invitation has expired. Ask whoever invited you for a new one.",
    InvitationState.REVOKED: "This invitation was revoked.",
    InvitationState.ACCEPTED: "This invitation was accepted already. Sign in with your address.",
    InvitationState.SUPERSEDED: "You are a member already. Sign in with your address.",
}


def _invitation(found: Listed) -> ResponseReturnValue:
    unit, row = current.unit(), found.row
    page = InvitationPage(
        organization=organizations.read(unit, row.organization_id).name,
        email=row.email,
        role=roles.name_of(unit, row.organization_id, row.role),
        invited_by=invitations.inviter(unit, row),
        expires=moment(row.expires_at, now=unit.now),
        action=request.path,
    )
    return show("invitation.html", page)


def _closed(found: Listed | None) -> ResponseReturnValue:
    sentence = _CLOSED.get(found.state, "") if found is not None else ""
    page = LinkSpentPage(sentence or "This link is not one of ours, or a newer invitation took its place.", "")
    return show("link_spent.html", page, status=410)


class _Typed(TypedDict):
    flow_id: str
    browser: str
    code: str


def _typed() -> _Typed:
    """A code, and the sign-in it was typed for."""
    return {
        "flow_id": request.args.get("flow", ""),
        "browser": current.browser(),
        "code": request.form.get("code", ""),
    }


def _judged(enter: Callable[..., NextStep]) -> ResponseReturnValue:
    """What follows from a code that was typed; wrong ones are counted by where they come from."""
    unit, address = current.unit(), current.network_address()
    limits.check(unit, WRONG_CODES, address)
    step = enter(unit, **_typed())
    if is_wrong(step):
        limits.count(unit, WRONG_CODES, address)
    return follow(step)


def _take_turn(unit: UnitOfWork) -> None:
    """Count who asks for a code by where they are. Raises TooManyError."""
    limits.check(unit, CODES_ASKED_FOR, current.network_address())
    limits.count(unit, CODES_ASKED_FOR, current.network_address())


def _ended() -> Notice | None:
    """What the browser has just come from."""
    if "declined" in request.args:
        return Notice("info", "You were not signed in.", "Your administrators find this attempt on record.")
    handle = request.args.get("signed-out")
    return sign_out_notice(handle) if handle is not None else None


def _under_way() -> Notice | None:
    """A sign-in that this browser has begun and not finished."""
    flow = flows.waiting(current.unit(), browser=current.browser()) if current.is_known_browser() else None
    if flow is None:
        return None
    href = f"/sign-in/continue?flow={flow.id}"
    return Notice("info", f"You were signing in as {flow.email}.", link_label="Go on", link_href=href)


def _begin(purpose: Purpose) -> ResponseReturnValue:
    """Begin, and follow only after the commit: building a provider's URL may fetch its discovery document."""
    typed = request.form.get("email", "")
    try:
        with current.transactions().writing() as unit:
            _take_turn(unit)
            step = sign_in.begin(unit, address=typed, browser=current.browser(), purpose=purpose, return_to=asked_for())
    except InvalidInputError as error:
        form = Form(values={"email": typed}, errors={"email": error.sentence})
        if purpose is Purpose.RECOVER:
            recover = RecoverRequestPage(form=form, development=development_notice())
            return show("recover_request.html", recover, status=400)
        page = AddressPage(form=form, development=development_notice(), return_to=asked_for())
        return show("sign_in/address.html", page, status=400)
    return follow(step)


def _begin_start(link: recovery.Link, *, action: str) -> ResponseReturnValue:
    typed = {name: request.form.get(name, "") for name in ("organization", "name", "email")}
    try:
        step = sign_in.begin_start(
            current.unit(),
            link,
            browser=current.browser(),
            organization=typed["organization"],
            name=typed["name"],
            address=typed["email"],
        )
    except InvalidInputError as error:
        page = StartPage(action, Form(values=typed, errors={error.field or "email": error.sentence}))
        return show("start.html", page, status=400)
    return follow(step)

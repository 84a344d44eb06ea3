"""Signing in: the address, the code, the first administrator's link, recovery, and the door for identity providers."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from app.rules.connections import ConnectionKind, Verify
from app.rules.errors import InvalidInputError
from app.rules.sessions import SessionKind
from app.services import connections, organizations, recovery, sessions, sign_in
from app.services.flows import Purpose
from app.services.steps import AskCode, GoToProvider, NextStep, SignedIn, Tested, TurnedAway
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.authentication import RecoveryCodesPage
from app.web.presentation.elements import Fact, Form, Notice
from app.web.presentation.sign_in import (
    AddressPage,
    CodePage,
    LeavingPage,
    LinkSpentPage,
    RecoverPage,
    RecoverRequestPage,
    RefusedPage,
    StartPage,
)
from app.web.return_to import asked_for, sign_in_address
from app.web.shell import development_notice, show

_HOME = "/settings/authentication"
_CODE_TEMPLATES = {Purpose.RECOVER: "recover_code.html"}
_START_SPENT = LinkSpentPage("This start link was used already or has expired.", "./doorward start-link")
_RECOVER_SPENT = LinkSpentPage("This recovery link was used already or has expired.", "./doorward recover ADDRESS")


class Door:
    """Where SAML and OIDC hand over what the browser brings back; the same for every kind of connection."""

    def __init__(self, kinds: Mapping[str, ConnectionKind]) -> None:
        self._kinds = kinds

    def start(self, connection_id: str) -> ResponseReturnValue:
        """Begin a sign-in through this connection."""
        with current.transactions().writing() as unit:
            step = sign_in.begin_through(unit, connection_id, browser=current.browser())
        assert isinstance(step, GoToProvider)
        return redirect(self.provider_url(step))

    def receive(self, connection_id: str, *, handle: str, verify: Verify) -> ResponseReturnValue:
        """Spend the flow, verify outside any transaction, then go on."""
        transactions = current.transactions()
        with transactions.writing() as unit:
            arrival = sign_in.claim_arrival(unit, connection_id, handle=handle, browser=current.browser())
        if isinstance(arrival, TurnedAway):
            return follow(arrival, self)
        result = verify(arrival.revision, arrival.protocol_flow, transactions.ports.clock.now())
        with transactions.writing() as unit:
            step = sign_in.arrive(unit, arrival, browser=current.browser(), result=result)
        return follow(step, self)

    def exists(self, connection_id: str) -> bool:
        """Whether there is such a connection."""
        with current.transactions().reading() as unit:
            return connections.exists(unit, connection_id)

    def provider_url(self, step: GoToProvider) -> str:
        """Where to send the browser."""
        return self._kinds[step.protocol].start(step.revision, step.flow)


def create_blueprint(door: Door) -> Blueprint:
    """The pages of signing in."""
    pages = Blueprint("sign_in", __name__)
    _add_pages(pages, door)
    _add_recovery(pages, door)
    _add_links(pages, door)
    return pages


def _add_pages(pages: Blueprint, door: Door) -> None:
    @pages.get("/")
    def home() -> ResponseReturnValue:
        person = current.signed_in_or_none()
        if person is None:
            return redirect("/sign-in")
        return redirect(_HOME if person.is_admin else "/profile")

    @pages.route("/sign-in", methods=["GET", "POST"])
    def address() -> ResponseReturnValue:
        if request.method == "GET":
            notice = Notice("success", "You are signed out.") if "signed-out" in request.args else None
            page = AddressPage(notice=notice, development=development_notice(), return_to=asked_for())
            return show("sign_in/address.html", page)
        return _begin(door, Purpose.SIGN_IN)

    @pages.post("/sign-in/code")
    def code() -> ResponseReturnValue:
        step = sign_in.enter_code(
            current.unit(),
            request.args.get("flow", ""),
            browser=current.browser(),
            code=request.form.get("code", ""),
            recovery_code=request.form.get("recovery_code"),
        )
        return follow(step, door)

    @pages.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        person = current.signed_in_or_none()
        if person is not None:
            sessions.end(current.unit(), person.member_id, person.session_id, reason="signed_out")
        return current.sign_out_browser(see("/sign-in?signed-out"))


def _add_recovery(pages: Blueprint, door: Door) -> None:
    @pages.route("/recover", methods=["GET", "POST"])
    def recover() -> ResponseReturnValue:
        if request.method == "GET":
            return show("recover_request.html", RecoverRequestPage(development=development_notice()))
        return _begin(door, Purpose.RECOVER)


def _add_links(pages: Blueprint, door: Door) -> None:
    @pages.route("/start/<token>", methods=["GET", "POST"])
    def start(token: str) -> ResponseReturnValue:
        link = recovery.find_link(current.unit(), kind="start", token=token)
        if link is None:
            return show("link_spent.html", _START_SPENT, status=410)
        if request.method == "GET":
            return show("start.html", StartPage(f"/start/{token}"))
        return _begin_start(door, link, action=f"/start/{token}")

    @pages.route("/recover/<token>", methods=["GET", "POST"])
    def recover_by_link(token: str) -> ResponseReturnValue:
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
        return follow(sign_in.open_recovery(unit, member, flow=None, how="the server's own command line"), door)


def follow(step: NextStep, door: Door) -> ResponseReturnValue:
    """The answer to whatever `next_step` decided: a page or a redirect, and the session cookie when there is one."""
    match step:
        case AskCode():
            return _code_page(step)
        case GoToProvider():
            url = door.provider_url(step)
            return show("sign_in/leaving.html", LeavingPage(provider="your identity provider", url=url))
        case SignedIn():
            return current.sign_in_browser(_welcome(step), step.token)
        case Tested():
            return see(f"/settings/connections/{step.connection_id}/tests/{step.flow_id}")
        case TurnedAway():
            return _turned_away(step)


def _begin(door: Door, purpose: Purpose) -> ResponseReturnValue:
    """Begin, and follow only after the commit: building a provider's URL may fetch its discovery document."""
    typed = request.form.get("email", "")
    try:
        with current.transactions().writing() as unit:
            step = sign_in.begin(unit, address=typed, browser=current.browser(), purpose=purpose, return_to=asked_for())
    except InvalidInputError as error:
        form = Form(values={"email": typed}, errors={"email": error.sentence})
        if purpose is Purpose.RECOVER:
            recover = RecoverRequestPage(form=form, development=development_notice())
            return show("recover_request.html", recover, status=400)
        page = AddressPage(form=form, development=development_notice(), return_to=asked_for())
        return show("sign_in/address.html", page, status=400)
    return follow(step, door)


def _begin_start(door: Door, link: recovery.Link, *, action: str) -> ResponseReturnValue:
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
    return follow(step, door)


def _code_page(step: AskCode) -> Response:
    errors = {"code": "That is not the code. Check the latest message."} if step.wrong else {}
    page = CodePage(
        email=step.email,
        action=f"/sign-in/code?flow={step.flow_id}",
        form=Form(errors=errors),
        development=development_notice(),
        provider="Your identity provider",
        again_href=sign_in_address(step.return_to),
    )
    template = "sign_in/first_link.html" if step.links_admin else _CODE_TEMPLATES.get(step.purpose, "sign_in/code.html")
    return show(template, page, status=400 if step.wrong else 200)


def _welcome(step: SignedIn) -> Response:
    if not step.codes:
        return see(step.return_to or "/")
    unit = current.unit()
    name = organizations.read(unit, step.member.organization_id).name
    page = RecoveryCodesPage(organization=name, codes=step.codes, made=moment(unit.now, now=unit.now))
    template = "recovered.html" if step.kind is SessionKind.RECOVERY else "start_done.html"
    return show(template, page, session_token=step.token)


def _turned_away(step: TurnedAway) -> Response:
    now = current.transactions().ports.clock.now()
    reference = step.reference or current.reference()
    page = RefusedPage(
        sentence=step.refused.sentence,
        code=step.refused.facts.get("name", step.refused.code),
        reference=reference,
        at=moment(now, now=now),
        it_facts=(Fact("What to do", step.refused.fix),) if step.refused.fix else (),
    )
    return show("sign_in/refused.html", page, status=403)


def see(location: str) -> Response:
    """After a form: look there with a GET."""
    response = Response(status=303)
    response.headers["Location"] = location
    return response

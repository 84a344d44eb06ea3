"""Signing out: what the signed-out page says, and the way out for identity providers, which asks and tells."""

from __future__ import annotations

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.rules.identity import Rejection
from app.rules.logout import LoggedOut, LogoutRefused, SignOutOutcome, VerifyLogout, VerifyReturn
from app.services import logouts, sessions, sign_outs
from app.services.sign_outs import Offer
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.elements import Notice
from app.web.presentation.sign_in import RefusedPage
from app.web.shell import see, show

_SIGNED_OUT = "You are signed out."
_RETURNED = {
    SignOutOutcome.DONE: "You are signed out at {name} too.",
    SignOutOutcome.PARTIAL: "You are signed out at {name} too, but it could not sign you out of every application.",
    SignOutOutcome.FAILED: "{name} could not sign you out. Sign out there yourself.",
    SignOutOutcome.UNVERIFIED: "Whether you are signed out at {name} is not known: its answer could not be verified.",
}


def signed_out_page(handle: str | None = None) -> Response:
    """Where a browser goes that has signed out; `handle` names what the page has to say beside that."""
    return see(f"/sign-in?signed-out={handle}" if handle else "/sign-in?signed-out")


def notice(handle: str) -> Notice:
    """What the signed-out page says: that it is so, and the way on to the identity provider, or what came back from
    there.
    """
    found = sign_outs.look_at(current.unit(), handle, browser=current.browser()) if handle else None
    if found is None:
        return Notice("success", _SIGNED_OUT)
    if not isinstance(found, Offer):
        tone = "success" if found.outcome is SignOutOutcome.DONE else "warning"
        return Notice(tone, _SIGNED_OUT, detail=_RETURNED[found.outcome].format(name=found.name))
    url = current.kinds()[found.protocol].sign_out(found.revision, found.session, found.sign_out)
    if url is None:
        return Notice("success", _SIGNED_OUT)
    return Notice(
        "success",
        _SIGNED_OUT,
        detail=f"You may still be signed in at {found.name}.",
        link_label=f"Also sign out at {found.name}",
        link_href=url,
    )


class WayOut:
    """Where SAML and OIDC hand over logouts; the same for every kind of connection."""

    def told(self, connection_id: str, *, protocol: str, verify: VerifyLogout) -> LoggedOut | LogoutRefused:
        """Verify outside any transaction, then end what rests on it."""
        transactions = current.transactions()
        with transactions.reading() as unit:
            to = logouts.addressed(unit, connection_id, protocol=protocol)
        result = verify(to.revision, transactions.ports.clock.now())
        with transactions.writing() as unit:
            refused = logouts.end(unit, to, result)
        if refused is not None:
            return refused
        assert not isinstance(result, Rejection)  # which would have been refused
        return LoggedOut(to.revision, result)

    def returned(self, connection_id: str, *, protocol: str, handle: str, verify: VerifyReturn) -> ResponseReturnValue:
        """Keep what the provider answered for the page that says so; what nobody asked for is not looked at."""
        transactions, browser = current.transactions(), current.browser()
        with transactions.reading() as unit:
            found = sign_outs.awaited(unit, connection_id, protocol=protocol, handle=handle, browser=browser)
        if found is None:
            return signed_out_page()
        result = verify(found.revision, found.request_id, transactions.ports.clock.now())
        with transactions.writing() as unit:
            sign_outs.come_back(unit, found, result, browser=browser)
        return signed_out_page(handle)

    def refused(self, refused: LogoutRefused) -> ResponseReturnValue:
        """The page that says so, with what to hand to IT."""
        now = current.transactions().ports.clock.now()
        page = RefusedPage(
            heading="You could not be signed out",
            sentence=refused.rejection.sentence,
            code=refused.rejection.name,
            reference=refused.reference or current.reference(),
            at=moment(now, now=now),
            on_record=bool(refused.reference),
            it_fix=refused.rejection.fix,
            retry_href="/",
        )
        return show("sign_in/refused.html", page, status=403)

    def leave(self, url: str | None) -> ResponseReturnValue:
        """Send the browser on; if it was signed in by one of the sessions that have just ended, it forgets that one."""
        answer = see(url) if url is not None else signed_out_page()
        token = request.cookies.get(current.SESSION_COOKIE)
        if token is None:
            return answer
        with current.transactions().reading() as unit:
            is_over = sessions.recognise(unit, token) is None
        return current.sign_out_browser(answer) if is_over else answer

"""The door for identity providers: where SAML and OIDC hand over who begins a sign-in and what a browser brings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

from flask import redirect, request
from flask.typing import ResponseReturnValue

from app.rules.connections import ConnectionKind, Revision, Verify, VerifyUnsolicited, Wish
from app.rules.domains import normalize_address
from app.rules.errors import InvalidInputError
from app.rules.return_to import read_target
from app.services import answers, connection_settings, sign_in
from app.services.steps import GoToProvider, NextStep, TurnedAway
from app.services.unit_of_work import UnitOfWork
from app.web import consent
from app.web import request as current
from app.web.following import follow


class Door:
    """Where SAML and OIDC hand over what the browser brings back; the same for every kind of connection."""

    def __init__(self, kinds: Mapping[str, ConnectionKind]) -> None:
        self._kinds = kinds

    def start(self, connection_id: str, *, protocol: str, wish: Wish | None = None) -> ResponseReturnValue:
        """Begin a sign-in through this connection."""
        with current.transactions().writing() as unit:
            step = _begin_through(unit, connection_id, protocol, wish)
        assert isinstance(step, GoToProvider)
        code = HTTPStatus.SEE_OTHER if request.method == "POST" else HTTPStatus.FOUND
        return redirect(self._kinds[step.protocol].start(step.revision, step.flow), code)

    def receive(
        self,
        connection_id: str,
        *,
        protocol: str,
        handle: str,
        verify: Verify,
        unsolicited: VerifyUnsolicited | None = None,
    ) -> ResponseReturnValue:
        """Spend the flow, verify outside any transaction, then go on."""
        transactions = current.transactions()
        with transactions.writing() as unit:
            arrival = answers.claim_arrival(
                unit, connection_id, protocol=protocol, handle=handle, browser=current.browser()
            )
        if isinstance(arrival, TurnedAway):
            step: NextStep = arrival
            if unsolicited is not None:
                step = consent.receive(connection_id, protocol=protocol, target=handle, verify=unsolicited)
            return follow(step)
        result = verify(arrival.revision, arrival.protocol_flow, transactions.ports.clock.now())
        with transactions.writing() as unit:
            step = answers.arrive(unit, arrival, browser=current.browser(), result=result)
        return follow(step)

    def described(self, connection_id: str, *, protocol: str) -> Revision:
        """The settings that a connection is being set up with."""
        with current.transactions().reading() as unit:
            return connection_settings.described(unit, connection_id, protocol=protocol)


def _begin_through(unit: UnitOfWork, connection_id: str, protocol: str, wish: Wish | None) -> NextStep:
    """Through this connection, and as somebody else wants it as far as that is harmless."""
    begin = partial(sign_in.begin_through, unit, connection_id, protocol=protocol, browser=current.browser())
    if wish is None:
        return begin()
    target = read_target(wish.target, base_url=current.transactions().ports.base_url)
    step = begin(email=_address_in(wish.email), return_to=target)
    assert isinstance(step, GoToProvider)
    wish.check(step.revision)
    return step


def _address_in(text: str) -> str:
    try:
        return normalize_address(text)
    except InvalidInputError:
        return ""

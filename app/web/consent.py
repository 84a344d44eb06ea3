"""Sign-ins that the identity provider begins: what it posts is taken, and the person is asked before anything else."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from app.rules.connections import VerifyUnsolicited
from app.rules.errors import InvalidInputError
from app.rules.identity import Unverified
from app.rules.return_to import read_target
from app.services import connection_settings, unsolicited
from app.services.steps import FLOW_EXPIRED, NextStep, TurnedAway
from app.web import request as current
from app.web.following import follow
from app.web.shell import see

_AGREED, _DECLINED = "continue", "not-me"


def receive(connection_id: str, *, protocol: str, target: str, verify: VerifyUnsolicited) -> NextStep:
    """Verify outside any transaction what no sign-in of this browser waits for. `target` is where the provider wants
    the person to be led.
    """
    transactions = current.transactions()
    with transactions.reading() as unit:
        revision = connection_settings.in_force(unit, connection_id, protocol=protocol)
    if revision is None:
        return TurnedAway(FLOW_EXPIRED)
    result = verify(revision, transactions.ports.clock.now())
    if isinstance(result, Unverified):
        return unsolicited.without_record(result)
    with transactions.writing() as unit:
        return_to = read_target(target, base_url=transactions.ports.base_url)
        return unsolicited.arrive(unit, revision, browser=current.browser(), result=result, return_to=return_to)


def decided() -> ResponseReturnValue:
    """The page was answered. Raises InvalidInputError where it was not."""
    answer = request.form.get("answer")
    if answer not in {_AGREED, _DECLINED}:
        raise InvalidInputError("Say whether you want to be signed in.", field="answer")
    agreed = answer == _AGREED
    step = unsolicited.decide(current.unit(), request.args.get("flow", ""), browser=current.browser(), agreed=agreed)
    if agreed or not isinstance(step, TurnedAway) or step.refused is FLOW_EXPIRED:
        return follow(step)
    return see("/sign-in?declined" if current.signed_in_or_none() is None else "/")

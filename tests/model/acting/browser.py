"""Who comes to a real organization through a browser: signs in, tests the connection, spends a recovery code."""

from __future__ import annotations

from collections.abc import Callable

from app.rules.identity import UNKNOWN_GROUPS, ReceivedGroups
from app.services import answers, members, recovery, sign_in
from app.services.steps import AskCode, GoToProvider, SignedIn, Tested, TurnedAway
from tests.model.stage import Stage
from tests.model.steps import Step
from tests.model.world import GROUPS, NAMES, UNKNOWN
from tests.services.single_sign_on import identity_of


def come(stage: Stage, step: Step) -> None:
    """Do it; whoever comes in a small world is let in here."""
    verb, *arguments = step.action
    VERBS[str(verb)](stage, step, *arguments)


def _spend(stage: Stage, _: Step, who: int) -> None:
    with stage.world.transactions.writing() as unit:
        row = members.read(unit, stage.organization.id, stage.rows()[who].id)
        assert recovery.spend(unit, stage.organization.id, code=stage.codes.pop(), by=row)


def _email(stage: Stage, step: Step, who: int) -> None:
    """At most five codes in a quarter of an hour are mailed to one address."""
    stage.world.clock.advance(minutes=4)
    address = stage.address(who, step.after.people[who].host)
    with stage.world.transactions.writing() as unit:
        asked = sign_in.begin(unit, address=address, browser="browser")
    _enter_code(stage, asked, address)


def _enter_code(stage: Stage, asked: object, address: str) -> None:
    assert isinstance(asked, AskCode), asked
    stage.world.work()
    code = stage.world.post.code_for(address)
    with stage.world.transactions.writing() as unit:
        step = answers.enter_code(unit, asked.flow_id, browser="browser", code=code)
    assert isinstance(step, SignedIn), step


def _through_provider(stage: Stage, step: Step, who: int, sent: int) -> None:
    stage.world.clock.advance(minutes=4)
    outcome = _come_back(stage, step, who, sent, is_test=False)
    if isinstance(outcome, AskCode):
        _enter_code(stage, outcome, outcome.email)
    else:
        assert isinstance(outcome, SignedIn), outcome


def _test(stage: Stage, step: Step, who: int, sent: int) -> None:
    outcome = _come_back(stage, step, who, sent, is_test=True)
    assert isinstance(outcome, Tested), outcome


def _come_back(stage: Stage, step: Step, who: int, sent: int, *, is_test: bool) -> object:
    row = stage.rows().get(who)
    address = row.email if row else stage.address(who, step.after.people[who].host)
    groups = frozenset(name for group, name in enumerate(GROUPS) if sent >> group & 1)
    identity = identity_of(
        stage.world,
        address,
        subject=f"{NAMES[who]} of {stage.organization.id}",
        groups=UNKNOWN_GROUPS if sent == UNKNOWN else ReceivedGroups.of(groups),
    )
    with stage.world.transactions.writing() as unit:
        tester = members.read(unit, stage.organization.id, row.id) if is_test and row else None
        left = sign_in.begin_through(unit, stage.connection_id, browser="browser", tester=tester)
    assert isinstance(left, GoToProvider)
    with stage.world.transactions.writing() as unit:
        arrival = answers.claim_arrival(
            unit, stage.connection_id, protocol="saml", handle=left.flow.handle, browser="browser"
        )
    assert not isinstance(arrival, TurnedAway)
    with stage.world.transactions.writing() as unit:
        return answers.arrive(unit, arrival, browser="browser", result=identity)


VERBS: dict[str, Callable[..., None]] = {
    "spend": _spend,
    "email": _email,
    "through_provider": _through_provider,
    "test": _test,
}

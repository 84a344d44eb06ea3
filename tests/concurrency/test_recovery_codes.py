"""A recovery code that two browsers use at the same moment opens recovery once; a new set voids it or comes later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread

import pytest
from sqlalchemy import delete, select

from app.services import members, recovery, sign_in
from app.services.flows import Purpose
from app.services.steps import AskCode
from app.store.sign_ins import RecoveryCode, SignInFlow, SignInSession
from tests.application import OPERATOR_TOKEN, World
from tests.concurrency.rivals import Call, Processes, Rivals, send
from tests.scenes import ADA, Organization, found_organization

ROUNDS = 25
_WAITS_AT_MOST = 30.0
#: The answers of a browser that came in: on to the settings, or the page with the new set after the last code.
IN, NEW_SET, REFUSED = 303, 200, 403


def test_one_code_opens_recovery_once_in_every_round(world: World, database_url: str, processes: Processes) -> None:
    organization = found_organization(world)

    with processes.meet(database_url) as both:
        outcomes = [_spend_twice(organization, both) for _ in range(ROUNDS)]

    assert outcomes == [((IN, REFUSED), 1, 9)] * ROUNDS


def test_the_last_code_opens_recovery_once_and_makes_one_new_set_in_every_round(
    world: World, database_url: str, processes: Processes
) -> None:
    organization = found_organization(world)

    with processes.meet(database_url) as both:
        outcomes = [_spend_twice(organization, both, is_last=True) for _ in range(ROUNDS)]

    assert outcomes == [((NEW_SET, REFUSED), 1, 10)] * ROUNDS


def test_code_used_while_a_new_set_is_made_is_spent_before_it_or_void_in_every_round(
    world: World, database_url: str, processes: Processes
) -> None:
    organization = found_organization(world)

    with processes.meet(database_url) as both:
        outcomes = [_spend_while_replaced(organization, both) for _ in range(ROUNDS)]

    assert {codes for codes, _, _ in outcomes} <= {(IN, 201), (REFUSED, 201)}
    assert all(sessions == (codes[0] == IN) and left == 10 for codes, sessions, left in outcomes)


def test_code_that_waits_while_a_new_set_is_made_is_void(world: World) -> None:
    organization = found_organization(world)
    call = _use(organization, _new_set(organization))

    with world.transactions.writing() as unit:
        recovery.make_codes(unit, organization.id)
        unit.flush()
        answered = _waiting(world, call)

    assert answered() == REFUSED
    assert _left(organization) == (0, 10)


def test_new_set_that_waits_while_a_code_is_spent_comes_after_it(world: World) -> None:
    organization = found_organization(world)
    code = _new_set(organization)
    path = f"/api/v1/organizations/{organization.id}/recovery-codes"

    with world.transactions.writing() as unit:
        ada = members.read(unit, organization.id, organization.admin_id)
        assert recovery.spend(unit, organization.id, code=code, by=ada) is not None
        answered = _waiting(world, Call("POST", path, {}, OPERATOR_TOKEN))

    assert answered() == 201
    with world.transactions.reading() as unit:
        assert not recovery.is_unused(unit, organization.id, code=code)
        assert recovery.state(unit, organization.id).unused == 10


def test_without_the_lock_one_code_opens_recovery_twice(world: World, database_url: str, processes: Processes) -> None:
    """Shows that the rounds above can fail. SQLite is left out: there the lock is the writing transaction itself."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time; its lock cannot be taken out")
    organization = found_organization(world)

    with processes.meet(database_url, with_lock=False) as both:
        codes = {_spend_twice(organization, both)[0] for _ in range(ROUNDS)}

    assert (IN, IN) in codes


def _waiting(world: World, call: Call) -> Callable[[], int]:
    """Begin a request that has to wait for the lock; what it is answered, once it does not any more."""
    answers: list[int] = []
    thread = Thread(target=lambda: answers.append(send(world.program, call).status_code), daemon=True)
    thread.start()
    thread.join(0.5)
    assert thread.is_alive(), "the request did not wait"

    def answered() -> int:
        thread.join(_WAITS_AT_MOST)
        return answers[0]

    return answered


def _spend_twice(
    organization: Organization, both: Rivals, *, is_last: bool = False
) -> tuple[tuple[int, ...], int, int]:
    """Status codes, recovery sessions that were opened, and codes that are left."""
    code = _new_set(organization, only=1 if is_last else 10)
    codes = both.play(_use(organization, code), _use(organization, code))
    return tuple(sorted(codes, key=lambda status: status == REFUSED)), *_left(organization)


def _spend_while_replaced(organization: Organization, both: Rivals) -> tuple[tuple[int, int], int, int]:
    code = _new_set(organization)
    path = f"/api/v1/organizations/{organization.id}/recovery-codes"
    return both.play(_use(organization, code), Call("POST", path, {}, OPERATOR_TOKEN)), *_left(organization)


def _new_set(organization: Organization, *, only: int = 10) -> str:
    """A fresh set of which `only` so many are left; one of those. What an earlier round left is gone."""
    with organization.world.transactions.writing() as unit:
        for table in (SignInFlow, SignInSession):
            unit.session.execute(delete(table))
        codes = recovery.make_codes(unit, organization.id)
        unit.session.flush()
        rows = unit.session.scalars(select(RecoveryCode).order_by(RecoveryCode.id)).all()
        for row in rows[only:]:
            row.used_at = unit.now
        return codes[0]


def _use(organization: Organization, code: str) -> Call:
    """A browser that has the emailed code and is about to send both."""
    world = organization.world
    world.clock.time = datetime.now(UTC)  # the rivals live in real time
    browser = world.transactions.ports.randomness.token()
    with world.transactions.writing() as unit:
        step = sign_in.begin(unit, address=ADA, browser=browser, purpose=Purpose.RECOVER)
        form_token = unit.ports.sealing.code_digests(browser, place="form")[0]
    assert isinstance(step, AskCode)
    world.work()
    form = {"form_token": form_token, "code": world.post.code_for(ADA), "recovery_code": code}
    return Call("POST", f"/sign-in/code?flow={step.flow_id}", None, browser, form=form)


def _left(organization: Organization) -> tuple[int, int]:
    with organization.world.transactions.reading() as unit:
        sessions = unit.session.scalars(select(SignInSession).where(SignInSession.kind == "recovery")).all()
        return len(sessions), recovery.state(unit, organization.id).unused

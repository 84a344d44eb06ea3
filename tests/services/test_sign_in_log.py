"""The record of attempts to sign in: what is given up, found, forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.rules.actor import OPERATOR
from app.rules.attempts import OUTCOMES, AttemptFilter, Ending, Outcome
from app.rules.errors import NotFoundError
from app.rules.identity import Rejection
from app.rules.sessions import FLOW
from app.services import connections, sign_in, sign_in_log, worker
from app.services.steps import GoToProvider, SignedIn
from app.services.worker import Keep, PeriodicJob
from app.store.attempts import SignInRecord
from app.store.sign_ins import SignInFlow
from tests.application import World
from tests.scenes import ADA, GRACE, found_organization
from tests.services.single_sign_on import SingleSignOn, identity_of, required

KEEP = Keep(scim_requests=timedelta(days=90), sign_ins=timedelta(days=90))


def jobs(world: World) -> tuple[PeriodicJob, ...]:
    return worker.periodic(KEEP, world.program.read_metadata, world.program.kinds)


LIN = "lin@acme.test"


def go(scene: SingleSignOn, email: str) -> None:
    """Somebody types their address, is sent to the identity provider, and never comes back."""
    with scene.world.transactions.writing() as unit:
        assert isinstance(sign_in.begin(unit, address=email, browser=f"browser of {email}"), GoToProvider)


def log(scene: SingleSignOn, wanted: AttemptFilter | None = None) -> list[SignInRecord]:
    with scene.world.transactions.reading() as unit:
        return list(
            sign_in_log.feed(unit, scene.organization.id, wanted=wanted or AttemptFilter(), after="", limit=500)
        )


def test_who_is_at_the_identity_provider_is_under_way_until_the_time_is_over(world: World) -> None:
    scene = required(world)
    go(scene, GRACE)
    go(scene, LIN)

    with world.transactions.reading() as unit:
        assert [flow.email for flow in sign_in_log.away(unit, scene.organization.id, limit=10)] == [LIN, GRACE]
        assert len(sign_in_log.away(unit, scene.organization.id, limit=1)) == 1
    assert isinstance(scene.come_back(identity_of(world, GRACE)), SignedIn)
    world.clock.advance(minutes=FLOW // timedelta(minutes=1) + 1)
    with world.transactions.reading() as unit:
        assert sign_in_log.away(unit, scene.organization.id, limit=10) == []


def test_whoever_never_comes_back_is_put_on_record_once_as_timed_out(world: World) -> None:
    scene = required(world)
    before = len(log(scene))
    go(scene, GRACE)
    world.work()
    assert len(log(scene)) == before
    world.clock.advance(minutes=11)

    world.work()
    world.clock.advance(minutes=2)
    world.work()

    (record,) = log(scene)[before:]
    assert (record.outcome, record.reason, record.email) == (Outcome.TIMED_OUT, "no_answer", GRACE)
    assert record.connection_id == scene.connection_id
    assert record.detail["fix"]


def test_test_that_is_never_answered_is_its_testers(world: World) -> None:
    scene = required(world)
    with world.transactions.writing() as unit:
        admin = scene.organization.member(ADA)
        assert isinstance(sign_in.begin_through(unit, scene.connection_id, browser="b", tester=admin), GoToProvider)
    world.clock.advance(minutes=11)

    world.work()

    record = log(scene)[-1]
    assert (record.outcome, record.purpose, record.member_id) == (Outcome.TIMED_OUT, "test", admin.id)


def test_whoever_did_come_back_but_was_refused_is_not_told_never_to_have(world: World) -> None:
    scene = required(world)
    before = len(log(scene))
    arrival = scene.leave()
    with world.transactions.writing(OPERATOR) as unit:
        connections.to_deactivate(unit, scene.organization.id, scene.connection_id).apply()
    scene.arrive(arrival, identity_of(world, GRACE))

    with world.transactions.reading() as unit:
        assert sign_in_log.away(unit, scene.organization.id, limit=10) == []
    world.clock.advance(minutes=11)
    world.work()

    assert len(log(scene)) == before


def test_what_was_left_while_no_worker_ran_for_days_is_on_record_all_the_same(world: World) -> None:
    scene = required(world)
    go(scene, GRACE)
    world.clock.advance(hours=72)

    worker.run_due(world.transactions, jobs(world))

    assert (log(scene)[-1].outcome, log(scene)[-1].email) == (Outcome.TIMED_OUT, GRACE)


def test_flood_is_closed_some_at_a_time_because_mail_waits_for_it(world: World) -> None:
    scene = required(world)
    with world.transactions.writing() as unit:
        for number in range(520):
            sign_in.begin(unit, address=f"nobody{number}@acme.test", browser="b")
    world.clock.advance(minutes=11)

    sign_in_log.give_up(world.transactions)

    with world.transactions.reading() as unit:
        left = unit.session.query(SignInFlow).where(SignInFlow.spent_at.is_(None), SignInFlow.handle.is_not(None))
        assert left.count() == 20
    sign_in_log.give_up(world.transactions)
    assert len([one for one in log(scene) if one.outcome == Outcome.TIMED_OUT]) == 100


def test_flood_of_sign_ins_that_nobody_answers_is_recorded_a_hundred_times_an_hour(world: World) -> None:
    scene = required(world)
    before = len(log(scene))
    for number in range(120):
        go(scene, f"nobody{number}@acme.test")
    world.clock.advance(minutes=11)

    world.work()

    assert len(log(scene)) == before + 100
    with world.transactions.reading() as unit:
        assert sign_in_log.away(unit, scene.organization.id, limit=10) == []
    world.clock.advance(hours=2)
    go(scene, GRACE)
    world.clock.advance(minutes=11)
    world.work()
    assert log(scene)[-1].email == GRACE


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [ADA, ADA, GRACE, LIN]),
        ({"outcomes": OUTCOMES[Ending.SUCCEEDED]}, [ADA, ADA, GRACE]),
        ({"outcomes": OUTCOMES[Ending.FAILED]}, [LIN]),
        ({"outcomes": frozenset()}, []),
        ({"purposes": frozenset({"test"})}, [ADA]),
        ({"person": "grace"}, [GRACE]),
        ({"person": "acme.test"}, [ADA, ADA, GRACE, LIN]),
        ({"person": "%"}, []),
        ({"connection_id": "conn_other"}, []),
        ({"person": "a", "outcomes": OUTCOMES[Ending.FAILED]}, [LIN]),
    ],
)
def test_conditions_of_a_filter_add_up(world: World, wanted: dict[str, object], expected: list[str]) -> None:
    scene = required(world)
    world.clock.advance(seconds=1)
    scene.come_back(identity_of(world, GRACE))
    rejected(scene)

    found = log(scene, AttemptFilter(**wanted))  # type: ignore[arg-type]  # its own fields
    names = {scene.organization.member(email).id: email for email in (ADA, GRACE)}

    assert [names.get(record.member_id or "", record.email) for record in found] == expected


def rejected(scene: SingleSignOn) -> None:
    """What the provider sent for Lin is not accepted; half a character in it does not keep anybody from being found."""
    world, browser = scene.world, f"browser of {LIN}"
    arrival = scene.leave(browser=browser)
    scene.arrive(arrival, Rejection(name="signature_invalid", sentence="No.", received="\ud800"), browser=browser)
    with world.transactions.writing() as unit:
        record = unit.session.query(SignInRecord).order_by(SignInRecord.id.desc()).first()
        assert record is not None
        record.email = LIN


def test_times_of_a_filter_include_the_first_and_leave_out_the_last(world: World) -> None:
    scene = required(world)
    world.clock.advance(hours=1)
    scene.come_back(identity_of(world, GRACE))
    at = world.clock.now()

    assert [one.member_id for one in log(scene, AttemptFilter(since=at))] == [scene.organization.member(GRACE).id]
    assert log(scene, AttemptFilter(since=at, until=at)) == []
    assert len(log(scene, AttemptFilter(until=at))) == len(log(scene)) - 1


def test_pages_lead_to_what_is_older_and_back(world: World) -> None:
    scene = required(world)
    for _ in range(4):
        scene.come_back(identity_of(world, GRACE))
    everything = [record.id for record in log(scene)][::-1]

    with world.transactions.reading() as unit:
        newest = sign_in_log.page(unit, scene.organization.id, limit=2)
        older = sign_in_log.page(unit, scene.organization.id, before=newest.older, limit=2)
        oldest = sign_in_log.page(unit, scene.organization.id, before=older.older, limit=2)
        back = sign_in_log.page(unit, scene.organization.id, after=older.newer, limit=2)

    pages = [[record.id for record in one.records] for one in (newest, older, oldest)]
    assert [id_ for page in pages for id_ in page] == everything
    assert (newest.newer, oldest.older) == ("", "")
    assert [record.id for record in back.records] == pages[0]


def test_attempts_are_forgotten_after_their_days(world: World) -> None:
    scene = required(world)
    world.clock.advance(hours=24 * 89)
    worker.run_due(world.transactions, jobs(world))
    assert log(scene)
    scene.come_back(identity_of(world, GRACE))
    world.clock.advance(hours=48)

    worker.run_due(world.transactions, jobs(world))

    assert [record.member_id for record in log(scene)] == [scene.organization.member(GRACE).id]


def test_nothing_of_another_organization_is_read(world: World) -> None:
    scene = required(world)
    go(scene, GRACE)
    eve = found_organization(world, "eve@evil.test", "Evil")

    with world.transactions.reading() as unit:
        assert sign_in_log.away(unit, eve.id, limit=10) == []
        theirs = {record.id for record in sign_in_log.feed(unit, eve.id, after="", limit=100)}
        assert not theirs & {record.id for record in log(scene)}
        with pytest.raises(NotFoundError):
            sign_in_log.feed(unit, "org_none", after="", limit=10)

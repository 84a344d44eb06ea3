"""Codes of one app typed at the same moment, and people of one organization who confirm at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from app.rules.actor import OPERATOR
from app.rules.factors import Verdict
from app.services import confirmations, factors, members, sessions
from app.services.flows import Purpose
from app.store import factors as factor_rows
from tests.application import World
from tests.scenes import ADA, found_organization
from tests.services.test_sign_in import add_member

TOGETHER = 4


def at_once(world: World, code: str, times: int = 1) -> list[Verdict]:
    """What becomes of the same code in several browsers at the same moment."""
    gate = Barrier(TOGETHER)

    def type_it(_: int) -> list[Verdict]:
        gate.wait()
        found = []
        for _try in range(times):
            with world.transactions.writing() as unit:
                found.append(factors.check(unit, members.by_email(unit, ADA), code).verdict)
        return found

    with ThreadPoolExecutor(TOGETHER) as pool:
        return [verdict for found in pool.map(type_it, range(TOGETHER)) for verdict in found]


def test_code_typed_in_several_browsers_at_once_is_taken_once(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    with world.transactions.writing(OPERATOR) as unit:
        backup = factors.make_backup_codes(unit, members.by_email(unit, ADA))
    assert isinstance(backup, tuple)

    assert at_once(world, app.code()).count(Verdict.RIGHT) == 1
    assert at_once(world, backup[0]).count(Verdict.RIGHT) == 1


def test_wrong_codes_typed_at_once_are_counted_one_by_one(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()

    verdicts = at_once(world, app.wrong_code(), times=4)

    assert verdicts.count(Verdict.WRONG) == 4
    assert verdicts.count(Verdict.LOCKED) == 12
    with world.transactions.reading() as unit:
        factor = factor_rows.of_member(unit.session, organization.admin_id)
        assert factor is not None
        assert factor.wrong_in_a_day == 5


def test_people_of_one_organization_who_confirm_at_once_do_not_block_each_other(world: World) -> None:
    organization = found_organization(world)
    people = [f"person{number}@acme.test" for number in range(TOGETHER)]
    for email in people:
        add_member(organization, email)
    tokens = {email: organization.open_session(email) for email in people}
    gate = Barrier(TOGETHER)

    def confirm(email: str) -> int:
        gate.wait()
        for _ in range(5):
            with world.transactions.writing() as unit:
                person = sessions.recognise(unit, tokens[email])
                assert person is not None
                member = members.by_email(unit, email)
                confirmations.begin(
                    unit, Purpose.ENROLL, member, session_id=person.session_id, browser="b", return_to="/profile"
                )
        return 5

    with ThreadPoolExecutor(TOGETHER) as pool:
        assert list(pool.map(confirm, people)) == [5] * TOGETHER

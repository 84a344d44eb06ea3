"""Authenticator apps: set up, asked for, used once, locked, replaced, reset, and kept from readers of the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.rules.actor import OPERATOR, Actor
from app.rules.decisions import Code, Refused
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.factors import Method, Verdict
from app.services import factors, members, sessions
from app.services.factors import Checked
from app.store.database import Base
from tests.application import World
from tests.authenticator import Authenticator
from tests.scenes import ADA, GRACE, Organization, found_organization
from tests.services.test_sign_in import add_member


def check(organization: Organization, code: str, email: str = ADA) -> Checked:
    with organization.world.transactions.writing() as unit:
        return factors.check(unit, members.by_email(unit, email), code)


def told(organization: Organization, type_: EventType) -> list[dict[str, object]]:
    return [event.data for event in organization.events() if event.type == type_]


def test_code_of_the_app_is_taken_once_and_with_a_step_of_drift(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()

    assert check(organization, app.code()) == Checked(Verdict.RIGHT, Method.TOTP)
    assert check(organization, app.code()).verdict is Verdict.USED
    assert check(organization, app.code(steps=-1)).verdict is Verdict.USED  # earlier ones are used up with it
    world.clock.advance(seconds=60)
    late, spaced = app.code(steps=-1), app.code(steps=1)
    assert check(organization, f" {late[:3]} {late[3:]} ").verdict is Verdict.RIGHT
    assert check(organization, spaced).verdict is Verdict.RIGHT


def test_code_typed_to_set_the_app_up_does_not_also_sign_in(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    world.clock.advance(seconds=-30)

    assert check(organization, app.code()).verdict is Verdict.USED


@pytest.mark.parametrize("minutes", [-4, 4])
def test_code_of_a_clock_that_is_off_is_refused_and_says_by_how_much(world: World, minutes: int) -> None:
    organization = found_organization(world)
    app = organization.enroll()

    checked = check(organization, app.code(steps=2 * minutes))

    assert checked == Checked(Verdict.CLOCK_OFF, off_by=timedelta(minutes=minutes))


def test_five_wrong_codes_lock_the_app_for_a_quarter_of_an_hour_and_tell_its_owner(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    for _ in range(4):
        assert check(organization, app.wrong_code()).verdict is Verdict.WRONG

    locked = check(organization, app.wrong_code())

    assert (locked.verdict, locked.wait, locked.has_just_locked) == (Verdict.LOCKED, timedelta(minutes=15), True)

    assert check(organization, app.code()).verdict is Verdict.LOCKED
    assert [data["seconds"] for data in told(organization, EventType.MEMBER_FACTOR_LOCKED)] == [900]
    world.work()
    assert world.post.to(ADA)[-1].subject == "Too many wrong codes"
    world.clock.advance(minutes=15)
    assert check(organization, app.code()).verdict is Verdict.RIGHT


def test_backup_code_takes_the_place_of_the_app_once_however_it_is_typed(world: World) -> None:
    organization = found_organization(world)
    secret = "A" * 32
    with world.transactions.writing(OPERATOR) as unit:
        app = Authenticator(secret, world.clock)
        codes = factors.enroll(unit, members.by_email(unit, ADA), secret, app.code())
    assert len(set(codes)) == 10

    assert check(organization, codes[0].upper().replace("-", " ")) == Checked(Verdict.RIGHT, Method.BACKUP_CODE)

    assert check(organization, codes[0]).verdict is Verdict.WRONG
    assert told(organization, EventType.MEMBER_BACKUP_CODE_USED) == [{"left": 9}]
    world.work()
    assert world.post.to(ADA)[-1].subject == "A backup code was used"


def test_new_backup_codes_void_the_old_ones_and_need_a_recent_sign_in(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()

    def make(minutes_ago: float) -> tuple[str, ...] | Refused:
        asked_at = world.clock.now() - timedelta(minutes=minutes_ago)
        with world.transactions.writing(replace(organization.acting_as(ADA), asked_at=asked_at)) as unit:
            return factors.make_backup_codes(unit, members.by_email(unit, ADA))

    first, second, late = make(0), make(15), make(15.1)

    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert isinstance(late, Refused)
    assert late.code is Code.RECENT_SIGN_IN_REQUIRED
    assert check(organization, first[0]).verdict is Verdict.WRONG
    assert check(organization, second[0]).verdict is Verdict.RIGHT
    assert check(organization, app.code()).verdict is Verdict.RIGHT


def test_app_that_is_set_up_anew_replaces_the_old_one_and_ends_other_sessions(world: World) -> None:
    organization = found_organization(world)
    old = organization.enroll()
    token = organization.open_session()

    new = organization.enroll()

    assert check(organization, old.code()).verdict is Verdict.WRONG
    assert check(organization, new.code()).verdict is Verdict.RIGHT
    with world.transactions.reading() as unit:
        assert sessions.recognise(unit, token) is None


def reset(organization: Organization, actor: Actor, email: str, *, minutes_ago: float = 0) -> Refused | None:
    asked_at = organization.world.clock.now() - timedelta(minutes=minutes_ago)
    with organization.world.transactions.writing(replace(actor, asked_at=asked_at)) as unit:
        member = members.by_email(unit, email)
        facts = factors.of_member(unit, member.id)
        assert facts is not None
        return factors.reset(unit, member, facts.id)


def test_reset_ends_sessions_and_is_mailed_to_the_member(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)
    app = organization.enroll(GRACE)
    token = organization.open_session(GRACE)

    assert reset(organization, organization.acting_as(ADA), GRACE) is None

    assert organization.member(GRACE).enrolled_at is None
    assert check(organization, app.code(), GRACE).verdict is Verdict.WRONG
    with world.transactions.reading() as unit:
        assert sessions.recognise(unit, token) is None
    world.work()
    mail = world.post.to(GRACE)[-1]
    assert mail.subject == "Your authenticator app was reset"
    assert ADA in mail.text
    assert len(told(organization, EventType.MEMBER_FACTOR_RESET)) == 1


def test_administrator_resets_neither_their_own_app_nor_long_after_signing_in(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)
    organization.enroll(GRACE)
    organization.enroll(ADA)
    ada = organization.acting_as(ADA)

    own, late = reset(organization, ada, ADA), reset(organization, ada, GRACE, minutes_ago=15.1)

    assert isinstance(own, Refused)
    assert own.code is Code.FACTOR_OWN
    assert isinstance(late, Refused)
    assert late.code is Code.RECENT_SIGN_IN_REQUIRED
    assert organization.member(GRACE).enrolled_at is not None
    assert reset(organization, OPERATOR, GRACE, minutes_ago=60) is None


def test_factor_of_somebody_else_is_not_found(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)
    organization.enroll(GRACE)
    organization.enroll(ADA)
    with world.transactions.writing(OPERATOR) as unit:
        theirs = factors.of_member(unit, organization.admin_id)
        assert theirs is not None
        with pytest.raises(NotFoundError):
            factors.reset(unit, members.by_email(unit, GRACE), theirs.id)


def test_whoever_is_removed_leaves_no_factor_behind(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)
    organization.enroll(GRACE)
    member_id = organization.member(GRACE).id

    with world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(members.to_remove(unit, organization.id, member_id).apply(), Refused)

    with world.transactions.reading() as unit:
        assert factors.of_member(unit, member_id) is None


def test_neither_secret_nor_backup_code_stands_in_the_database(world: World) -> None:
    found_organization(world)
    secret = "KVKFKRCPNZQUYMLXOVYDSQKJKZDTSRLD"
    with world.transactions.writing(OPERATOR) as unit:
        app = Authenticator(secret, world.clock)
        codes = factors.enroll(unit, members.by_email(unit, ADA), secret, app.code())

    with world.transactions.looking() as connection:
        rows = [str(row) for table in Base.metadata.sorted_tables for row in connection.execute(select(table))]

    assert not any(secret in row for row in rows)
    assert not any(code in row or code.replace("-", "") in row for code in codes for row in rows)

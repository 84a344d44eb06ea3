"""Recovery: codes spent once and replaced when the last one is, everybody told, sessions that end with the role."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.rules.actor import OPERATOR, Actor, ActorKind
from app.rules.decisions import Code
from app.rules.errors import TooManyError
from app.services import audit, feeds, members, recovery, recovery_drills, sessions, sign_in_log
from app.services.steps import SignedIn
from app.store import sign_ins
from tests.application import World
from tests.scenes import ADA, GRACE, Organization, found_organization, provisioned
from tests.services.test_members import code_of
from tests.services.test_sign_in import add_member, reason, recover, set_columns


def recovered(world: World, address: str, code: str) -> SignedIn:
    """Somebody who came in by recovery."""
    world.clock.advance(minutes=4)  # no more codes by mail than are sent
    step = recover(world, address, code)
    assert isinstance(step, SignedIn)
    return step


def unused(organization: Organization) -> int:
    with organization.world.transactions.reading() as unit:
        return sign_ins.unused_recovery_codes(unit.session, organization.id)


def is_alive(world: World, token: str) -> bool:
    with world.transactions.reading() as unit:
        return sessions.recognise(unit, token) is not None


def test_recovery_session_ends_with_the_hold_also_where_the_groups_of_whoever_is_deactivated_say_admin(
    world: World,
) -> None:
    scene = provisioned(world)
    code = scene.organization.store_recovery_codes()[0]
    grace = scene.scim.add_user(GRACE)
    world.browser().sign_in(GRACE)
    scene.scim.set_active(scene.ada, False)
    session = recovered(world, ADA, code)

    scene.scim.add_member(scene.admins, grace)
    scene.scim.set_active(scene.ada, True)

    assert not is_alive(world, session.token)


def test_every_administrator_is_told_by_mail_and_an_event(world: World) -> None:
    organization = found_organization(world)
    codes = organization.store_recovery_codes()
    add_member(organization, GRACE, role="admin")

    recovered(world, ADA, codes[0])
    world.work()

    for address in (ADA, GRACE):
        (mail,) = [mail for mail in world.post.to(address) if "recovery to get into" in mail.subject]
        assert "ada@acme.test opened a recovery session (recovery code)" in mail.text
        assert "9 unused recovery codes are left." in mail.text
    with world.transactions.reading() as unit:
        event = next(one for one in feeds.events(unit, organization.id, after="", limit=100) if "used" in one.type)
        entry = next(one for one in audit.feed(unit, organization.id, after="", limit=100) if "used" in one.action)
    assert (event.type, event.data) == ("recovery.used", {"how": "recovery code"})
    assert (entry.actor_kind, entry.actor_id, entry.subject) == ("recovery", organization.admin_id,
                                                                 organization.admin_id)  # fmt: skip


def test_link_of_the_host_is_told_like_a_code(world: World) -> None:
    organization = found_organization(world)
    with world.transactions.writing(OPERATOR) as unit:
        token = recovery.recovery_link(unit, email=ADA)
    browser = world.browser()
    browser.get(f"/recover/{token}")
    assert browser.submit(f"/recover/{token}").status_code == 303

    world.work()

    assert "the server's own command line" in world.post.to(ADA)[-1].text
    with world.transactions.reading() as unit:
        (event,) = [one for one in feeds.events(unit, organization.id, after="", limit=100) if "used" in one.type]
    assert event.data == {"how": "the server's own command line"}


def test_spending_the_last_code_makes_a_new_set_in_the_same_transaction(world: World) -> None:
    organization = found_organization(world)
    codes = organization.store_recovery_codes()

    steps = [recovered(world, ADA, code) for code in codes]

    assert [len(step.codes) for step in steps] == [0] * 9 + [10]
    assert unused(organization) == 10
    with world.transactions.reading() as unit:
        assert recovery.state(unit, organization.id).confirmed is False
    assert all(reason(recover(world, ADA, code)) is Code.RECOVERY_CODE_WRONG for code in codes[-1:])
    assert recovered(world, ADA, steps[-1].codes[0]).codes == ()
    world.work()
    told = [mail.text for mail in world.post.to(ADA)]
    assert any("It was the last recovery code; a new set was made" in text for text in told)


def test_wrong_recovery_code_is_on_record(world: World) -> None:
    organization = found_organization(world)

    assert reason(recover(world, ADA, "wrong")) is Code.RECOVERY_CODE_WRONG

    with world.transactions.reading() as unit:
        record = sign_in_log.feed(unit, organization.id, after="", limit=100)[-1]
    assert (record.purpose, record.outcome, record.reason) == ("recover", "refused", "recovery_code_wrong")


@pytest.mark.parametrize(
    "left",
    [{"removed": True}, {"role": "member"}, {"state": "deactivated"}, {"suspended": True}],
    ids=["removed", "demoted", "deactivated", "suspended"],
)
def test_another_administrator_must_confirm_when_the_one_who_did_leaves(world: World, left: dict[str, object]) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE, role="admin")
    codes = organization.store_recovery_codes()
    gone = {"removed_at": world.clock.now()} if "removed" in left else left
    set_columns(organization, ADA, **gone)

    with world.transactions.writing(OPERATOR) as unit:
        before = recovery.state(unit, organization.id)
        recovery.confirm(unit, organization.id, by=members.read(unit, organization.id, organization.member(GRACE).id))
        after = recovery.state(unit, organization.id)

    assert (before.unused, before.confirmed, after.confirmed) == (len(codes), False, True)


def test_session_ends_for_good_when_its_owner_stops_being_an_administrator(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE, role="admin")
    set_columns(organization, GRACE, first_signed_in_at=world.clock.now())
    step = recovered(world, ADA, organization.store_recovery_codes()[0])
    assert is_alive(world, step.token)

    for role in ("member", "admin"):
        with world.transactions.writing(OPERATOR) as unit:
            members.to_edit(unit, organization.id, organization.admin_id, role=role).apply()
        assert not is_alive(world, step.token)


def test_suspended_administrator_has_neither_recovery_nor_its_session(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE, role="admin")
    set_columns(organization, GRACE, first_signed_in_at=world.clock.now())
    codes = organization.store_recovery_codes()
    step = recovered(world, ADA, codes[0])
    with world.transactions.writing(OPERATOR) as unit:
        members.to_edit(unit, organization.id, organization.admin_id, suspended=True).apply()

    assert not is_alive(world, step.token)
    assert reason(recover(world, ADA, codes[1])) is Code.RECOVERY_CODE_WRONG
    assert unused(organization) == 9


def test_drill_spends_nothing_and_is_remembered(world: World) -> None:
    organization = found_organization(world)
    codes = organization.store_recovery_codes()

    with world.transactions.writing(organization.acting_as(ADA)) as unit:
        assert recovery_drills.drill(unit, organization.id, code=codes[0].upper().replace("-", " "))

    assert unused(organization) == 10
    assert recovered(world, ADA, codes[0]).codes == ()
    with world.transactions.reading() as unit:
        entries = audit.feed(unit, organization.id, after="", limit=100)
    assert [entry.after for entry in entries if entry.action == "recovery_codes.drilled"] == [{"good": True}]


def test_sixth_wrong_drill_within_a_quarter_of_an_hour_waits(world: World) -> None:
    organization = found_organization(world)
    codes = organization.store_recovery_codes()
    for _ in range(5):
        with world.transactions.writing(OPERATOR) as unit:
            assert not recovery_drills.drill(unit, organization.id, code="wrong")
        world.clock.advance(minutes=1)

    with world.transactions.writing(OPERATOR) as unit, pytest.raises(TooManyError) as refused:
        recovery_drills.drill(unit, organization.id, code=codes[0])
    assert refused.value.retry_after == timedelta(minutes=10).total_seconds()
    world.clock.advance(minutes=10)
    with world.transactions.writing(OPERATOR) as unit:
        assert recovery_drills.drill(unit, organization.id, code=codes[0])


@pytest.mark.parametrize("deactivated", [True, False])
def test_code_of_the_last_way_back_is_not_voided_by_a_program(world: World, deactivated: bool) -> None:
    scene = provisioned(world)
    codes = scene.organization.store_recovery_codes()
    if deactivated:
        scene.scim.set_active(scene.ada, False)
    else:
        scene.scim.remove_member(scene.admins, scene.ada)

    with world.transactions.writing(Actor(ActorKind.API_KEY, id="key_x", label="Nightly")) as unit:
        assert code_of(recovery.replace_codes(unit, scene.organization.id)) is Code.LAST_RECOVERY_CODES

    assert recovered(world, ADA, codes[0]).codes == ()


def test_program_makes_a_first_set_for_whoever_is_on_hold(world: World) -> None:
    scene = provisioned(world)
    with world.transactions.writing() as unit:
        for row in unit.session.query(sign_ins.RecoveryCode):
            unit.session.delete(row)
    scene.scim.set_active(scene.ada, False)

    with world.transactions.writing(Actor(ActorKind.API_KEY, id="key_x", label="Nightly")) as unit:
        codes = recovery.replace_codes(unit, scene.organization.id)

    assert isinstance(codes, tuple)
    assert recovered(world, ADA, codes[0]).codes == ()


def test_recovery_session_of_a_deactivated_administrator_on_hold_replaces_the_codes(world: World) -> None:
    scene = provisioned(world)
    scene.scim.set_active(scene.ada, False)

    with world.transactions.writing(Actor(ActorKind.RECOVERY, id=scene.organization.admin_id, label=ADA)) as unit:
        assert isinstance(recovery.replace_codes(unit, scene.organization.id), tuple)

"""A second step that is waited for while the world changes, and what else a hostile reader of it has tried."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from app.rules.actor import OPERATOR
from app.rules.decisions import Code, Refused
from app.services import answers, confirmations, factors, members, organizations, sessions
from app.services.flows import Purpose
from app.services.steps import AskCode, GoToProvider, NextStep, SignedIn
from app.store import attempts, sign_ins
from tests.application import World
from tests.authenticator import scanned
from tests.scenes import ADA, GRACE, Organization, found_organization, provisioned
from tests.services.single_sign_on import SingleSignOn, connect, identity_of, required
from tests.services.test_sign_in import add_member
from tests.web.settings.scenes import flat, recovery_session
from tests.web.test_second_factor import answer_with, living, past_the_mail, recover

HEIDI = "heidi@acme.test"


def end_sessions(organization: Organization, email: str = ADA) -> None:
    with organization.world.transactions.writing() as unit:
        member_id = members.by_email(unit, email).id
        sign_ins.end_sessions(unit.connection, [member_id], now=unit.now, reason="test")


def accepts(organization: Organization, code: str, email: str = ADA) -> bool:
    """Whether this is a code of the app the member has now."""
    with organization.world.transactions.writing() as unit:
        return factors.check(unit, members.by_email(unit, email), code).method is not None


def test_app_begun_in_a_session_that_ended_meanwhile_is_not_set_up(world: World) -> None:
    organization = found_organization(world)
    thief = world.browser()
    thief.sign_in(ADA)
    thief.get("/profile")
    thief.submit("/profile/authenticator")
    theirs = scanned(thief.page, world.clock)
    end_sessions(organization)
    ours = organization.enroll()

    assert answer_with(thief, theirs.code()).status_code == 403

    assert accepts(organization, ours.code())
    assert organization.member(ADA).enrolled_at is not None


def test_waiting_enrollment_does_not_replace_an_app_that_was_set_up_meanwhile(world: World) -> None:
    organization = found_organization(world)
    organization.require_mfa()
    thief = past_the_mail(world)  # reads the mail, and waits
    theirs = scanned(thief.page, world.clock)
    ours = organization.enroll()
    token = organization.open_session()

    assert answer_with(thief, theirs.code()).status_code == 403

    assert accepts(organization, ours.code())
    with world.transactions.reading() as unit:
        assert sessions.recognise(unit, token) is not None


def test_waiting_enrollment_plants_no_app_once_single_sign_on_is_required(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)
    organization.require_mfa()
    thief = past_the_mail(world, GRACE)
    theirs = scanned(thief.page, world.clock)
    scene = connect(organization)
    organization.store_recovery_codes()
    scene.come_back(identity_of(world, ADA), tester=True)
    scene.activate()

    assert answer_with(thief, theirs.code()).status_code == 403

    assert organization.member(GRACE).enrolled_at is None


def test_code_of_one_person_never_lets_in_another_who_got_their_address_meanwhile(world: World) -> None:
    scene = provisioned(world)
    grace, heidi = scene.scim.add_user(GRACE), scene.scim.add_user(HEIDI)
    app = scene.organization.enroll(GRACE)
    scene.organization.enroll(HEIDI)
    browser = past_the_mail(world, GRACE)
    address = "emails[primary eq true].value"
    scene.scim.patch(f"/Users/{grace}", {"op": "replace", "path": address, "value": "grace.hopper@acme.test"})
    scene.scim.patch(f"/Users/{heidi}", {"op": "replace", "path": address, "value": GRACE})

    assert answer_with(browser, app.code()).status_code == 403

    assert living(scene.organization, GRACE) == []
    assert living(scene.organization, "grace.hopper@acme.test") == []


def test_browser_that_waits_for_an_app_that_was_reset_begins_again(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = past_the_mail(world)
    with world.transactions.writing(OPERATOR) as unit:
        ada = members.by_email(unit, ADA)
        facts = factors.of_member(unit, ada.id)
        assert facts is not None
        factors.reset(unit, ada, facts.id)

    assert answer_with(browser, app.code()).status_code == 403
    assert world.browser().sign_in(ADA).status_code == 303


@pytest.mark.parametrize("name", ["株" * 200, "é" * 200, "\N{DOOR}" * 200, "a&secret=b#c/..:d"])
def test_organization_of_any_name_can_be_enrolled_in(world: World, name: str) -> None:
    organization = found_organization(world)
    with world.transactions.writing(OPERATOR) as unit:
        organizations.to_edit(unit, organization.id, organizations.Edit(name=name)).apply()
    organization.require_mfa()

    browser = past_the_mail(world)
    app = scanned(browser.page, world.clock)

    assert answer_with(browser, app.code()).status_code == 200


def test_session_that_was_found_open_makes_no_key_that_would_do_what_it_may_not(world: World) -> None:
    found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)
    world.clock.advance(hours=5)
    assert "It is not known that you were asked who you are" in flat(browser.get("/settings/keys").text)

    refused = browser.submit("/settings/keys", label="Thief", expires_in="30")

    assert refused.status_code == 409
    assert "No key yet" in flat(refused.text)


def test_right_emailed_code_in_recovery_is_no_wrong_code_of_the_app(world: World) -> None:
    organization = found_organization(world)
    codes = organization.store_recovery_codes()
    app = organization.enroll()

    for code in codes[:6]:
        world.clock.advance(minutes=4)
        browser = world.browser()
        browser.get("/recover")
        browser.submit("/recover", email=ADA)
        assert browser.enter_code(ADA, recovery_code=code).status_code == 303

    assert accepts(organization, app.code())


def test_two_pieces_of_paper_do_not_open_recovery(world: World) -> None:
    organization = found_organization(world)
    codes = organization.store_recovery_codes()
    organization.enroll()
    with world.transactions.writing(OPERATOR) as unit:
        backup = factors.make_backup_codes(unit, members.by_email(unit, ADA))
    assert isinstance(backup, tuple)

    assert recover(world.browser(), backup[0], codes[0]).status_code == 400

    assert accepts(organization, backup[0])  # nor is it used up


def test_reset_by_somebody_else_ends_the_recovery_session_of_its_owner_too(world: World) -> None:
    organization = found_organization(world)
    organization.store_recovery_codes()
    organization.enroll()
    browser = recovery_session(world)
    with world.transactions.writing(OPERATOR) as unit:
        ada = members.by_email(unit, ADA)
        facts = factors.of_member(unit, ada.id)
        assert facts is not None
        factors.reset(unit, ada, facts.id)

    assert browser.get("/settings/authentication").headers["Location"] == "/sign-in"


def test_confirmation_stands_among_the_sign_ins_as_what_it_was(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = past_the_mail(world)
    answer_with(browser, app.code())
    world.clock.advance(minutes=16)
    browser.get("/profile")
    browser.submit("/profile/confirm", next="/profile")
    answer_with(browser, app.code())

    page = flat(browser.get("/settings/activity").text)

    assert "Confirmed" in page
    assert "What the identity provider sent was not accepted." not in page


def test_wrong_codes_are_on_record_and_those_typed_while_locked_leave_no_more(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = past_the_mail(world)
    for _ in range(12):
        answer_with(browser, app.wrong_code())

    with world.transactions.reading() as unit:
        rows = attempts.after(unit.session, organization.id, after_id="", limit=99)

    assert [row.reason for row in rows if row.outcome == "refused"] == [
        *[Code.FACTOR_WRONG] * 4,
        Code.FACTOR_LOCKED,
    ]


@pytest.mark.parametrize(("minutes_ago", "allowed"), [(None, False), (16, False), (3, True)])
def test_passing_through_the_provider_counts_as_being_asked_only_when_the_provider_asked(
    world: World, minutes_ago: int | None, allowed: bool
) -> None:
    scene = required(world)
    at = None if minutes_ago is None else world.clock.now() - timedelta(minutes=minutes_ago)
    first = scene.come_back(replace(identity_of(world, ADA), authenticated_at=at))
    if isinstance(first, AskCode):  # the link to an administrator is new: the second time there is no code
        world.work()
        with world.transactions.writing() as unit:
            code = world.post.code_for(ADA)
            assert isinstance(answers.enter_code(unit, first.flow_id, browser="browser-token", code=code), SignedIn)
        first = scene.come_back(replace(identity_of(world, ADA), authenticated_at=at))
    assert isinstance(first, SignedIn)

    with world.transactions.reading() as unit:
        person = sessions.recognise(unit, first.token)
        assert person is not None
        unit.actor = person.actor
        assert isinstance(factors.may_change_own(unit), Refused) is not allowed


def confirm_through_provider(scene: SingleSignOn, token: str, arrives_as: str) -> NextStep:
    """Ada confirms that it is her in the session with this token, and the provider says who it is."""
    world = scene.world
    with world.transactions.writing() as unit:
        person = sessions.recognise(unit, token)
        assert person is not None
        ada = members.by_email(unit, ADA)
        step = confirmations.begin(
            unit, Purpose.CONFIRM, ada, session_id=person.session_id, browser="browser-token", return_to="/profile"
        )
    assert isinstance(step, GoToProvider)
    with world.transactions.writing() as unit:
        arrival = answers.claim_arrival(
            unit, scene.connection_id, protocol="saml", handle=step.flow.handle, browser="browser-token"
        )
    assert isinstance(arrival, answers.Arrival)
    return scene.arrive(arrival, identity_of(world, arrives_as))


def test_administrator_who_has_just_required_single_sign_on_confirms_through_it(world: World) -> None:
    scene = required(world)

    done = confirm_through_provider(scene, scene.organization.open_session(), ADA)

    assert isinstance(done, SignedIn)
    assert done.return_to == "/profile"


def test_administrator_confirms_though_who_they_are_there_was_once_somebody_who_was_removed(world: World) -> None:
    scene = required(world)
    token = scene.organization.open_session()
    earlier = scene.come_back(identity_of(world, "ada.old@acme.test", subject=f"subject-of-{ADA}"))
    assert isinstance(earlier, SignedIn)
    with world.transactions.writing(OPERATOR) as unit:
        assert not isinstance(members.to_remove(unit, scene.organization.id, earlier.member.id).apply(), Refused)

    assert isinstance(confirm_through_provider(scene, token, ADA), SignedIn)


def test_somebody_else_at_the_provider_confirms_nothing_and_is_on_record(world: World) -> None:
    scene = required(world)
    token = scene.organization.open_session()

    confirm_through_provider(scene, token, GRACE)

    with world.transactions.reading() as unit:
        rows = attempts.after(unit.session, scene.organization.id, after_id="", limit=99)
        assert rows[-1].reason == Code.TEST_AS_SOMEONE_ELSE
        assert sessions.recognise(unit, token) is not None


def test_page_for_signing_in_offers_nothing_of_another_browser(world: World) -> None:
    organization = found_organization(world)
    organization.enroll()
    past_the_mail(world)

    assert not re.search("You were signing in", world.browser().get("/sign-in").text)

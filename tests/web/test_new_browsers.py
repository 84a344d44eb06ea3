"""A sign-in with a browser that its owner has never signed in with is told to them by mail, and no other is."""

from __future__ import annotations

import re
from datetime import timedelta

from flask.testing import FlaskClient

from app.ports.mail import Mail
from app.rules.actor import OPERATOR
from app.rules.sessions import KNOWN_BROWSER
from app.services import invitations
from tests.application import World
from tests.scenes import ADA, GRACE, found_organization
from tests.services.test_sign_in import add_member
from tests.web.settings.scenes import come_back, desk, recovery_session
from tests.web.test_second_factor import answer_with, past_the_mail

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def told(world: World, email: str = ADA) -> list[Mail]:
    """The mails about new browsers that this address got."""
    world.work()
    return [mail for mail in world.post.to(email) if mail.subject.startswith("New sign-in to ")]


def test_sign_in_with_another_browser_is_told_with_when_and_where_and_what_to_do(world: World) -> None:
    found_organization(world)
    browser = world.browser()
    assert isinstance(browser.client, FlaskClient)
    browser.client.environ_base["HTTP_USER_AGENT"] = FIREFOX

    browser.sign_in(ADA)

    (mail,) = told(world)
    assert mail.subject == "New sign-in to Acme"
    assert f"When: {world.clock.now():%Y-%m-%d %H:%M} UTC" in mail.text
    assert "Browser: Firefox on Windows" in mail.text
    assert "Network address: 127.0.0.1" in mail.text
    assert re.findall(r"https?://\S+", mail.text) == ["https://id.doorward.test/profile,"]  # nothing that signs in


def test_first_sign_in_of_all_is_told_to_nobody(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)

    world.browser().sign_in(GRACE)

    assert told(world) == []
    assert told(world, GRACE) == []


def test_whoever_has_just_accepted_an_invitation_is_not_told(world: World) -> None:
    organization = found_organization(world)
    with world.transactions.writing(OPERATOR) as unit:
        invitations.invite(unit, organization.id, email=GRACE, role="member")

    world.browser().sign_in(GRACE)

    assert told(world, GRACE) == []
    world.browser().sign_in(GRACE)
    assert len(told(world, GRACE)) == 1


def test_browser_is_told_of_once_however_often_it_signs_in(world: World) -> None:
    found_organization(world)
    browser = world.browser()

    for _ in range(3):
        browser.sign_in(ADA)
        browser.get("/profile")
        browser.submit("/sign-out")

    assert len(told(world)) == 1


def test_browser_that_stopped_at_the_second_step_is_told_of_once_it_is_in(world: World) -> None:
    organization = found_organization(world)
    app = organization.enroll()
    browser = past_the_mail(world)
    answer_with(browser, "000000")
    assert told(world) == []

    answer_with(browser, app.code())

    assert len(told(world)) == 1


def test_one_browser_of_two_people_is_new_to_each_of_them(world: World) -> None:
    organization = found_organization(world)
    add_member(organization, GRACE)
    world.browser().sign_in(GRACE)
    shared = world.browser()

    shared.sign_in(ADA)
    shared.sign_in(GRACE)

    assert (len(told(world)), len(told(world, GRACE))) == (1, 1)


def test_sign_in_through_the_provider_is_told_too(world: World) -> None:
    ada = desk(world)
    connection = ada.require_single_sign_on()
    browser = world.browser()
    browser.get("/sign-in")

    leaving = browser.submit("/sign-in", email=ADA)
    assert come_back(browser, connection, leaving, ADA).status_code in {200, 303}

    if "/sign-in/code" in browser.get("/sign-in").text:
        browser.enter_code(ADA)
    assert len(told(world)) == 1


def test_confirming_and_recovering_are_no_sign_in_with_another_browser(world: World) -> None:
    ada = desk(world)
    ada.browser.get("/profile/confirm")
    ada.browser.submit("/profile/confirm", next="/profile")
    ada.browser.enter_code(ADA)
    recovery_session(world)  # of which every administrator is told otherwise

    assert told(world) == []


def test_browser_is_forgotten_half_a_year_after_the_last_sign_in_with_it(world: World) -> None:
    found_organization(world)
    old = world.browser()
    old.sign_in(ADA)
    world.clock.advance(days=100)
    other = world.browser()
    other.sign_in(ADA)
    before = len(told(world))
    world.clock.advance(days=81)
    world.work()

    other.sign_in(ADA)
    assert len(told(world)) == before
    old.sign_in(ADA)

    assert len(told(world)) == before + 1


def test_cookie_of_a_browser_lasts_as_long_as_it_is_known_and_begins_anew_with_each_sign_in(world: World) -> None:
    found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)
    browser.get("/sign-in")
    browser.submit("/sign-in", email=ADA)

    answer = browser.enter_code(ADA)

    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("__Host-doorward-browser=")]
    assert f"Max-Age={KNOWN_BROWSER // timedelta(seconds=1)}" in cookie


def test_whoever_takes_over_what_was_left_alone_for_half_a_year_is_told_of(world: World) -> None:
    found_organization(world)
    world.browser().sign_in(ADA)
    before = len(told(world))
    world.clock.advance(days=KNOWN_BROWSER // timedelta(days=1) + 1)
    world.work()

    world.browser().sign_in(ADA)

    assert len(told(world)) == before + 1

"""Additional security on the settings page: a second factor required, and what is in the way of that."""

from __future__ import annotations

import re

from tests.application import World, led_to
from tests.authenticator import Authenticator, scanned
from tests.scenes import ADA, GRACE
from tests.web.settings.scenes import PAGE, Desk, desk, flat, signed_in


def set_up_app(ada: Desk) -> Authenticator:
    """Set an app up on the profile."""
    ada.browser.get("/profile")
    ada.browser.submit("/profile/authenticator")
    app = scanned(ada.browser.page, ada.world.clock)
    action = re.findall(r'action="(/sign-in/authenticator[^"]*)"', ada.browser.page)[0]
    ada.browser.submit(action, code=app.code())
    ada.browser.submit("/profile/backup-codes/confirm", stored="yes", next="/")
    ada.browser.get(PAGE)
    return app


def test_requirement_says_what_is_missing_until_the_admin_is_enrolled_and_codes_are_stored(world: World) -> None:
    ada = desk(world)
    assert "You have no authenticator app yourself" in flat(ada.page())
    assert 'href="/profile#authenticator"' in ada.browser.page
    set_up_app(ada)
    assert "No administrator has confirmed that the recovery codes are stored." in flat(ada.page())

    ada.confirm_codes()
    ada.page()
    answer = ada.browser.submit_as_planned("/settings/mfa/require")

    assert led_to(answer) == f"{PAGE}?done=mfa-required#security"
    page = flat(ada.browser.get(answer.headers["Location"]).text)
    assert "A second factor is required from the next sign-in on." in page
    assert "Set up by 1 of 1 active member" in page
    assert "Signs in with an emailed code, then an authenticator app" in page


def test_plan_of_the_requirement_shows_who_sets_an_app_up(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE)
    set_up_app(ada)
    ada.confirm_codes()
    ada.page()

    plan = flat(ada.browser.submit("/settings/mfa/require?dry_run=true").text)

    assert "1 person sets up an authenticator app at their next sign-in, before anything else." in plan
    assert "grace@acme.test" in plan
    assert "Emailed code, then setting up an authenticator app" in plan
    assert "can still get in: ada@acme.test, with an emailed code, then an authenticator app" in plan


def test_admin_who_has_not_just_shown_the_factor_is_led_there_and_back(world: World) -> None:
    ada = desk(world)
    app = set_up_app(ada)
    ada.confirm_codes()
    world.clock.advance(minutes=16)
    page = ada.page()
    assert "You have not typed a code of your authenticator app within the last 15 minutes." in flat(page)
    href = re.findall(r'href="(/profile/confirm[^"]*)"', page)[0]

    ada.browser.get(href)
    ada.browser.submit("/profile/confirm", next=f"{PAGE}#security")
    action = re.findall(r'action="(/sign-in/factor[^"]*)"', ada.browser.page)[0]
    back = ada.browser.submit(action, code=app.code())

    assert back.headers["Location"] == f"{PAGE}#security"
    ada.page()
    assert ada.browser.submit_as_planned("/settings/mfa/require").status_code == 303


def test_requirement_cannot_be_changed_while_single_sign_on_is_active(world: World) -> None:
    ada = desk(world)
    ada.require_single_sign_on()

    page = flat(ada.page())

    assert "Single sign-on is active: your identity provider decides about second factors." in page
    assert "Who comes through the identity provider is asked there." in page
    refused = ada.browser.submit("/settings/mfa/require")
    assert refused.status_code == 409


def test_no_longer_required_is_shown_first_and_said_on_the_page(world: World) -> None:
    ada = desk(world)
    set_up_app(ada)
    ada.confirm_codes()
    ada.page()
    ada.browser.submit_as_planned("/settings/mfa/require")
    ada.page()

    answer = ada.browser.submit_as_planned("/settings/mfa/release")

    assert "mfa-released" in answer.headers["Location"]
    assert "Not required" in flat(ada.page())


def test_administrator_resets_the_app_of_a_member_and_ends_a_session_of_theirs(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE)
    grace = signed_in(world, GRACE)
    member = f"/settings/members/{ada.organization.member(GRACE).id}"
    page = ada.browser.get(member).text
    session = re.findall(r'action="(/settings/members/[^"]+/sessions/[^"]+/end)"', page)[0]

    assert ada.browser.submit(session).status_code == 303
    assert grace.get("/profile").headers["Location"] == "/sign-in"

    app = ada.organization.enroll(GRACE)
    assert "Two-step" in flat(ada.browser.get("/settings/members").text)
    page = ada.browser.get(member).text
    reset = re.findall(r'action="(/settings/members/[^"]+/reset)"', page)[0]
    answer = ada.browser.submit(reset)
    assert led_to(answer) == f"{member}?done=factor-reset"
    assert "They have not set one up." in flat(ada.browser.get(answer.headers["Location"]).text)
    assert world.browser().sign_in(GRACE).headers["Location"] == "/"
    assert app.secret not in page


def test_own_app_is_not_reset_on_the_page_of_members(world: World) -> None:
    ada = desk(world)
    set_up_app(ada)

    page = ada.browser.get(f"/settings/members/{ada.organization.member(ADA).id}").text

    assert "You cannot reset your own authenticator app." in flat(page)
    assert "/reset" not in page

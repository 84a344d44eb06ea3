"""Who else comes in: guests while single sign-on is required, and people who come for the first time."""

from __future__ import annotations

from tests.application import World, led_to
from tests.scenes import GRACE
from tests.web.settings.scenes import PAGE, desk, flat, recovery_session, signed_in

GUEST = "guest@elsewhere.test"


def test_guests_are_let_in_and_kept_out_and_the_plan_says_whom_it_is_about(world: World) -> None:
    ada = desk(world)
    ada.member(GUEST)
    ada.require_single_sign_on()
    assert "members at other domains cannot sign in, and nobody there can be invited" in flat(ada.page())

    let_in = flat(ada.browser.submit("/settings/guests/allow").text)
    answer = ada.browser.submit_as_planned("/settings/guests/allow")

    assert "1 person can sign in who could not before." in let_in
    assert led_to(answer) == f"{PAGE}?done=guests-allowed#admission"
    page = flat(ada.browser.get(answer.headers["Location"]).text)
    assert "Guests sign in with a code by email from now on." in page
    assert "guests at other domains use a code by email" in page
    guest = signed_in(world, GUEST)

    kept_out = flat(ada.browser.submit("/settings/guests/refuse").text)
    ada.browser.submit_as_planned("/settings/guests/refuse")

    assert "1 person cannot sign in any more." in kept_out
    assert GUEST in kept_out
    assert guest.get("/profile").headers["Location"] == "/sign-in"


def test_keeping_guests_out_ends_the_sessions_of_guests_only(world: World) -> None:
    ada = desk(world)
    ada.member(GUEST)
    ada.require_single_sign_on()  # her own session was opened by a code, and stays
    ada.page()
    ada.browser.submit_as_planned("/settings/guests/allow")
    guest = signed_in(world, GUEST)
    ada.page()

    ada.browser.submit_as_planned("/settings/guests/refuse")

    assert ada.browser.get("/profile").status_code == 200
    assert guest.get("/profile").headers["Location"] == "/sign-in"


def test_requiring_single_sign_on_says_what_becomes_of_guests(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()

    told = "Members at other domains cannot sign in then"
    assert told in flat(ada.browser.submit(f"/settings/connections/{connection_id}/activate?dry_run=true").text)
    ada.page()
    ada.browser.submit_as_planned("/settings/guests/allow")
    ada.page()
    assert told not in flat(ada.browser.submit(f"/settings/connections/{connection_id}/activate?dry_run=true").text)


def test_whoever_is_to_invite_a_guest_is_led_to_letting_guests_in(world: World) -> None:
    ada = desk(world)
    ada.require_single_sign_on()
    ada.browser.get("/settings/members")

    refused = ada.browser.submit("/settings/invitations", email=GUEST, role="member")

    assert refused.status_code == 409
    assert f'href="{PAGE}#admission"' in refused.text
    assert 'id="admission"' in ada.page()


def test_newcomers_are_kept_out_and_made_members_again(world: World) -> None:
    ada = desk(world)
    connection_id = ada.require_single_sign_on()
    assert led_to(ada.browser.submit("/settings/new-members/refuse")) == f"{PAGE}?done=jit-off#admission"
    assert "Whoever is no member yet is refused" in flat(ada.page())
    assert not ada.lets_in(connection_id, GRACE)

    ada.browser.submit("/settings/new-members/allow")

    assert ada.lets_in(connection_id, GRACE)


def test_recovery_session_is_not_offered_it(world: World) -> None:
    ada = desk(world)
    ada.require_single_sign_on()

    recovering = recovery_session(world)

    assert 'id="admission"' not in recovering.get(PAGE).text

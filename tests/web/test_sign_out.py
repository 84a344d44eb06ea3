"""Signing out ends the session itself, not only the browser's memory of it."""

from __future__ import annotations

import re

from app.services import sessions
from tests.application import World, led_to
from tests.scenes import ADA, found_organization
from tests.web.test_second_factor import living

COOKIE = "__Host-doorward"
HOST = "id.doorward.test"


def test_token_kept_from_before_signing_out_opens_nothing(world: World) -> None:
    organization = found_organization(world)
    before = living(organization)
    browser = world.browser()
    browser.sign_in(ADA)
    browser.get("/profile")
    kept = browser.client.get_cookie(COOKIE, domain=HOST)
    assert kept is not None

    assert browser.submit("/sign-out").headers["Location"] == "/sign-in?signed-out"

    assert browser.client.get_cookie(COOKIE, domain=HOST) is None
    browser.client.set_cookie(COOKIE, kept.value, domain=HOST, secure=True)
    assert browser.get("/profile").headers["Location"] == "/sign-in"
    assert living(organization) == before


def test_session_on_the_profile_is_ended_from_another_browser(world: World) -> None:
    found_organization(world)
    lost, mine = world.browser(), world.browser()
    lost.sign_in(ADA)
    mine.sign_in(ADA)
    mine.get("/profile")
    newest_first = re.findall(r'action="(/profile/sessions/[^"]+/end)"', mine.page)

    assert led_to(mine.submit(newest_first[0])) == "/profile?done=session-ended"

    assert lost.get("/profile").headers["Location"] == "/sign-in"
    assert mine.get("/profile").status_code == 200


def test_signing_in_again_ends_the_session_that_the_browser_had(world: World) -> None:
    organization = found_organization(world)
    with world.transactions.reading() as unit:
        before = {row.id for row in sessions.own(unit, organization.admin_id)}
    browser = world.browser()
    browser.sign_in(ADA)
    browser.get("/profile")

    browser.sign_in(ADA)

    with world.transactions.reading() as unit:
        living = {row.id for row in sessions.own(unit, organization.admin_id)}
    assert len(living - before) == 1
    assert "signed_in_again" in [
        event.data["reason"] for event in organization.events() if event.type == "session.ended"
    ]

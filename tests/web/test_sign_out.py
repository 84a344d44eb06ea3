"""Signing out ends the session itself, not only the browser's memory of it."""

from __future__ import annotations

from tests.application import World
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

"""The page of attempts to sign in: who is at the provider now, filters, words for what an attempt was."""

from __future__ import annotations

import re

import pytest

from tests.application import World
from tests.scenes import ADA, GRACE
from tests.web.settings.scenes import desk, flat

PAGE = "/settings/sign-ins"


def test_attempts_are_called_what_they_were(world: World) -> None:
    ada = desk(world)
    ada.verify_domain()
    connection_id = ada.connect()
    ada.test_sign_in(connection_id, "eve@acme.test")
    ada.test_sign_in(connection_id, ADA)

    page = flat(ada.browser.get(PAGE).text)

    assert f"Signed in {ADA}" in page
    assert f"Test failed {ADA}" in page
    assert f"Test succeeded {ADA}" in page
    assert "kept for 90 days" in page


def test_whoever_is_at_the_identity_provider_stands_on_top_and_then_timed_out(world: World) -> None:
    ada = desk(world)
    ada.require_single_sign_on()
    grace = world.browser()
    grace.get("/sign-in")
    assert grace.submit("/sign-in", email=GRACE).status_code < 400

    assert f"In progress {GRACE}" in flat(ada.browser.get(PAGE).text)
    assert GRACE not in flat(ada.browser.get(f"{PAGE}?view=succeeded").text)
    world.clock.advance(minutes=11)
    world.work()
    page = flat(ada.browser.get(f"{PAGE}?view=timed_out").text)

    assert f"Timed out {GRACE}" in page
    assert "The identity provider did not send the browser back." in page
    assert ADA not in page.partition("Show all")[2]


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("view=succeeded", True),
        ("view=failed", False),
        ("view=tests", False),
        ("person=ADA", True),
        ("person=nobody", False),
        ("since=2000-01-01&until=2200-01-01", True),
        ("until=2000-01-01", False),
        ("view=nonsense&connection=nonsense&since=nonsense", True),
    ],
)
def test_filter_shows_what_fits_and_leaves_out_what_makes_no_sense(world: World, query: str, is_found: bool) -> None:
    ada = desk(world)

    page = flat(ada.browser.get(f"{PAGE}?{query}").text)

    assert (f"Signed in {ADA}" in page) is is_found
    assert ("No attempt matches" in page) is not is_found


def test_attempt_is_found_by_the_reference_number_that_the_person_saw(world: World) -> None:
    ada = desk(world)
    ada.member("guest@other.test")
    ada.require_single_sign_on()
    refused = world.browser().sign_in("guest@other.test").text
    found = re.search(r'id="reference">(\w+)<', refused)
    assert found is not None

    page = flat(ada.browser.get(f"{PAGE}?person={found.group(1)}").text)

    assert "guest@other.test" in page
    assert f"Signed in {ADA}" not in page


def test_whoever_is_turned_away_is_sent_to_an_administrator_only_where_one_would_find_them(world: World) -> None:
    ada = desk(world)
    ada.member("guest@other.test")
    ada.require_single_sign_on()

    known = world.browser().sign_in("guest@other.test")
    stranger = world.browser().sign_in("stranger@nowhere.test")

    assert (known.status_code, stranger.status_code) == (403, 403)
    assert "Your administrators find this attempt under Settings, Activity" in known.text
    assert "Your administrators" not in stranger.text
    assert "guest@other.test" in ada.browser.get(PAGE).text
    assert "stranger@nowhere.test" not in ada.browser.get(PAGE).text

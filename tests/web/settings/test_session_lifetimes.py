"""How long sessions last: set on the page or over the API, for those who are signed in too."""

from __future__ import annotations

import pytest

from tests.application import World, led_to
from tests.scenes import ADA, found_organization
from tests.web.api.scenes import begin
from tests.web.settings.scenes import PAGE, desk, flat, recovery_session


def test_shorter_times_count_at_once_for_everybody_who_is_signed_in(world: World) -> None:
    ada = desk(world)
    other = world.browser()
    other.sign_in(ADA)
    other.get("/profile")
    ada.page()

    answer = ada.browser.submit("/settings/sessions", session_idle_minutes="10", session_hours="1")

    assert led_to(answer) == f"{PAGE}?done=sessions-changed#session-lifetimes"
    assert "Without use, minutes = 10 minutes At most, hours = 1 hour" in flat(ada.page())
    world.clock.advance(minutes=9)
    assert ada.browser.get(PAGE).status_code == 200
    world.clock.advance(minutes=9)
    assert ada.browser.get(PAGE).status_code == 200
    assert other.get("/profile").headers["Location"] == "/sign-in"  # idle for 18 minutes
    for _ in range(5):
        world.clock.advance(minutes=9)
        ada.browser.get(PAGE)
    assert ada.browser.get(PAGE).headers["Location"] == "/sign-in"  # an hour is over


def test_browser_that_was_forgotten_is_signed_out_by_shorter_times(world: World) -> None:
    ada = desk(world)
    other = world.browser()
    other.sign_in(ADA)
    other.get("/profile")
    world.clock.advance(hours=20)
    ada.page()

    ada.browser.submit("/settings/sessions", session_idle_minutes="600", session_hours="24")

    assert other.get("/profile").headers["Location"] == "/sign-in"
    assert ada.browser.get(PAGE).status_code == 200
    world.clock.advance(hours=4)
    assert ada.browser.get(PAGE).headers["Location"] == "/sign-in"  # a day after it began


def test_longer_times_are_for_sessions_that_begin_then_and_are_used(world: World) -> None:
    ada = desk(world)
    ada.page()
    ada.browser.submit("/settings/sessions", session_idle_minutes="2880", session_hours="720")
    world.clock.advance(minutes=1)
    ada.page()  # used: idle for two days from here

    world.clock.advance(hours=47)

    assert ada.browser.get(PAGE).status_code == 200


@pytest.mark.parametrize(
    ("idle", "hours"), [("", "1"), ("x", "1"), ("4", "1"), ("90", "1"), ("10", "99999"), ("999999999", "1")]
)
def test_times_that_make_no_sense_are_refused_at_their_field_and_nothing_changes(
    world: World, idle: str, hours: str
) -> None:
    ada = desk(world)
    ada.page()

    answer = ada.browser.submit("/settings/sessions", session_idle_minutes=idle, session_hours=hours)

    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert 'value="1440"' in ada.page()


def test_recovery_session_does_not_see_them(world: World) -> None:
    desk(world)
    browser = recovery_session(world)

    assert "session-lifetimes" not in browser.get(PAGE).text
    assert browser.submit("/settings/sessions", session_idle_minutes="10", session_hours="1").status_code == 403


def test_program_changes_one_of_both_and_the_other_stays(world: World) -> None:
    scene = begin(world)

    changed = scene.api.patch(scene.path, {"session_hours": 48})

    assert (changed["session_idle_minutes"], changed["session_hours"]) == (1440, 48)
    problem = scene.api.refused("PATCH", scene.path, {"session_hours": 1}, status=400)
    assert problem["field"] == "session_idle_minutes"
    (told,) = [event.data for event in scene.organization.events() if event.type == "organization.updated"]
    assert (told["before"]["session_hours"], told["after"]["session_hours"]) == (168, 48)


def test_page_says_how_long_they_last(world: World) -> None:
    found_organization(world)
    browser = world.browser()
    browser.sign_in(ADA)

    page = browser.get(PAGE).text

    assert "Without use, minutes" in flat(page)
    assert 'value="1440"' in page
    assert 'value="168"' in page

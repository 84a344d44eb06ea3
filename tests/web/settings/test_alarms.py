"""The alarm of a mass change on the page: who, what and when, until an administrator dismisses it."""

from __future__ import annotations

import pytest

from app.rules.actor import OPERATOR
from app.services import roles
from app.services.overview import alarms
from tests.application import World, led_to
from tests.scenes import ADA, HOST
from tests.services.test_mass_changes import Crowd, crowd
from tests.web.settings.scenes import PAGE, flat, signed_in


def _many_are_gone(world: World) -> Crowd:
    """Of nine people one is demoted and six are deactivated."""
    nine = crowd(world, 9)
    with world.transactions.writing(OPERATOR) as unit:
        roles.to_add(unit, nine.organization.id, slug="editor", name="Editor").apply()
    editors = nine.scene.scim.add_group("Editors", nine.users[7])
    nine.organization.map_group(editors, "editor")
    nine.scene.scim.remove_member(editors, nine.users[7])
    nine.deactivate(*range(6))
    return nine


def test_page_shows_whom_the_directory_has_taken_what(world: World) -> None:
    _many_are_gone(world)

    page = flat(signed_in(world, ADA).get(PAGE).text)

    assert "Okta has deactivated or demoted 7 people in a short time." in page
    assert "It managed 9 before." in page
    assert f"Person0 person0@{HOST} Deactivated just now" in page
    assert f"Person7 person7@{HOST} Editor → Member just now" in page


def test_dismissed_alarm_leaves_the_page_and_stands_in_the_audit_log(world: World) -> None:
    nine = _many_are_gone(world)
    browser = signed_in(world, ADA)
    browser.get(PAGE)

    answer = browser.submit(f"/settings/alarms/{nine.alarms()[0].id}/dismiss")

    assert led_to(answer) == f"{PAGE}?done=alarm-dismissed#directory"
    page = flat(browser.get(answer.headers["Location"].partition("#")[0]).text)
    assert "Alarm dismissed." in page
    assert "has deactivated or demoted" not in page
    activity = flat(browser.get("/settings/activity").text)
    assert f"{ADA} dismissed the alarm about Okta" in activity
    assert "Okta deactivated or demoted many people at once" in activity


def test_only_an_administrator_of_the_organization_may_dismiss_it(world: World) -> None:
    nine = _many_are_gone(world)
    url = f"/settings/alarms/{nine.alarms()[0].id}/dismiss"
    member, eve = signed_in(world, f"person6@{HOST}"), world.first_admin("eve@other.test", "Other")
    member.get("/profile")
    eve.get(PAGE)

    assert member.submit(url).status_code == 403
    assert eve.submit(url).status_code == 404
    assert nine.alarms()[0].dismissed_at is None


def test_long_list_says_how_many_it_leaves_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _many_are_gone(world)
    monkeypatch.setattr(alarms, "MOST_SHOWN", 3)

    page = flat(signed_in(world, ADA).get(PAGE).text)

    assert "Show the first 3 of them" in page
    assert "And 4 more: the JSON API has them all." in page


def test_newest_alarms_stand_on_the_page_and_older_ones_come_up_as_they_are_dismissed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    nine = _many_are_gone(world)
    for _ in range(2):
        world.clock.advance(minutes=11)
        for user in nine.users[:6]:
            nine.scene.scim.set_active(user, True)
        nine.deactivate(*range(6))
    monkeypatch.setattr(alarms, "MOST_ALARMS", 2)
    browser = signed_in(world, ADA)

    page = flat(browser.get(PAGE).text)

    assert page.count("has deactivated or demoted") == 2
    assert "1 older alarm comes up once these are dismissed." in page
    browser.submit(f"/settings/alarms/{nine.alarms()[0].id}/dismiss")
    assert "older alarm" not in flat(browser.get(PAGE).text)

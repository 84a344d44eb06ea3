"""API keys on their settings page: made, shown once, revoked."""

from __future__ import annotations

import re

import pytest

from tests.application import World, led_to
from tests.scenes import ADA, GRACE
from tests.web.api.caller import Api
from tests.web.settings.scenes import Desk, desk, flat

PAGE = "/settings/keys"


def make(ada: Desk, **fields: str) -> str:
    """Make a key on the page: its token."""
    answer = ada.browser.submit(PAGE, **fields)
    assert answer.status_code == 200, answer.text
    return str(re.findall(r'<code id="key">([^<]+)</code>', answer.text)[0])


def test_key_is_shown_once_and_opens_the_organization(world: World) -> None:
    ada = desk(world)
    token = make(ada, label="Nightly", expires_in="30")

    assert Api(world, token).get(f"/organizations/{ada.organization.id}")["name"] == "Acme"
    page = ada.browser.get(PAGE).text
    assert token not in page
    assert token[-4:] in page
    assert f"Nightly just now by {ADA} just now in 1 month" in flat(page)


def test_revoked_key_opens_nothing_and_is_gone_from_the_page(world: World) -> None:
    ada = desk(world)
    token = make(ada)
    Api(world, token).get(f"/organizations/{ada.organization.id}")
    page = ada.browser.get(PAGE).text
    (action,) = re.findall(rf'action="({PAGE}/key_\w+/revoke)"', page)

    assert "It was last used just now." in flat(page)
    assert led_to(ada.browser.submit(action)) == f"{PAGE}?done=key-revoked"
    assert "No key yet" in ada.browser.get(PAGE).text
    Api(world, token).refused("GET", f"/organizations/{ada.organization.id}", status=401)


@pytest.mark.parametrize(
    "fields", [{"expires_in": "7"}, {"label": "a\nb"}, {"label": "x" * 500}, {"label": "operator on behalf of ada"}]
)
def test_field_that_is_wrong_is_named_and_no_key_is_made(world: World, fields: dict[str, str]) -> None:
    ada = desk(world)

    answer = ada.browser.submit(PAGE, **fields)

    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert "No key yet" in answer.text


def test_administrator_on_hold_is_told_who_can_make_a_key(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE)
    with world.transactions.writing() as unit:
        unit.session.merge(ada.organization.member(ADA)).held = True

    answer = ada.browser.submit(PAGE)

    assert answer.status_code == 409
    assert "Make key: You are here for a while only" in flat(answer.text)
    assert "Have another administrator make it." in flat(answer.text)


def test_activity_calls_a_key_a_key_whatever_its_label(world: World) -> None:
    ada = desk(world)
    token = make(ada, label="grace@acme.test")
    Api(world, token).patch(f"/organizations/{ada.organization.id}", {"name": "Acme Inc."})

    words = flat(ada.browser.get("/settings/activity").text)

    assert "the API key grace@acme.test changed the organization" in words
    assert f"{ADA} made the API key grace@acme.test" in words

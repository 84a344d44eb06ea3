"""Strangers who try too much from one network: told to wait, whichever worker they meet, and nobody else with them."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from app.rules import limits
from app.rules.limits import Limit
from tests.application import BASE_URL, Browser, World
from tests.scenes import ADA, found_organization
from tests.web.test_second_factor import living


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test reaches soon."""
    for name, most in (("CODES_ASKED_FOR", 4), ("WRONG_CODES", 3)):
        limit = getattr(limits, name)
        monkeypatch.setattr(f"app.web.sign_in.{name}", Limit(limit.name, most, limit.window))


def ask(browser: Browser, email: str, *, address: str = "192.0.2.1", path: str = "/sign-in") -> TestResponse:
    browser.get(path)
    data = {"form_token": browser._form_token, "email": email}
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = browser.client.post(
        path, base_url=BASE_URL, data=data, headers=headers, environ_base={"REMOTE_ADDR": address}
    )
    return browser._keep(answer)


def test_codes_asked_for_from_one_network_are_limited_and_others_are_not(world: World) -> None:
    found_organization(world)
    world.clock.advance(minutes=15)
    for number in range(4):
        assert ask(world.browser(), f"p{number}@acme.test").status_code == 200

    refused = ask(world.browser(), "p9@acme.test", path="/recover")

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "900"
    assert "Too many tries from your network. Try again in 15 minutes." in refused.text
    assert ask(world.browser(), ADA, address="192.0.2.2").status_code == 200
    world.clock.advance(minutes=15)
    assert ask(world.browser(), ADA).status_code == 200


def test_refused_try_leaves_nothing_behind_and_sends_nothing(world: World) -> None:
    found_organization(world)
    world.clock.advance(minutes=15)
    for number in range(4):
        ask(world.browser(), f"p{number}@acme.test")
    world.work()
    mails = len(world.post.mails)

    ask(world.browser(), ADA)

    world.work()
    assert len(world.post.mails) == mails


def test_wrong_codes_from_one_network_are_limited_at_every_door_together(world: World) -> None:
    organization = found_organization(world)
    world.clock.advance(minutes=15)

    def type_wrong() -> TestResponse:
        browser = world.browser()
        ask(browser, ADA, address="192.0.2.3")
        action = re.findall(r'action="(/sign-in/code[^"]*)"', browser.page)[0]
        return browser.submit(action, code="000000")

    assert [type_wrong().status_code for _ in range(3)] == [400, 400, 400]

    refused = type_wrong()

    assert refused.status_code == 429
    browser = world.browser()
    ask(browser, ADA, address="192.0.2.4")
    assert browser.enter_code(ADA).status_code == 429  # the right one is not looked at either
    world.clock.advance(minutes=16)
    assert world.browser().sign_in(ADA).status_code == 303
    assert len(living(organization)) >= 1

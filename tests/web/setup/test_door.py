"""Opening a setup link: what opens, what does not any more, and that its token goes nowhere else."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from app.rules.setup_links import Scope
from tests.application import World, led_to
from tests.web.settings.scenes import flat
from tests.web.setup.scenes import HOMES, KIM, LINKS, make_link, open_link, ready, revoke_all, token_of

NO_GOOD = "This link is not good, or no longer: it may have expired or been revoked. Ask whoever sent it."


def knock(world: World, link: str) -> TestResponse:
    """What a fresh browser is told that opens this."""
    browser = world.browser()
    browser.get("/setup")
    return browser.submit("/setup", link=link)


def test_looking_at_the_door_opens_nothing_and_sends_the_token_nowhere(world: World) -> None:
    url = make_link(ready(world))
    assert re.fullmatch(r"https://id\.doorward\.test/setup#[\w-]{43}", url)

    shown = world.browser().get("/setup")

    assert shown.status_code == 200
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert shown.headers["Cache-Control"] == "no-store"
    assert "doorward-setup" not in str(shown.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("scope", Scope)
def test_link_opens_the_part_it_is_for_as_a_whole_or_as_its_token(world: World, scope: Scope) -> None:
    url = make_link(ready(world), scope)

    for typed in (url, f"  {url} ", token_of(url)):
        answer = knock(world, typed)
        assert answer.headers["Location"] == HOMES[scope]
        (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("__Host-doorward-setup=")]
        for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert attribute in cookie
        assert token_of(url) not in cookie


@pytest.mark.parametrize("typed", ["", "#", "x", "\0", "é" * 43, "https://id.doorward.test/setup#", "a" * 43])
def test_what_is_no_link_is_told_the_same_as_one_that_is_over(world: World, typed: str) -> None:
    answer = knock(world, typed)

    assert answer.status_code in {400, 410}
    assert typed == "\0" or NO_GOOD in flat(answer.text)
    assert "__Host-doorward-setup" not in str(answer.headers.getlist("Set-Cookie"))


def test_expired_and_revoked_links_open_nothing_and_say_whom_to_ask(world: World) -> None:
    ada = ready(world)
    revoked, expired = make_link(ada), make_link(ada)
    for url in (revoked, expired):
        open_link(world, url)
    ada.browser.get(LINKS)
    first = re.findall(rf'action="({LINKS}/[^"]+/revoke)"', ada.browser.page)[-1]
    assert ada.browser.submit(first).status_code == 303
    told = knock(world, revoked)
    assert (told.status_code, NO_GOOD in flat(told.text)) == (410, True)
    open_link(world, expired)

    world.clock.advance(days=7)

    told = knock(world, expired)
    assert (told.status_code, NO_GOOD in flat(told.text)) == (410, True)


def test_session_that_is_over_leads_to_the_door_which_says_so(world: World) -> None:
    ada = ready(world)
    kim = open_link(world, make_link(ada))
    revoke_all(ada)

    answer = kim.get("/setup/sso")

    assert answer.headers["Location"] == "/setup?ended"
    assert "This session is over." in flat(kim.get("/setup?ended").text)


def test_whoever_leaves_is_out_and_may_open_the_link_again(world: World) -> None:
    url = make_link(ready(world))
    kim = open_link(world, url)
    assert 'href="/setup/sso">Go on where you were' in kim.get("/setup").text
    kim.get("/setup/sso")

    answer = kim.submit("/setup/leave")

    assert "You have left." in flat(kim.get(answer.headers["Location"]).text)
    assert "Go on where you were" not in kim.page
    assert kim.get("/setup/sso").headers["Location"] == "/setup?ended"
    assert kim.submit("/setup", link=url).headers["Location"] == "/setup/sso"


def test_another_link_in_the_same_browser_takes_the_place_of_the_first(world: World) -> None:
    ada = ready(world)
    kim = open_link(world, make_link(ada))
    cookie = kim.client.get_cookie("__Host-doorward-setup", "id.doorward.test")
    assert cookie is not None
    kim.get("/setup")

    answer = kim.submit("/setup", link=make_link(ada, Scope.DIRECTORY))

    assert answer.headers["Location"] == "/setup/directory"
    assert kim.get("/setup/sso").status_code == 403
    other = world.browser()
    other.client.set_cookie("__Host-doorward-setup", cookie.value, domain="id.doorward.test", secure=True)
    assert other.get("/setup/sso").headers["Location"] == "/setup?ended"


def test_administrator_who_opens_a_link_stays_signed_in(world: World) -> None:
    ada = ready(world)
    url = make_link(ada)
    ada.browser.get("/setup")

    assert ada.browser.submit("/setup", link=url).headers["Location"] == "/setup/sso"

    assert ada.browser.get("/setup/sso").status_code == 200
    assert "Setup links" in ada.browser.get(LINKS).text
    revoke_all(ada)
    assert ada.browser.get("/setup/sso").headers["Location"] == "/setup?ended"
    assert ada.browser.get(LINKS).status_code == 200


def test_mailed_link_opens_and_the_page_does_not_show_it(world: World) -> None:
    ada = ready(world)
    ada.browser.get(LINKS)
    answer = ada.browser.submit(LINKS, scope="sso", note="", email=KIM)
    assert led_to(answer) == f"{LINKS}?done=setup-link-sent"
    world.work()
    (url,) = re.findall(r"https?://\S+/setup#\S+", world.post.to(KIM)[-1].text)

    open_link(world, url)

    assert token_of(url) not in ada.browser.get(LINKS).text


def test_links_opened_from_one_network_are_limited(world: World) -> None:
    ada = ready(world)
    url = make_link(ada)
    kim = world.browser()
    kim.get("/setup")
    for _ in range(60):
        assert kim.submit("/setup", link="guess").status_code == 410

    answer = kim.submit("/setup", link=url)

    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
    world.clock.advance(minutes=16)
    kim.get("/setup")
    assert kim.submit("/setup", link=url).status_code == 303


def test_nothing_of_a_link_is_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    url = make_link(ready(world))
    kim = open_link(world, url)
    cookie = kim.client.get_cookie("__Host-doorward-setup", "id.doorward.test")
    knock(world, f"{token_of(url)}x")
    world.work()

    assert cookie is not None
    written = "\n".join(str(vars(record)) for record in caplog.records)
    assert token_of(url) not in written
    assert cookie.value not in written

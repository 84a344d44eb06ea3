"""The page of setup links: made by administrators, shown once, revoked."""

from __future__ import annotations

import pytest

from tests.application import World
from tests.scenes import ADA, GRACE
from tests.services.test_sign_in import set_columns
from tests.web.settings.scenes import desk, flat, recovery_session, signed_in
from tests.web.setup.scenes import KIM, LINKS, make_link, open_link, ready, revoke_all, token_of


def test_link_is_shown_once_listed_and_revoked(world: World) -> None:
    ada = ready(world)
    url = make_link(ada, note="Kim, IT")

    listed = flat(ada.browser.get(LINKS).text)
    assert "Kim, IT Open Single sign-on" in listed
    assert token_of(url) not in ada.browser.page
    open_link(world, url)
    revoke_all(ada)

    listed = flat(ada.browser.get(f"{LINKS}?done=setup-link-revoked").text)
    assert "Setup link revoked; it opens nothing any more." in listed
    assert "Kim, IT Revoked Single sign-on" in listed
    assert "/revoke" not in ada.browser.page


def test_authentication_page_leads_to_a_link_for_each_part(world: World) -> None:
    ada = ready(world)

    page = ada.page()

    assert f'href="{LINKS}?scope=sso"' in page
    assert f'href="{LINKS}?scope=directory"' in page
    shown = ada.browser.get(f"{LINKS}?scope=directory").text
    assert '<option value="directory" selected>' in shown


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"scope": "everything", "note": "Kim"}, "Choose what it is for."),
        ({"scope": "sso", "note": "", "email": ""}, "Say whom it is for, or give the address it goes to."),
        ({"scope": "sso", "note": "Kim", "email": "nowhere"}, "nowhere"),
        ({"scope": "sso", "note": "K" * 2000}, "K"),
    ],
)
def test_field_that_is_wrong_is_named_and_no_link_is_made(world: World, fields: dict[str, str], told: str) -> None:
    ada = ready(world)
    ada.browser.get(LINKS)

    answer = ada.browser.submit(LINKS, **fields)

    assert answer.status_code == 400
    assert told in flat(answer.text) + answer.text
    assert "No link yet" in ada.browser.get(LINKS).text


def test_link_without_a_verified_domain_is_refused(world: World) -> None:
    ada = desk(world)
    ada.browser.get(LINKS)

    answer = ada.browser.submit(LINKS, scope="sso", note="Kim")

    assert answer.status_code == 409
    assert "domain" in flat(answer.text)


def test_address_is_mailed_once_a_minute(world: World) -> None:
    ada = ready(world)
    ada.browser.get(LINKS)
    assert ada.browser.submit(LINKS, scope="sso", note="", email=KIM).status_code == 303

    answer = ada.browser.submit(LINKS, scope="sso", note="", email=KIM)

    assert answer.status_code == 429
    world.work()
    assert len(world.post.to(KIM)) == 1


def test_only_administrators_make_and_revoke_links_and_no_recovery_session(world: World) -> None:
    ada = ready(world)
    ada.member(GRACE)
    make_link(ada)
    link_id = ada.browser.get(LINKS).text.split(f"{LINKS}/")[1].split("/")[0]

    for browser in (signed_in(world, GRACE), recovery_session(world)):
        assert browser.get(LINKS).status_code == 403
        assert browser.submit(LINKS, scope="sso", note="Kim").status_code == 403
        assert browser.submit(f"{LINKS}/{link_id}/revoke").status_code == 403
    stranger = world.browser()
    stranger.get("/sign-in")
    assert stranger.submit(LINKS, scope="sso", note="Kim").headers["Location"] == "/sign-in"
    assert flat(ada.browser.get(LINKS).text).count("Kim Open Single sign-on") == 1


def test_administrator_on_hold_makes_none_and_the_page_says_why(world: World) -> None:
    ada = ready(world)
    set_columns(ada.organization, ADA, held=True)

    shown = flat(ada.browser.get(LINKS).text)
    answer = ada.browser.submit(LINKS, scope="sso", note="Kim")

    assert "a setup link would stay" in shown
    assert answer.status_code == 409
    assert "a setup link would stay" in flat(answer.text)


def test_link_is_not_made_in_a_browser_that_was_found_open(world: World) -> None:
    ada = ready(world)
    world.clock.advance(minutes=16)

    shown = ada.browser.get(LINKS).text
    answer = ada.browser.submit(LINKS, scope="sso", note="Kim")

    assert "/profile/confirm" in shown
    assert answer.status_code == 409

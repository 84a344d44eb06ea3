"""Whoever holds a setup link reaches exactly the pages of its scope, and no operation of the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from app.rules.setup_links import Scope
from app.store import members as member_rows
from app.web.routes import TABLE, Caller
from tests.application import BASE_URL, Browser, World
from tests.scenes import GRACE, Organization
from tests.web.settings.scenes import Desk, signed_in
from tests.web.setup.scenes import HOMES, holder, make_link, ready, revoke_all

REACHED = {
    Scope.SSO: {
        ("setup_sso.show", "GET"),
        ("setup_sso.new", "GET"),
        ("setup_sso.begin", "POST"),
        ("setup_sso.step", "GET"),
        ("setup_sso.go_on", "POST"),
        ("setup_sso.discard_setup", "POST"),
        ("setup_sso.try", "GET"),
        ("setup_sso.guide", "GET"),
        ("setup_sso.edit", "GET"),
        ("setup_sso.edit", "POST"),
        ("setup_sso.test", "POST"),
        ("setup_sso.tested", "GET"),
        ("setup.leave", "POST"),
    },
    Scope.DIRECTORY: {
        ("setup_directory.show", "GET"),
        ("setup_directory.add", "POST"),
        ("setup_directory.add_token", "POST"),
        ("setup.leave", "POST"),
    },
}
OPEN = {Caller.ANYONE, Caller.PROVIDER}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def calls(world: World, ids: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and URL of every route there is, those of the API included."""
    for rule in world.program.app.url_map.iter_rules():
        url = rule.rule
        for argument in rule.arguments:
            url = url.replace(f"<{argument}>", ids.get(argument, f"{argument}_x")).replace(f"<path:{argument}>", "x")
        for method in TABLE[rule.endpoint]:
            yield rule.endpoint, method, url


def send(browser: Browser, method: str, url: str) -> TestResponse:
    data = {"form_token": browser._form_token} if method == "POST" else None
    return browser.client.open(url, method=method, base_url=BASE_URL, data=data, headers=SAME_ORIGIN)


def is_shut(answer: TestResponse) -> bool:
    """Whether the caller was told that this is not for them."""
    if answer.status_code in {401, 403}:
        return True
    return answer.headers.get("Location", "").partition("?")[0] in {"/sign-in", "/setup"}


def with_everything(ada: Desk) -> dict[str, str]:
    """An organization in which the ids of the paths exist."""
    connection_id = ada.connect()
    directory_id, _ = ada.organization.add_directory()
    ids = {"connection_id": connection_id, "directory_id": directory_id, "org": ada.organization.id}
    return ids | {"conn": connection_id, "dir": directory_id, "member_id": ada.organization.admin_id}


@pytest.mark.parametrize("scope", Scope)
def test_holder_reaches_exactly_the_routes_of_the_scope_and_no_operation(world: World, scope: Scope) -> None:
    ada = ready(world)
    ids = with_everything(ada)
    kim, reached = holder(ada, scope), set()

    for endpoint, method, url in calls(world, ids):
        if TABLE[endpoint][method].caller not in OPEN and endpoint != "setup.leave":
            answer = send(kim, method, url)
            if not is_shut(answer):
                reached.add((endpoint, method))
    assert kim.get(HOMES[scope]).status_code == 200  # nothing of it has ended the session
    if send(kim, "POST", "/setup/leave").headers["Location"] == "/setup?left":
        reached.add(("setup.leave", "POST"))

    assert reached == REACHED[scope]


@pytest.mark.parametrize("scope", Scope)
def test_what_is_open_to_everybody_answers_a_holder_as_it_answers_a_stranger(world: World, scope: Scope) -> None:
    ada = ready(world)
    ids = with_everything(ada)
    kim, stranger = holder(ada, scope), world.browser()
    for browser in (kim, stranger):
        browser.get("/sign-in")

    for endpoint, method, url in calls(world, ids):
        if TABLE[endpoint][method].caller in OPEN and endpoint != "setup.door":
            told = [send(browser, method, url) for browser in (kim, stranger)]
            first, second = ((one.status_code, one.headers.get("Location")) for one in told)
            assert first == second, (endpoint, method, url)


def test_nobody_else_reaches_the_pages_of_holders(world: World) -> None:
    ada = ready(world)
    ids = with_everything(ada)
    ada.member(GRACE)
    make_link(ada)

    for browser in (ada.browser, signed_in(world, GRACE), world.browser()):
        browser.get("/sign-in")
        for endpoint, method, url in calls(world, ids):
            if endpoint.startswith("setup") and TABLE[endpoint][method].caller not in OPEN and url.startswith("/setup"):
                answer = send(browser, method, url)
                assert (answer.status_code, answer.headers.get("Location")) == (303, "/setup?ended"), url


@pytest.mark.parametrize("scope", Scope)
def test_nothing_is_reached_once_the_link_is_revoked(world: World, scope: Scope) -> None:
    ada = ready(world)
    ids = with_everything(ada)
    kim = holder(ada, scope)
    revoke_all(ada)

    for endpoint, method, url in calls(world, ids):
        if TABLE[endpoint][method].caller not in OPEN:
            assert is_shut(send(kim, method, url)), url


def test_ids_of_another_organization_are_not_found(world: World) -> None:
    ids = with_everything(ready(world))
    eve = neighbour(world)

    for scope in Scope:
        kim = holder(eve, scope)
        for endpoint, method, url in calls(world, ids):
            if (endpoint, method) in REACHED[scope] and any(id_ in url for id_ in ids.values()):
                assert send(kim, method, url).status_code in {400, 404}, url
                if "tokens" in url:
                    answer = kim.submit(url, expires_in="30")
                    assert answer.status_code == 404, url


def test_form_of_another_site_or_without_our_token_is_refused(world: World) -> None:
    ada = ready(world)
    ids = with_everything(ada)

    for scope in Scope:
        kim = holder(ada, scope)
        for endpoint, method, url in calls(world, ids):
            if (endpoint, method) in REACHED[scope] and method == "POST":
                data = {"form_token": kim._form_token}
                cross = {"Sec-Fetch-Site": "cross-site"}
                assert kim.client.post(url, base_url=BASE_URL, data=data, headers=cross).status_code == 403, url
                for token in ({}, {"form_token": "wrong"}, {"form_token": ada.browser._form_token}):
                    told = kim.client.post(url, base_url=BASE_URL, data=token, headers=SAME_ORIGIN)
                    assert told.status_code == 403, url


def neighbour(world: World) -> Desk:
    """The administrator of another organization, whose domain is verified."""
    browser = world.first_admin("eve@other.test", "Other")
    with world.transactions.reading() as unit:
        member = member_rows.by_email(unit.session, "eve@other.test")
        assert member is not None
        eve = Desk(world, browser, Organization(world, member.organization_id, member.id))
    eve.verify_domain("other.test")
    return eve

"""Who reaches the settings pages: the route table walked as a stranger, a member, a recovery session, a neighbour."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from app.rules.actor import OPERATOR
from app.services import directories, directory_tokens, domains, members, organization_keys, role_mappings, roles
from app.web.routes import TABLE, Caller, Route
from tests.application import BASE_URL, Browser, World
from tests.scenes import GRACE, provisioned
from tests.web.settings.scenes import Desk, desk, recovery_session, signed_in, to_last_step

SETTINGS = frozenset(
    {
        "authentication",
        "admission",
        "domains",
        "connections",
        "revisions",
        "readiness",
        "directories",
        "scim_requests",
        "role_mappings",
        "members",
        "member",
        "invitations",
        "roles",
        "keys",
        "activity",
        "audit",
    }
)
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def routes(world: World) -> Iterator[tuple[str, str, Route]]:
    """Method, URL with made-up ids, and entry of every route of the settings pages."""
    for rule in world.program.app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in SETTINGS:
            url = rule.rule
            for argument in rule.arguments:
                url = url.replace(f"<{argument}>", f"{argument}_x")
            for method, route in TABLE[rule.endpoint].items():
                yield method, url, route


def request(browser: Browser, method: str, url: str, *, token: str | None = "right", **headers: str) -> TestResponse:
    data = {"form_token": browser._form_token if token == "right" else token} if method == "POST" and token else None
    return browser.client.open(url, method=method, base_url=BASE_URL, data=data, headers=headers or SAME_ORIGIN)


def test_every_route_of_the_table_is_there(world: World) -> None:
    listed = {endpoint for endpoint in TABLE if endpoint.partition(".")[0] in SETTINGS}

    assert listed == {
        rule.endpoint for rule in world.program.app.url_map.iter_rules() if rule.endpoint.partition(".")[0] in SETTINGS
    }


def test_strangers_are_sent_to_sign_in(world: World) -> None:
    desk(world)
    stranger = world.browser()
    stranger.get("/sign-in")

    for method, url, _ in routes(world):
        answer = request(stranger, method, url)
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/sign-in"), url


def test_members_are_told_who_can_help(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE)
    grace = signed_in(world, GRACE)

    for method, url, _ in routes(world):
        answer = request(grace, method, url)
        assert answer.status_code == 403, url
        assert "ada@acme.test" in answer.text, url


def test_recovery_session_reaches_authentication_settings_only(world: World) -> None:
    desk(world)
    browser = recovery_session(world)

    for method, url, route in routes(world):
        answer = request(browser, method, url)
        assert (answer.status_code == 403) is (route.caller is Caller.FULL_ADMIN), url


@pytest.mark.parametrize("token", [None, "wrong"])
def test_form_without_our_token_is_refused(world: World, token: str | None) -> None:
    ada = desk(world)

    for method, url, _ in routes(world):
        if method == "POST":
            assert request(ada.browser, method, url, token=token).status_code == 403, url


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}])
def test_form_of_another_site_is_refused(world: World, headers: dict[str, str]) -> None:
    ada = desk(world)

    for method, url, _ in routes(world):
        if method == "POST":
            assert request(ada.browser, method, url, **headers).status_code == 403, url


def test_ids_of_another_organization_are_not_found(world: World) -> None:
    ada = provisioned(world)
    browser = world.first_admin("eve@other.test", "Other")
    eve = browser

    for method, url in _theirs(world, ada.organization.id):
        answer = request(eve, method, url)
        assert answer.status_code == 404, (method, url, answer.text[:200])


def test_made_up_ids_are_not_found(world: World) -> None:
    ada = desk(world)

    for method, url, _ in routes(world):
        if "_x" in url:
            assert request(ada.browser, method, url).status_code == 404, url


@pytest.mark.parametrize(
    "url", ["/settings/members?after=%00", "/settings/activity?attempts=%00&changes=%00", "/settings/audit?before=%00"]
)
def test_address_that_cannot_be_stored_is_not_found(world: World, url: str) -> None:
    assert desk(world).browser.get(url).status_code == 404


def test_ids_and_fields_that_cannot_be_stored_are_refused(world: World) -> None:
    ada = desk(world)

    for method, url, _ in routes(world):
        if "_x" in url:
            assert request(ada.browser, method, url.replace("_x", "%00")).status_code == 404, url
    assert ada.browser.submit("/settings/role-mappings", source="directory", group="\0", role="x").status_code == 400


def test_every_page_has_the_headers_that_keep_browsers_honest(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE)
    grace = signed_in(world, GRACE)
    pages = (*_pages(ada), grace.get("/settings/authentication"), ada.browser.get("/settings/domains"))

    for answer in pages:
        assert answer.mimetype == "text/html"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        assert " style=" not in answer.text
        assert "<script>" not in answer.text


def test_every_page_of_somebody_who_is_signed_in_offers_to_sign_out(world: World) -> None:
    ada = desk(world)
    ada.member(GRACE)

    for answer in (*_pages(ada), ada.browser.get("/profile"), signed_in(world, GRACE).get("/profile")):
        assert re.search(r'<form method="post" action="/sign-out">.*?Sign out</button>', answer.text, re.DOTALL)


def _pages(ada: Desk) -> Iterator[TestResponse]:
    ada.verify_domain()
    connection_id = ada.connect()
    result = ada.test_sign_in(connection_id)
    directory_id, _ = ada.organization.add_directory()
    for url in (
        "/settings/authentication",
        "/settings/members",
        "/settings/roles",
        "/settings/keys",
        "/settings/activity",
        "/settings/audit",
        "/settings/sign-ins",
        "/settings/connections/new",
        to_last_step(ada.browser),
        f"/settings/connections/{connection_id}/test",
        f"/settings/connections/{connection_id}/edit",
        f"/settings/authentication/directories/{directory_id}/requests",
        result,
    ):
        yield ada.browser.get(url)
    yield ada.browser.submit(f"/settings/directories/{directory_id}/tokens")
    yield ada.browser.submit("/settings/recovery-codes")
    yield ada.browser.submit("/settings/keys")
    yield ada.browser.submit("/settings/domains", host="nonsense")


def _theirs(world: World, organization_id: str) -> Iterator[tuple[str, str]]:
    """Every route with an id in it, with ids of that organization."""
    with world.transactions.writing(OPERATOR) as unit:
        organization_keys.add(unit, organization_id)
    with world.transactions.reading() as unit:
        domain = domains.all_of(unit, organization_id)[0]
        directory = directories.all_of(unit, organization_id)[0]
        token = directory_tokens.all_of(unit, organization_id, directory.id)[0]
        mapping = role_mappings.all_of(unit, organization_id)[0]
        member = members.administrators(unit, organization_id)[0]
        role = roles.all_of(unit, organization_id)[0]
        key = organization_keys.all_of(unit, organization_id)[0].id
        ids = {
            "domain_id": domain.id,
            "directory_id": directory.id,
            "token_id": token.id,
            "mapping_id": mapping.id,
            "member_id": member.id,
            "role_id": role.id,
            "key_id": key,
        }
    for method, url, _ in routes(world):
        filled = url
        for name, value in ids.items():
            filled = filled.replace(f"{name}_x", value)
        if filled != url:
            yield method, filled


@pytest.mark.parametrize("url", ["/settings/roles", "/settings/keys", "/settings/activity", "/settings/audit"])
def test_page_is_not_offered_where_it_would_be_refused(world: World, url: str) -> None:
    ada = desk(world)
    assert f'href="{url}"' in ada.page()

    assert url not in recovery_session(world).page

"""Signing out at an OpenID provider, and because of it: over the real routes, on both databases."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import delete, func, select
from werkzeug.test import TestResponse

from app.ports.http import HttpFailedError
from app.rules.actor import OPERATOR
from app.rules.connections import ConnectionState
from app.rules.ids import Prefix
from app.services import connection_settings
from app.store.attempts import SignInRecord
from app.store.connections import Connection, ConnectionRevision, FetchedDocument
from app.store.provider_sessions import ProviderSessionRow
from tests.application import BASE_URL, Browser, World
from tests.oidc.logouts import LOGOUT_CASES, Logout
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.scenes import Organization, found_organization
from tests.web.settings.scenes import flat

END_SESSION = "https://idp.example.test/session/end"


@dataclass
class Office:
    """An organization that requires single sign-on through an OpenID provider."""

    organization: Organization
    provider: Provider
    connection_id: str
    logouts: int = field(default=0)

    @property
    def world(self) -> World:
        return self.organization.world

    def sign_in(self, *, sid: str, subject: str = "u-1", email: str = "grace@acme.test") -> Browser:
        """A browser in which somebody came in, in the session there that has this id."""
        browser = self.world.browser()
        leaving = browser.client.get(f"/oidc/{self.connection_id}/login", base_url=BASE_URL).headers["Location"]
        query = parse_qs(urlsplit(leaving).query)
        moment = int(self.world.clock.now().timestamp())
        times = {"iat": moment, "exp": moment + 300, "auth_time": moment}
        self.provider.claims |= {"nonce": query["nonce"][0], "sid": sid, "sub": subject, "email": email, **times}
        given = urlencode({"state": query["state"][0], "code": "code-1", "iss": self.provider.issuer})
        answer = browser.client.get(f"/oidc/{self.connection_id}/callback?{given}", base_url=BASE_URL)
        assert answer.status_code == 303, answer.text
        assert is_in(browser)
        return browser

    def logout(self) -> Logout:
        """A logout token of this provider, made now."""
        self.logouts += 1
        logout = Logout()
        moment = int(self.world.clock.now().timestamp())
        logout.claims |= {"iat": moment, "exp": moment + 120, "jti": f"logout-{self.logouts}"}
        return logout

    def send(self, logout: Logout) -> TestResponse:
        path = f"/oidc/{self.connection_id}/backchannel-logout"
        return self.world.browser().client.post(path, base_url=BASE_URL, data=_multiple(logout.posted()))

    def kept(self) -> int:
        with self.world.transactions.reading() as unit:
            return unit.session.scalar(select(func.count()).select_from(ProviderSessionRow)) or 0

    def records(self) -> list[SignInRecord]:
        with self.world.transactions.reading() as unit:
            query = select(SignInRecord).where(SignInRecord.purpose == "sign_out").order_by(SignInRecord.id)
            return list(unit.session.scalars(query))


def _multiple(form: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [value for key, value in form if key == name] for name, _ in form}


@pytest.fixture
def office(world: World) -> Office:
    provider = Provider()
    world.switchboard.end = provider
    provider.discovery["end_session_endpoint"] = END_SESSION
    del provider.claims["at_hash"]
    organization = found_organization(world)
    organization.verify_domain()
    return Office(organization, provider, _connect(organization))


def _connect(organization: Organization) -> str:
    """A connection in force, whose test is left out."""
    settings = {
        "issuer": "https://idp.example.test",
        "client_id": CLIENT_ID,
        "scopes": ["openid"],
        "claims": {"email": "email", "name": "name", "groups": "groups", "email_verification": "required"},
    }
    with organization.world.transactions.writing(OPERATOR) as unit:
        revision, connection = unit.id(Prefix.REVISION), unit.id(Prefix.CONNECTION)
        unit.session.add(
            Connection(
                id=connection,
                organization_id=organization.id,
                protocol="oidc",
                name="Acme Keycloak",
                state=ConnectionState.ACTIVE,
                created_at=unit.now,
                latest_revision=revision,
                revision_in_force=revision,
            )
        )
        unit.session.flush()
        secrets = json.dumps({"client_secret": CLIENT_SECRET})
        sealed = unit.ports.sealing.seal(secrets, place=connection_settings._place(revision))
        unit.session.add(
            ConnectionRevision(
                id=revision, connection_id=connection, settings=settings, sealed_secrets=sealed, created_at=unit.now
            )
        )
    return connection


def is_in(browser: Browser) -> bool:
    return browser.get("/profile").status_code == 200


def way_on(page: str) -> str:
    found = re.search(r'<a href="([^"]+)">Also sign out at Acme Keycloak', page)
    return html.unescape(found.group(1)) if found else ""


def signed_out(browser: Browser) -> str:
    return browser.get(browser.submit("/sign-out").headers["Location"]).text


def test_signing_out_leads_on_to_the_provider_and_back(office: Office) -> None:
    browser = office.sign_in(sid="sid-1")
    id_token = office.provider.id_token()

    page = signed_out(browser)

    assert not is_in(browser)
    assert office.kept() == 0
    query = parse_qs(urlsplit(way_on(page)).query)
    assert (query["id_token_hint"], query["client_id"]) == ([id_token], [CLIENT_ID])
    (back,) = query["post_logout_redirect_uri"]
    assert back == f"{BASE_URL}/oidc/{office.connection_id}/signed-out"
    answer = browser.client.get(f"{back}?{urlencode({'state': query['state'][0]})}", base_url=BASE_URL)
    assert "You are signed out at Acme Keycloak too." in flat(browser.get(answer.headers["Location"]).text)


@pytest.mark.parametrize("query", ["", "?state=another", "?state=a&state=b", "?state=%00"])
def test_whoever_comes_back_without_their_state_is_signed_out_all_the_same(office: Office, query: str) -> None:
    browser = office.sign_in(sid="sid-1")
    signed_out(browser)
    path = f"/oidc/{office.connection_id}/signed-out{query}"
    answer = browser.client.get(path, base_url=BASE_URL)
    if query.endswith("%00"):
        assert answer.status_code == 404
        return
    page = flat(browser.get(answer.headers["Location"]).text)
    assert "You are signed out." in page
    assert "too" not in page.partition("Sign in With")[0]


def test_state_of_another_browser_is_not_taken(office: Office) -> None:
    browser, other = office.sign_in(sid="sid-1"), office.sign_in(sid="sid-2")
    (state,) = parse_qs(urlsplit(way_on(signed_out(browser))).query)["state"]
    answer = other.client.get(f"/oidc/{office.connection_id}/signed-out?state={state}", base_url=BASE_URL)
    assert answer.headers["Location"] == "/sign-in?signed-out"
    assert is_in(other)


def test_provider_that_cannot_be_reached_keeps_nobody_signed_in(office: Office) -> None:
    browser = office.sign_in(sid="sid-1")
    office.provider.answers["/.well-known/openid-configuration"] = HttpFailedError("slow")
    with office.world.transactions.writing() as unit:
        unit.session.execute(delete(FetchedDocument))
    asked = len(office.provider.seen)

    page = signed_out(browser)

    assert not is_in(browser)
    assert way_on(page).startswith(END_SESSION)
    assert len(office.provider.seen) == asked


def test_token_ends_the_session_it_names(office: Office) -> None:
    first, second = office.sign_in(sid="sid-1"), office.sign_in(sid="sid-2")

    answer = office.send(office.logout())

    assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (200, b"", "no-store")
    assert (is_in(first), is_in(second)) == (False, True)
    assert office.kept() == 1
    told = [event for event in office.organization.events() if event.type == "session.ended"]
    assert [event.data["reason"] for event in told] == ["signed_out_at_provider"]


@pytest.mark.parametrize("left_out", ["sid", "sub"])
def test_token_with_one_name_ends_what_that_names(office: Office, left_out: str) -> None:
    first, second = office.sign_in(sid="sid-1"), office.sign_in(sid="sid-2")
    other = office.sign_in(sid="sid-3", subject="u-2", email="alan@acme.test")
    logout = office.logout()
    del logout.claims[left_out]

    assert office.send(logout).status_code == 200

    assert (is_in(first), is_in(second), is_in(other)) == (False, left_out == "sub", True)


def test_token_for_somebody_who_has_no_session_is_fine(office: Office) -> None:
    logout = office.logout()
    logout.claims |= {"sub": "stranger", "sid": "sid-9"}
    assert office.send(logout).status_code == 200


def test_token_that_comes_again_is_refused(office: Office) -> None:
    logout = office.logout()
    assert office.send(logout).status_code == 200
    later = office.sign_in(sid="sid-1")

    answer = office.send(logout)

    (record,) = office.records()
    assert (answer.status_code, record.reason) == (400, "logout_replayed")
    assert answer.json == {"error": "invalid_request", "error_description": f"logout_replayed {record.id}"}
    assert is_in(later)


def test_forged_token_ends_nobody_and_is_on_record_under_its_name(office: Office) -> None:
    browser = office.sign_in(sid="sid-1")
    for number, case in enumerate(LOGOUT_CASES):
        logout = Logout(sign_in=replace(Logout().sign_in, provider=office.provider))
        logout.claims["iss"] = office.provider.issuer
        case.mutate(logout)
        if case.name == "provider_unreachable":
            with office.world.transactions.writing() as unit:
                unit.session.execute(delete(FetchedDocument))
        answer = office.send(logout)
        office.provider.answers.clear()
        record = office.records()[number]
        assert (answer.status_code, record.reason, str(case)) == (400, case.name, str(case))
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json == {"error": "invalid_request", "error_description": f"{case.name} {record.id}"}

    assert is_in(browser)
    assert office.kept() == 1


def test_token_for_the_other_protocol_s_address_is_no_token(office: Office) -> None:
    client = office.world.browser().client
    assert client.get(f"/saml/{office.connection_id}/logout", base_url=BASE_URL).status_code == 404

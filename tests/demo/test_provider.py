"""The demo's identity provider: whom it answers, and what it does not do for others."""

from __future__ import annotations

import base64
import hashlib
import zlib
from pathlib import Path

import dns.message
import dns.rcode
import pytest
import requests
from werkzeug.test import Client, TestResponse

from demo.api import Api
from demo.identity_provider import IdentityProvider
from demo.name_server import NameServer
from demo.oidc_provider import Client as RelyingParty
from demo.people import GRACE
from demo.post_office import PostOffice
from demo.saml_provider import ServiceProvider
from demo.scim import PushRefusedError, ScimClient
from demo.server import Doorward
from demo.telling import Story, StoryFailedError, expect
from demo.town import Town
from demo.web import create_site

ORIGIN = "http://127.0.0.1:9"
DOORWARD = "http://127.0.0.1:8"
ENTITY_ID, ACS_URL = f"{DOORWARD}/saml/conn_1/metadata", f"{DOORWARD}/saml/conn_1/acs"
CALLBACK = f"{DOORWARD}/oidc/conn_2/callback"
VERIFIER = "v" * 43
SECRET = "a secret"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A town without a server: the site is asked by the test."""
    provider = IdentityProvider(ORIGIN)
    provider.service_provider = ServiceProvider(ENTITY_ID, ACS_URL)
    provider.oidc.client = RelyingParty("doorward", SECRET, CALLBACK)
    server = Doorward(DOORWARD, tmp_path, "token")
    return Town(server, NameServer("127.0.0.1:7"), PostOffice("smtp://127.0.0.1:6"), provider, Api(DOORWARD, "token"))


def saml_request(issuer: str = ENTITY_ID, acs_url: str = ACS_URL) -> dict[str, str]:
    document = (
        '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"'
        f' ID="_1" AssertionConsumerServiceURL="{acs_url}"><a:Issuer>{issuer}</a:Issuer></p:AuthnRequest>'
    )
    return {"SAMLRequest": base64.b64encode(zlib.compress(document.encode(), wbits=-15)).decode()}


def ask(town: Town, path: str, query: dict[str, str]) -> TestResponse:
    return Client(create_site(town)).get(path, query_string=query, base_url=ORIGIN)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (saml_request(), 200),
        (saml_request(issuer="https://another.test/metadata"), 400),
        (saml_request(acs_url="https://another.test/acs"), 400),
        ({"SAMLRequest": "no request"}, 400),
        ({}, 400),
    ],
)
def test_saml_request_of_anybody_but_this_doorward_is_not_answered(
    town: Town, request_: dict[str, str], status: int
) -> None:
    assert ask(town, "/saml/sign-in", request_).status_code == status


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 200),
        ({"redirect_uri": "https://another.test/callback"}, 400),
        ({"client_id": "another"}, 400),
        ({"code_challenge_method": "plain"}, 400),
    ],
)
def test_oidc_request_of_anybody_but_this_doorward_is_not_answered(
    town: Town, changed: dict[str, str], status: int
) -> None:
    assert ask(town, "/oidc/authorize", oidc_request() | changed).status_code == status


def oidc_request() -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {
        "client_id": "doorward",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


@pytest.mark.parametrize("wrong", [{"code_verifier": "w" * 43}, {"redirect_uri": "https://another.test/callback"}])
def test_code_is_worth_nothing_with_anything_wrong_and_afterwards_nothing_at_all(
    town: Town, wrong: dict[str, str]
) -> None:
    oidc, credentials = town.provider.oidc, {"client_id": "doorward", "client_secret": SECRET}
    code = oidc.grant(GRACE, oidc_request()).partition("code=")[2].partition("&")[0]
    form = {"code": code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK}

    assert oidc.redeem(form | wrong, **credentials) is None
    assert oidc.redeem(form, **credentials) is None


def test_code_is_good_once_and_for_the_right_secret(town: Town) -> None:
    oidc = town.provider.oidc
    codes = [oidc.grant(GRACE, oidc_request()).partition("code=")[2].partition("&")[0] for _ in range(2)]
    first, second = ({"code": code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK} for code in codes)

    assert oidc.redeem(first, client_id="doorward", client_secret="a guess") is None
    assert oidc.redeem(second, client_id="doorward", client_secret=SECRET) is not None
    assert oidc.redeem(second, client_id="doorward", client_secret=SECRET) is None


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://another.test"}, {"Sec-Fetch-Site": "cross-site", "Origin": "null"}, {"Host": "another.test"}],
)
def test_another_site_does_nothing_on_the_control_page(town: Town, headers: dict[str, str]) -> None:
    client = Client(create_site(town))

    assert client.post("/certificate", base_url=ORIGIN, headers=headers).status_code == 403
    assert not town.provider.keys.broken
    assert client.post("/certificate", base_url=ORIGIN, headers={"Origin": ORIGIN}).status_code == 302
    assert town.provider.keys.broken


def test_broken_certificate_is_in_no_document_that_the_provider_publishes(town: Town) -> None:
    provider = town.provider
    published = provider.keys.signing.certificate
    before = provider.metadata, provider.oidc.published_keys()
    provider.keys.broken = True

    assert (provider.metadata, provider.oidc.published_keys()) == before
    assert published in provider.metadata
    assert provider.keys.signing.certificate not in provider.metadata


def test_name_server_knows_what_was_published_and_no_other_name() -> None:
    names = NameServer("127.0.0.1:7")
    names.publish("example.test", "a-record")

    known, unknown = (
        dns.message.from_wire(names.answer(dns.message.make_query(host, "TXT").to_wire()) or b"")
        for host in ("example.test", "another.test")
    )

    assert '"a-record"' in str(known.answer[0])
    assert unknown.rcode() == dns.rcode.NXDOMAIN
    assert names.answer(b"no question") is None


class Hurried(ScimClient):
    """Answered by a list instead of a server."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(DOORWARD, "token")
        self.statuses = list(statuses)

    def _send(self, method: str, path: str, body: dict[str, object] | None) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.headers["Retry-After"] = self.statuses.pop(0), "0"
        answer._content = b'{"id": "u-1"}'
        return answer


def test_push_that_is_too_fast_is_sent_again_and_one_that_is_wrong_is_not() -> None:
    hurried, wrong = Hurried(429, 503, 201), Hurried(400, 201)

    assert hurried.create_user(GRACE) == "u-1"
    with pytest.raises(PushRefusedError, match="answered 400"):
        wrong.create_user(GRACE)

    assert (hurried.statuses, wrong.statuses) == ([], [201])


def test_step_that_goes_wrong_ends_the_story(capsys: pytest.CaptureFixture[str]) -> None:
    story = Story()
    with story.step("the sun rises"):
        expect(holds=True, otherwise="dark")

    with pytest.raises(StoryFailedError, match="dry"), story.step("it rains"):
        expect(holds=False, otherwise="dry")

    assert story.passed == 1
    assert capsys.readouterr().out.splitlines() == ["ok   the sun rises", "fail it rains"]

"""The routes, the AuthnRequest, and what a process keeps between two responses."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import onelogin.saml2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from flask.typing import ResponseReturnValue
from lxml import etree
from werkzeug.test import Client

from app.rules.certificates import Certificate
from app.rules.connections import Revision, Verify, VerifyUnsolicited, Wish
from app.rules.errors import NotFoundError
from app.rules.identity import ExternalIdentity, Rejection, Unasked
from app.rules.ids import ConnectionId, RevisionId
from saml.blueprint import create_blueprint
from saml.kind import SamlKind
from saml.settings import ServiceProvider, SettingsCache
from tests.saml.forge import (
    ACS_URL,
    BASE_URL,
    CONNECTION,
    ENTITY_ID,
    NOW,
    REQUEST_ID,
    Element,
    Internet,
    Recipe,
    StoppedClock,
    World,
    attr,
    nobody_asked,
    pair,
)
from tests.way_out import OneWayOut

SCHEMAS = Path(onelogin.saml2.__file__).parent / "schemas"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"


class OneFlowDoor:
    """A door with one connection and one flow under way."""

    def __init__(self) -> None:
        self.verdict: Unasked | None = None

    def start(self, connection_id: str, *, protocol: str, wish: Wish | None = None) -> ResponseReturnValue:
        return f"start {connection_id} {protocol}"

    def receive(
        self,
        connection_id: str,
        *,
        protocol: str,
        handle: str,
        verify: Verify,
        unsolicited: VerifyUnsolicited | None = None,
    ) -> ResponseReturnValue:
        assert unsolicited is not None
        if handle == "handle":
            self.verdict = verify(World().revision(), World().flow(), NOW)
        elif handle == "/profile":
            self.verdict = unsolicited(World(allows_unsolicited=True).revision(), NOW)
        return f"receive {connection_id}"

    def described(self, connection_id: str, *, protocol: str) -> Revision:
        if (connection_id, protocol) != (CONNECTION, "saml"):
            raise NotFoundError("There is no such connection.")
        return World().revision()


@pytest.fixture
def door() -> OneFlowDoor:
    return OneFlowDoor()


@pytest.fixture
def browser(door: OneFlowDoor) -> Client:
    application = Flask(__name__)
    application.register_blueprint(create_blueprint(kind=kind(), door=door, way_out=OneWayOut(World().revision(), NOW)))
    application.register_error_handler(NotFoundError, lambda error: (error.sentence, 404))
    return application.test_client()


def kind(base_url: str = BASE_URL) -> SamlKind:
    return SamlKind(base_url=base_url, http=Internet({}), clock=StoppedClock())


def authn_request(url: str) -> Element:
    (message,) = parse_qs(urlsplit(url).query)["SAMLRequest"]
    return etree.fromstring(zlib.decompress(base64.b64decode(message), -zlib.MAX_WBITS))


def assert_valid(document: Element, schema: str) -> None:
    checker = etree.XMLSchema(etree.parse(SCHEMAS / schema))
    assert checker.validate(document), checker.error_log


def test_login_is_handed_to_the_door(browser: Client) -> None:
    assert browser.get("/saml/conn_1/login").text == "start conn_1 saml"


def test_response_is_verified_when_the_door_knows_the_flow(browser: Client, door: OneFlowDoor) -> None:
    posted = {"SAMLResponse": Recipe().post(), "RelayState": "handle"}
    assert browser.post("/saml/conn_1/acs", data=posted, headers={"Host": "evil.test"}).text == "receive conn_1"
    assert isinstance(door.verdict, ExternalIdentity)


def test_response_is_not_looked_at_before_the_door_asks_for_it(browser: Client, door: OneFlowDoor) -> None:
    browser.post("/saml/conn_1/acs", data={"SAMLResponse": Recipe().post()})
    assert door.verdict is None


def test_response_that_no_flow_waits_for_can_be_verified_without_one(browser: Client, door: OneFlowDoor) -> None:
    posted = {"SAMLResponse": Recipe(before=nobody_asked).post(), "RelayState": "/profile"}
    browser.post("/saml/conn_1/acs", data=posted)
    assert isinstance(door.verdict, ExternalIdentity)


def test_post_without_a_response_is_refused_by_name(browser: Client, door: OneFlowDoor) -> None:
    browser.post("/saml/conn_1/acs", data={"RelayState": "handle"})
    assert isinstance(door.verdict, Rejection)
    assert door.verdict.name == "response_missing"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])
def test_consumer_service_takes_nothing_but_posts(browser: Client, method: str) -> None:
    assert browser.open("/saml/conn_1/acs", method=method).status_code == 405


@pytest.mark.parametrize("path", ["login", "metadata", "certificate"])
def test_other_routes_take_no_posts(browser: Client, path: str) -> None:
    assert browser.post(f"/saml/conn_1/{path}").status_code == 405


def test_metadata_is_valid_and_names_the_connection(browser: Client) -> None:
    answer = browser.get("/saml/conn_1/metadata", headers={"Host": "evil.test"})
    document = etree.fromstring(answer.data)
    assert answer.content_type == "application/samlmetadata+xml"
    assert_valid(document, "saml-schema-metadata-2.0.xsd")
    assert document.get("entityID") == ENTITY_ID
    assert [service.get("Location") for service in document.iter("{*}AssertionConsumerService")] == [ACS_URL]


def keys_of(document: Element) -> list[tuple[str | None, str | None]]:
    return [
        (descriptor.get("use"), descriptor.findtext(".//{*}X509Certificate"))
        for descriptor in document.iter("{*}KeyDescriptor")
    ]


def test_metadata_holds_the_certificate_to_verify_with_and_to_encrypt_for(browser: Client) -> None:
    document = etree.fromstring(browser.get("/saml/conn_1/metadata").data)
    assert keys_of(document) == [("signing", pair("own").der), ("encryption", pair("own").der)]


def test_metadata_holds_the_old_certificate_for_verifying_and_asks_to_encrypt_for_the_new_one() -> None:
    document = etree.fromstring(kind().service_provider_metadata(World(own=("own", "own 2")).revision()))
    assert_valid(document, "saml-schema-metadata-2.0.xsd")
    old, new = pair("own").der, pair("own 2").der
    assert keys_of(document) == [("signing", old), ("signing", new), ("encryption", new)]


def test_certificate_is_a_file_to_hand_to_a_provider_that_takes_no_metadata(browser: Client) -> None:
    answer = browser.get("/saml/conn_1/certificate")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="doorward.pem"'
    assert answer.text.strip() == pair("own").certificate.strip()


def test_certificate_of_an_organization_without_one_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        kind().own_certificate(World(own=()).revision())


def signing(revision: Revision) -> Revision:
    return replace(revision, settings={**revision.settings, "sign_requests": True})


def test_metadata_says_whether_requests_are_signed() -> None:
    said = [
        etree.fromstring(kind().service_provider_metadata(revision))[0].get("AuthnRequestsSigned")
        for revision in (World().revision(), signing(World().revision()))
    ]
    assert said == ["false", "true"]


def test_request_is_signed_where_the_connection_says_so() -> None:
    url = kind().start(signing(World(own=("own", "own 2")).revision()), World().flow())
    query, _, signature = urlsplit(url).query.rpartition("&Signature=")
    assert list(parse_qs(query)) == ["SAMLRequest", "RelayState", "SigAlg"]
    assert parse_qs(query)["SigAlg"] == ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"]
    key = x509.load_pem_x509_certificate(pair("own").certificate.encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(unquote(signature)), query.encode(), PKCS1v15(), SHA256())


def test_request_is_not_signed_without_a_key() -> None:
    url = kind().start(signing(World(own=()).revision()), World().flow())
    assert list(parse_qs(urlsplit(url).query)) == ["SAMLRequest", "RelayState"]


def test_metadata_of_an_unknown_connection_is_not_found(browser: Client) -> None:
    assert browser.get("/saml/conn_2/metadata").status_code == 404


def test_request_is_valid_and_says_who_asks_and_where_to_answer() -> None:
    url = kind().start(World().revision(), World().flow())
    request = authn_request(url)
    assert url.startswith("https://idp.test/sso?SAMLRequest=")
    assert parse_qs(urlsplit(url).query)["RelayState"] == ["handle"]
    assert_valid(request, "saml-schema-protocol-2.0.xsd")
    assert dict(request.attrib) == {
        "ID": REQUEST_ID,
        "Version": "2.0",
        "IssueInstant": "2026-11-23T11:59:30Z",
        "Destination": "https://idp.test/sso",
        "AssertionConsumerServiceURL": ACS_URL,
        "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    }
    assert [(child.tag, child.text) for child in request] == [(f"{SAML}Issuer", ENTITY_ID)]


def test_request_of_a_test_sign_in_asks_to_authenticate_again() -> None:
    world = World(is_test=True)
    assert authn_request(kind().start(world.revision(), world.flow())).get("ForceAuthn") == "true"


def test_request_goes_to_an_address_with_a_query_of_its_own() -> None:
    ordinary = World().revision()
    idp = {**ordinary.settings["idp"], "sso_url": 'https://idp.test/sso?a=1&b=<">'}
    url = kind().start(replace(ordinary, settings={"idp": idp}), World().flow())
    assert url.startswith('https://idp.test/sso?a=1&b=<">&SAMLRequest=')
    assert authn_request(url).get("Destination") == idp["sso_url"]


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000", "http://doorward:8000/", "https://door.test:8443"])
def test_host_comes_from_the_base_url(base_url: str) -> None:
    here = base_url.rstrip("/")

    def moved(root: Element) -> None:
        attr("/samlp:Response", "Destination", f"{here}/saml/conn_1/acs")(root)
        attr("//saml:SubjectConfirmationData", "Recipient", f"{here}/saml/conn_1/acs")(root)
        for audience in root.iter(f"{SAML}Audience"):
            audience.text = f"{here}/saml/conn_1/metadata"

    verdict = World(base_url=base_url).judge(Recipe(before=moved).post())
    assert isinstance(verdict, ExternalIdentity), verdict


def test_skew_is_what_the_kind_was_given() -> None:
    strict = SamlKind(base_url=BASE_URL, http=Internet({}), clock=StoppedClock(), skew=timedelta(0))
    after_its_end = NOW + timedelta(seconds=300)
    verdict = strict.verifier(Recipe().post())(World().revision(), World().flow(), after_its_end)
    assert isinstance(verdict, Rejection)
    assert verdict.name == "assertion_expired"


def revision(number: int) -> Revision:
    return replace(World().revision(), revision_id=RevisionId(f"rev_{number}"))


def test_settings_are_made_once_for_each_revision_and_base_url() -> None:
    cache = SettingsCache()
    here, there = ServiceProvider(BASE_URL, CONNECTION), ServiceProvider("https://door.test", CONNECTION)
    assert cache.get(revision(1), here) is cache.get(revision(1), here)
    assert cache.get(revision(1), here) is not cache.get(revision(2), here)
    assert cache.get(revision(1), here) is not cache.get(revision(1), there)


def test_settings_are_made_anew_when_a_certificate_is_followed_beside_the_revision() -> None:
    cache = SettingsCache()
    here = ServiceProvider(BASE_URL, CONNECTION)
    alone, beside = revision(1), replace(revision(1), followed=(Certificate(pair("next").der, "next", ""),))
    assert cache.get(alone, here) is not cache.get(beside, here)
    assert cache.get(beside, here) is cache.get(beside, here)


def test_oldest_settings_are_dropped_when_there_are_many() -> None:
    cache = SettingsCache()
    here = ServiceProvider(BASE_URL, CONNECTION)
    first, last = cache.get(revision(0), here), cache.get(revision(256), here)
    for number in range(1, 256):
        cache.get(revision(number), here)
    assert cache.get(revision(256), here) is last
    assert cache.get(revision(0), here) is not first


def test_making_settings_leaves_the_revision_as_it_was() -> None:
    before = revision(1)
    SettingsCache().get(before, ServiceProvider(BASE_URL, CONNECTION))
    assert before == revision(1)


def test_library_finds_no_keys_in_files() -> None:
    settings = SettingsCache().get(revision(1), ServiceProvider(BASE_URL, ConnectionId("conn_1")))
    assert settings.get_cert_path() == "/dev/null/certs/"
    assert settings.get_sp_key() is None
    assert settings.get_idp_cert() is None

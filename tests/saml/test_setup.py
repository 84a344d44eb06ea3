"""What an administrator submits is understood, or the field at fault is named with line and cause."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.ports.http import GuardedHttp, HttpAnswer
from app.rules.connections import SettingsRead
from app.rules.errors import InvalidInputError, UnreachableError
from app.rules.identity_providers import Provider
from app.rules.ids import ConnectionId
from app.web.settings.setup_form import nested
from saml.kind import SamlKind
from saml.metadata import LONGEST_METADATA
from tests.ports.listening import HOSTILE_HOSTS, OK, Listener, Talk, saying
from tests.saml.forge import BASE_URL, ISSUER, SSO_URL, Internet, StoppedClock, pair
from tests.saml.published import METADATA_URL, POST, key, metadata, several


def kind(answers: Mapping[str, HttpAnswer] | None = None) -> SamlKind:
    return SamlKind(base_url=BASE_URL, http=Internet(answers or {}), clock=StoppedClock())


def read(**submitted: Any) -> dict[str, Any]:
    return kind().read_settings(submitted).settings


def read_xml(xml: str) -> dict[str, Any]:
    return read(idp={"metadata_xml": xml})


def refused(**submitted: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        read(**submitted)
    return caught.value


BY_HAND = {"entity_id": ISSUER, "sso_url": SSO_URL, "certificates": [pair("idp").certificate]}


def test_metadata_becomes_settings() -> None:
    settings = read_xml(metadata())
    (certificate,) = settings["idp"].pop("certificates")
    assert settings == {"idp": {"entity_id": ISSUER, "sso_url": SSO_URL}}
    assert certificate["der"] == pair("idp").der
    assert certificate["not_after"] == "2029-08-19T12:00:00Z"
    assert len(certificate["fingerprint"]) == 95


@pytest.mark.parametrize(
    "idp",
    [
        {"metadata_url": METADATA_URL},
        {**BY_HAND, "slo_url": "https://idp.test/slo"},
        {**BY_HAND, "certificates": [pair("idp").certificate, pair("next").certificate]},
    ],
)
def test_form_that_is_filled_in_with_settings_says_the_same(idp: dict[str, Any]) -> None:
    made = kind({METADATA_URL: HttpAnswer(200, {}, metadata().encode())})
    attributes = {"groups": "memberOf", "groups_separator": " ; "}
    read = made.read_settings({"idp": idp, "attributes": attributes, "sign_requests": True})

    typed = nested(made, made.typed(read.settings))

    assert made.read_settings(typed) == read


def test_place_of_answers_to_logouts_stays_while_the_same_provider_takes_logouts_at_the_same_place() -> None:
    made, by_hand = kind(), BY_HAND | {"slo_url": "https://idp.test/slo"}
    read = made.read_settings({"idp": by_hand})
    answers = {"slo_response_url": "https://idp.test/answers"}
    stored = SettingsRead({"idp": read.settings["idp"] | answers})

    kept = made.read_settings({"idp": by_hand}, stored=stored)
    moved = made.read_settings({"idp": by_hand | {"slo_url": "https://idp.test/other"}}, stored=stored)

    assert kept.settings["idp"] == read.settings["idp"] | answers
    assert "slo_response_url" not in moved.settings["idp"]


def test_certificate_of_a_version_that_there_is_none_of_is_refused_as_unreadable() -> None:
    der = base64.b64decode(pair("idp").der)
    of_version_11 = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x0a", 1)

    error = refused(idp=BY_HAND | {"certificates": [base64.b64encode(of_version_11).decode()]})

    assert (error.field, "cannot be read" in error.sentence) == ("idp.certificates", True)


def test_product_is_told_by_the_entity_id() -> None:
    assert kind().product(read(idp=BY_HAND | {"entity_id": "http://www.okta.com/exk1"})) is Provider.OKTA


def test_every_guide_ends_with_metadata() -> None:
    asked = {item.name for guide in kind().guides() for item in guide.steps[-1].ask}

    assert asked == {"idp.metadata_url", "idp.metadata_xml"}


def test_test_sign_in_is_advised_by_the_settings_that_it_tested() -> None:
    received = {"Role": ("it",)}

    assert "“Role”" in kind().advise(received, {})[0]
    assert kind().advise(received, {"attributes": {"groups": "Role"}}) == ()


def test_metadata_by_hand_and_by_url_are_the_same_settings() -> None:
    answer = HttpAnswer(200, {}, b"\xef\xbb\xbf" + metadata().encode())
    fetched = kind({METADATA_URL: answer}).read_settings({"idp": {"metadata_url": f" {METADATA_URL}"}}).settings
    assert fetched["idp"].pop("metadata_url") == METADATA_URL
    assert fetched == read_xml(metadata()) == read(idp=BY_HAND)


def test_every_signing_certificate_is_kept_once() -> None:
    keys = key("idp") + key("old", use="") + key("idp") + key("attacker", use=' use="encryption"') + key("ec")
    found = [certificate["der"] for certificate in read_xml(metadata(keys=keys))["idp"]["certificates"]]
    assert found == [pair(name).der for name in ("idp", "old", "ec")]


def test_one_entity_inside_entities_is_read() -> None:
    assert read_xml(several(metadata()))["idp"]["entity_id"] == ISSUER


def test_metadata_that_is_still_valid_is_read() -> None:
    assert read_xml(metadata(until=' validUntil="2026-11-23T12:00:01Z"'))["idp"]["entity_id"] == ISSUER


@pytest.mark.parametrize(
    ("said", "for_seconds"),
    [
        ("PT6H", 21_600),
        ("P1DT30M", 88_200),
        ("P1Y1M1DT1H1M1.5S", 396 * 86_400 + 3_661),
        ("-PT6H", None),
        ("P", None),
        ("PT", None),
        ("PT1.5H", None),
        ("six hours", None),
        (f"PT{'9' * 20}S", None),
        ("", None),
    ],
)
def test_how_long_metadata_may_be_kept_is_read_or_passed_over(said: str, for_seconds: int | None) -> None:
    document = metadata(until=f' cacheDuration="{said}"')
    published = kind({METADATA_URL: HttpAnswer(200, {}, document.encode())}).read_published(METADATA_URL)
    assert published.cache_for == (None if for_seconds is None else timedelta(seconds=for_seconds))


def test_shortest_time_and_earliest_end_count() -> None:
    until = ' cacheDuration="PT1H" validUntil="2026-11-25T00:00:00Z"'
    around = several(metadata(until=until)).replace(">", ' cacheDuration="PT2H" validUntil="2026-11-24T00:00:00Z">', 1)
    published = kind({METADATA_URL: HttpAnswer(200, {}, around.encode())}).read_published(METADATA_URL)
    assert published.cache_for == timedelta(hours=1)
    assert published.valid_until == datetime(2026, 11, 24, tzinfo=UTC)


def test_published_sign_on_url_that_could_not_be_used_is_refused() -> None:
    document = metadata(location="https://idp/sso")
    with pytest.raises(InvalidInputError, match="its host must be a full name"):
        kind({METADATA_URL: HttpAnswer(200, {}, document.encode())}).read_published(METADATA_URL)


FAULTS: dict[str, str] = {
    "Hello": "is not XML",
    metadata(until="<![CDATA["): "is not XML",
    metadata(until=' validUntil="\N{RIGHT-TO-LEFT OVERRIDE}2030"'): "is not a time",
    metadata(entity_id="\N{RIGHT-TO-LEFT OVERRIDE}&"): "is not XML",
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + metadata(): "DOCTYPE",
    metadata().replace("entityID", " " * LONGEST_METADATA + "entityID"): "larger than 1024 kB",
    "<html/>": "Line 1: this is not SAML metadata",
    several(): "Line 1: this is not SAML metadata",
    f"<html>{metadata()}</html>": "Line 1: this is not SAML metadata",
    several(metadata(), "\n\n", metadata()): "this is the second of 2 EntityDescriptors",
    metadata(entity_id=""): "Line 1: the entityID must be one line",
    metadata(entity_id="x" * 1025): "Line 1: the entityID must be one line of 1 to 1024",
    metadata(entity_id="a&#10;b"): "the entityID must be one line",
    metadata(protocol="urn:oasis:names:tc:SAML:1.1:protocol"): "there is no IDPSSODescriptor for SAML 2.0",
    metadata(roles=2): "there are 2 IDPSSODescriptors",
    metadata(until=' validUntil="2026-11-23T12:00:00Z"'): "Line 1: the metadata was valid until 2026-11-23T12:00:00Z",
    metadata(until=' validUntil="soon"'): "Line 1: validUntil=soon is not a time",
    several(metadata()).replace(">", ' validUntil="2020-01-01T00:00:00Z">', 1): "was valid until 2020",
    metadata(binding=POST): "there is no SingleSignOnService with the HTTP-Redirect binding",
    metadata(location="javascript:alert(1)"): "the SingleSignOnService Location must begin with https://",
    metadata(location="http://idp.test/sso"): "must begin with https://",
    metadata(location="http://10.0.0.1/sso"): "must begin with https://",
    metadata(location="//idp.test/sso"): "must begin with https://",
    metadata(location="https:///sso"): "must have a host",
    metadata(location="https://user@idp.test/sso"): "must have a host and neither a user name",
    metadata(location="https://idp.test/sso#x"): "nor a fragment",
    metadata(location="https://idp.test:x/sso"): "is not a URL",
    metadata(location="https://[idp/sso"): "is not a URL",
    metadata(location="https://idp.test\\@evil.test/"): "characters that must be escaped",
    metadata(location="https://idp.test/ä"): "characters that must be escaped",
    metadata(location="https://idp.test/" + "x" * 2048): "or too many",
    metadata(keys=""): "there are 0 certificates to verify signatures with",
    metadata(keys=key(use=' use="encryption"')): "there are 0 certificates to verify signatures with",
    metadata(keys="".join(key(f"ec {number}") for number in range(11))): "there are 11 certificates",
    metadata(keys=key("weak")): "Line 4: the certificate has an RSA key of 1024 bits; at least 2048 are needed",
    metadata(keys=key("dsa")): "has a key that is neither RSA nor on the curves",
    metadata(keys=key("odd curve")): "has a key that is neither RSA nor on the curves",
    metadata(keys=key().replace("MII", "!!!")): "the certificate cannot be read",
    metadata(keys=key() + key().replace("MII", "AAA")): "the certificate cannot be read",
}


@pytest.mark.parametrize("xml", FAULTS, ids=lambda xml: FAULTS[xml][:60])
def test_metadata_with_a_fault_is_refused_with_line_and_cause(xml: str) -> None:
    error = refused(idp={"metadata_xml": xml})
    assert error.field == "idp.metadata_xml"
    assert FAULTS[xml] in error.sentence
    assert error.sentence.isprintable()


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:8080/sso", "http://localhost:1/sso", "http://[::1]/sso", "https://idp.test:8443/a?b=c&amp;d"],
)
def test_sign_on_url_on_this_machine_or_by_https_is_accepted(location: str) -> None:
    assert read_xml(metadata(location=location))["idp"]["sso_url"] == location.replace("&amp;", "&")


@pytest.mark.parametrize(
    ("answer", "words"),
    [(None, "there is no such host"), (HttpAnswer(503, {}, b""), "the server answered 503")],
)
def test_metadata_url_that_gives_no_metadata_is_unreachable(answer: HttpAnswer | None, words: str) -> None:
    answers = {METADATA_URL: answer} if answer else {}
    with pytest.raises(UnreachableError) as caught:
        kind(answers).read_settings({"idp": {"metadata_url": METADATA_URL}})
    assert caught.value.field == "idp.metadata_url"
    assert words in caught.value.sentence


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
def test_metadata_is_not_fetched_from_inside(host: str) -> None:
    with closing(Listener(saying(OK), tls=None, address=("127.0.0.1", 0))) as canary:
        inside = SamlKind(base_url=BASE_URL, http=GuardedHttp(False, seconds=1), clock=StoppedClock())
        with pytest.raises((InvalidInputError, UnreachableError)):
            inside.read_settings({"idp": {"metadata_url": f"https://{host}:{canary.port}/metadata"}})
        assert canary.connections == 0


def test_fault_in_fetched_metadata_names_the_url() -> None:
    with pytest.raises(InvalidInputError) as caught:
        kind({METADATA_URL: HttpAnswer(200, {}, b"<html/>")}).read_settings({"idp": {"metadata_url": METADATA_URL}})
    assert caught.value.field == "idp.metadata_url"


@pytest.mark.parametrize(
    ("submitted", "field"),
    [
        ({}, "idp.metadata_url"),
        ({"idp": {}}, "idp.metadata_url"),
        ({"idp": {"metadata_url": "", "metadata_xml": ""}}, "idp.metadata_url"),
        ({"idp": "x"}, "idp"),
        ({"idp": BY_HAND, "attributes": ["email"]}, "attributes"),
        ({"idp": BY_HAND, "strict": False}, "strict"),
        ({"idp": {**BY_HAND, "security": {}}}, "idp.security"),
        ({"idp": BY_HAND, "attributes": {"role": "x"}}, "attributes.role"),
        ({"idp": {"metadata_url": METADATA_URL, "metadata_xml": metadata()}}, "idp.metadata_xml"),
        ({"idp": {"metadata_xml": metadata(), "entity_id": "x"}}, "idp.entity_id"),
        ({"idp": {"metadata_url": 7}}, "idp.metadata_url"),
        ({"idp": {"metadata_xml": "\ud800"}}, "idp.metadata_xml"),
        ({"idp": {"sso_url": SSO_URL, "certificates": "x"}}, "idp.entity_id"),
        ({"idp": {"entity_id": ISSUER, "certificates": "x"}}, "idp.sso_url"),
        ({"idp": {"entity_id": ISSUER, "sso_url": SSO_URL}}, "idp.certificates"),
        ({"idp": {**BY_HAND, "sso_url": "javascript:alert(1)"}}, "idp.sso_url"),
        ({"idp": {**BY_HAND, "sso_url": "https://intranet/sso"}}, "idp.sso_url"),
        ({"idp": {**BY_HAND, "entity_id": "a\nb"}}, "idp.entity_id"),
        ({"idp": {**BY_HAND, "entity_id": "  "}}, "idp.entity_id"),
        ({"idp": {**BY_HAND, "entity_id": "urn:ä"}}, "idp.entity_id"),
        ({"idp": {**BY_HAND, "entity_id": 7}}, "idp.entity_id"),
        ({"idp": {**BY_HAND, "entity_id": "x" * 1025}}, "idp.entity_id"),
        ({"idp": {**BY_HAND, "certificates": ["AAAA"]}}, "idp.certificates"),
        ({"idp": {**BY_HAND, "certificates": [7]}}, "idp.certificates"),
        ({"idp": {**BY_HAND, "certificates": [pair("weak").certificate]}}, "idp.certificates"),
        ({"idp": {**BY_HAND, "certificates": pair("idp").certificate * 11}}, "idp.certificates"),
        ({"idp": BY_HAND, "attributes": {"email": 7}}, "attributes.email"),
        ({"idp": BY_HAND, "sign_requests": 1}, "sign_requests"),
        ({"idp": BY_HAND, "allow_idp_initiated": "maybe"}, "allow_idp_initiated"),
        ({"idp": BY_HAND, "attributes": {"email": "\0"}}, "attributes.email"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_submitted_value_at_fault_is_named(submitted: dict[str, Any], field: str) -> None:
    error = refused(**submitted)
    assert error.field == field
    assert error.sentence


@pytest.mark.parametrize(
    "pasted",
    [
        pair("idp").certificate + pair("old").certificate,
        [pair("idp").certificate, pair("old").certificate],
        [pair("idp").der, pair("old").der, pair("idp").der],
        [f"first\n{pair('idp').certificate}\nsecond\n{pair('old').certificate}"],
    ],
    ids=["one text", "a list", "bare base64, one twice", "two in one entry"],
)
def test_certificates_are_read_however_they_are_pasted(pasted: object) -> None:
    found = read(idp={**BY_HAND, "certificates": pasted})["idp"]["certificates"]
    assert [certificate["der"] for certificate in found] == [pair("idp").der, pair("old").der]


def test_chosen_attributes_are_kept_and_empty_ones_left_out() -> None:
    chosen = {"email": " mail ", "groups": "", "groups_separator": " ", "subject": None}
    assert read(idp=BY_HAND, attributes=chosen)["attributes"] == {"email": "mail", "groups_separator": " "}


@pytest.mark.parametrize(
    ("ticked", "kept"), [(True, True), ("yes", True), ("true", True), (False, None), (None, None), ("", None)]
)
@pytest.mark.parametrize("name", ["sign_requests", "allow_idp_initiated"])
def test_box_is_kept_where_it_was_ticked(name: str, ticked: object, kept: bool | None) -> None:
    assert read(idp=BY_HAND, **{name: ticked}).get(name) is kept


def test_box_that_asks_for_caution_says_why() -> None:
    assert [field.name for field in kind().setup_fields() if field.warning] == ["allow_idp_initiated"]


def test_form_names_every_field_that_is_read() -> None:
    names = {field.name for field in kind().setup_fields()}
    assert names == {
        *(
            f"idp.{name}"
            for name in ("metadata_url", "metadata_xml", "entity_id", "sso_url", "slo_url", "certificates")
        ),
        *(f"attributes.{name}" for name in ("subject", "email", "first_name", "last_name", "display_name")),
        "attributes.groups",
        "attributes.groups_separator",
        "sign_requests",
        "allow_idp_initiated",
    }


def test_summary_shows_fingerprints_and_no_certificate() -> None:
    settings = read(idp=BY_HAND, attributes={"email": "mail"})
    (certificate,) = settings["idp"]["certificates"]
    assert kind().summary(settings) == {
        "idp": {
            "entity_id": ISSUER,
            "sso_url": SSO_URL,
            "certificates": [{"fingerprint": certificate["fingerprint"], "not_after": certificate["not_after"]}],
        },
        "attributes": {"email": "mail"},
    }


def test_values_to_paste_are_those_of_the_connection() -> None:
    values = {value.key: value.value for value in kind().service_provider_values(ConnectionId("conn_9"))}
    assert values == {
        "acs_url": "https://doorward.test/saml/conn_9/acs",
        "entity_id": "https://doorward.test/saml/conn_9/metadata",
        "metadata_url": "https://doorward.test/saml/conn_9/metadata",
        "logout_url": "https://doorward.test/saml/conn_9/logout",
        "certificate_url": "https://doorward.test/saml/conn_9/certificate",
    }


def answer_of(document: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(document)}\r\n\r\n{document}".encode()


def drip(connection: socket.socket, stopped: threading.Event) -> None:
    """Answers, and never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not stopped.wait(0.05):
        connection.sendall(b" ")


@pytest.mark.parametrize(
    ("talk", "sentence"),
    [
        (saying(answer_of(metadata(until=' cacheDuration="PT1H"'))), ""),
        (saying(answer_of(metadata() + " " * 1_000_000)), "is larger than 1 MB"),
        (saying(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"), "answered 302"),
        (drip, "took longer than 1 seconds"),
    ],
    ids=["metadata", "large", "redirect", "slow"],
)
def test_metadata_is_read_from_a_server_that_keeps_to_the_bounds_and_from_no_other(talk: Talk, sentence: str) -> None:
    with closing(Listener(talk, tls=None, address=("127.0.0.1", 0))) as server:
        reader = SamlKind(base_url=BASE_URL, http=GuardedHttp(True, seconds=1), clock=StoppedClock())
        url = f"http://127.0.0.1:{server.port}/metadata"
        if not sentence:
            published = reader.read_published(url)
            assert (published.entity_id, published.cache_for) == (ISSUER, timedelta(hours=1))
            return
        with pytest.raises(UnreachableError, match=sentence):
            reader.read_published(url)

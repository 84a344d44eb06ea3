"""Single logout in both directions: what is sent, what is believed, and each thing that is not by its own name."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from lxml import etree
from werkzeug.test import Client

from app.rules.errors import InvalidInputError
from app.rules.identity import ExternalIdentity, ProviderSession, Rejection
from app.rules.logout import EndedThere, LoggedOut, SignOut, SignOutOutcome
from saml.blueprint import create_blueprint
from saml.logout_rejections import CAUSES, Name
from saml.redirect_binding import Query, read_query, verified_xml
from saml.rejections import LONGEST_SHOWN
from tests.saml.forge import (
    BASE_URL,
    CONNECTION,
    ENTITY_ID,
    ISSUER,
    MORE,
    NOW,
    Element,
    Recipe,
    World,
    add,
    attr,
    both,
    drop,
    name_id,
    pair,
    put,
)
from tests.saml.logouts import (
    ANSWER,
    CASES,
    LOGOUT_URL,
    OUR_REQUEST,
    PERSISTENT,
    REQUEST,
    SLO_URL,
    Logout,
    LogoutCase,
    judged,
    kind,
    lower_case,
    revision,
)
from tests.saml.test_routes import OneFlowDoor, assert_valid
from tests.way_out import OneWayOut

STATUS = "urn:oasis:names:tc:SAML:2.0:status"
SIGN_OUT = SignOut("handle", OUR_REQUEST, NOW)
SESSION = ProviderSession(ISSUER, "u-1", "_session", {"Format": PERSISTENT}, {"Format": PERSISTENT})


def message(url: str, name: str) -> Element:
    """What the browser is sent away with, after its signature was verified as a provider would."""
    query = read_query(urlsplit(url).query.encode())
    assert isinstance(query, Query), query
    assert query.name == name
    xml = verified_xml(query, certificates=[pair("own").der])
    assert isinstance(xml, bytes), xml
    return etree.fromstring(xml)


def ended(logout: Logout = REQUEST, *certificates: str) -> EndedThere:
    result = judged(logout, of=revision(*certificates))
    assert isinstance(result, EndedThere), result
    return result


def signed_in(**changes: object) -> ProviderSession | None:
    identity = World().judge(Recipe(**changes).post())  # type: ignore[arg-type]  # the fields are Recipe's own
    assert isinstance(identity, ExternalIdentity), identity
    return identity.session


# what is refused


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_is_refused_with_its_name(case: LogoutCase) -> None:
    verdict = judged(case.logout)
    assert isinstance(verdict, Rejection), case.id
    assert verdict.name == case.name
    assert verdict.sentence
    assert verdict.fix
    assert max(len(verdict.expected), len(verdict.received)) <= LONGEST_SHOWN


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_is_accepted_when_its_change_is_undone(case: LogoutCase) -> None:
    assert isinstance(judged(case.undone), EndedThere | SignOutOutcome), case.id


def test_every_rejection_has_a_case_and_a_cause() -> None:
    assert {case.name for case in CASES} == set(Name) == set(CAUSES)
    assert len({case.id for case in CASES}) == len(CASES)


def test_bomb_of_whoever_cannot_sign_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("something was inflated")

    bomb = Logout(key="attacker", raw=lambda xml: xml + b" " * 5_000_000).sent()
    monkeypatch.setattr(zlib, "decompressobj", never)
    query = read_query(bomb.encode())
    verdict = kind().logout_verifier(query)(revision(), NOW)
    assert isinstance(verdict, Rejection)
    assert verdict.name == Name.SIGNATURE_INVALID


# what is believed


def test_ordinary_request_says_whose_session_has_ended() -> None:
    assert ended() == EndedThere(
        issuer=ISSUER,
        subject="u-1",
        indexes=frozenset({"_session"}),
        qualifiers={"Format": PERSISTENT},
        replay_key="logout _theirs",
        replay_until=NOW + timedelta(seconds=300 + 120),
        request_id="_theirs",
        relay_state="there",
    )


@pytest.mark.parametrize(
    "logout",
    [
        Logout(escape=lower_case),
        Logout(relay_state=None),
        Logout(relay_state="a b&c=d"),
        Logout(query=lambda query: "&".join(reversed(query.split("&")))),
        Logout(query=lambda query: f"{query}&SAMLEncoding=urn%3Aoasis&x=1&x=2"),
        *(Logout(method=f"{MORE}rsa-sha{bits}") for bits in (384, 512)),
        *(Logout(key="ec", method=f"{MORE}ecdsa-sha{bits}") for bits in (256, 384, 512)),
        Logout(before=attr("/samlp:*", "IssueInstant", "2026-11-23T11:53:01Z")),
        Logout(before=attr("/samlp:*", "IssueInstant", "2026-11-23T12:02:00Z")),
        Logout(before=attr("/samlp:*", "NotOnOrAfter", "2026-11-23T11:58:01Z")),
    ],
    ids=["lower-case escapes", "no RelayState", "RelayState to escape", "another order", "more parameters", "sha384",
         "sha512", "ec sha256", "ec sha384", "ec sha512", "oldest", "ahead", "just ended"],
)  # fmt: skip
def test_other_ways_to_say_it_are_accepted(logout: Logout) -> None:
    assert ended(logout, logout.key).subject == "u-1"


def test_request_signed_with_the_old_of_two_certificates_is_accepted() -> None:
    assert ended(Logout(key="old"), "idp", "old").subject == "u-1"


def test_escaping_of_relay_state_is_undone_once() -> None:
    assert ended(Logout(relay_state="a b&c=%41")).relay_state == "a b&c=%41"


def test_request_without_an_index_is_about_all_of_them() -> None:
    assert ended(Logout(before=drop("//samlp:SessionIndex"))).indexes == frozenset()


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ((f"{STATUS}:Success",), SignOutOutcome.DONE),
        ((f"{STATUS}:Success", f"{STATUS}:PartialLogout"), SignOutOutcome.PARTIAL),
        ((f"{STATUS}:Responder", f"{STATUS}:PartialLogout"), SignOutOutcome.PARTIAL),
        ((f"{STATUS}:Responder",), SignOutOutcome.FAILED),
        ((f"{STATUS}:Requester", f"{STATUS}:UnknownPrincipal"), SignOutOutcome.FAILED),
    ],
)
def test_answer_to_our_request_says_what_became_of_it(codes: tuple[str, ...], outcome: SignOutOutcome) -> None:
    inner = f'<samlp:StatusCode Value="{codes[1]}"/>' if len(codes) > 1 else ""
    status = f'<samlp:Status><samlp:StatusCode Value="{codes[0]}">{inner}</samlp:StatusCode></samlp:Status>'
    answer = replace(ANSWER, before=both(drop("//samlp:Status"), add("/samlp:*", status)))
    assert judged(answer) is outcome


# what a session is known by


def test_session_is_known_by_its_name_id_and_index() -> None:
    assert signed_in() == SESSION


def test_name_id_is_kept_as_it_came() -> None:
    def qualified(root: Element) -> None:
        attr("//saml:NameID", "NameQualifier", ISSUER)(root)
        attr("//saml:NameID", "SPNameQualifier", ENTITY_ID)(root)
        attr("//saml:AuthnStatement", "SessionIndex", None)(root)
        attr("//saml:NameID", "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")(root)

    session = signed_in(before=qualified)
    assert session is not None
    assert session.index is None
    assert session.qualifiers == {"NameQualifier": ISSUER, "SPNameQualifier": ENTITY_ID}
    assert set(session.hint) == {"Format", "NameQualifier", "SPNameQualifier"}


def test_identity_without_a_name_id_has_no_session_to_name() -> None:
    world = World(attributes={"subject": "email"})
    identity = world.judge(Recipe(before=put("//saml:NameID", " ")).post())
    assert isinstance(identity, ExternalIdentity), identity
    assert identity.session is None


@pytest.mark.parametrize(
    ("before", "ends"),
    [
        (None, True),
        (put("//samlp:SessionIndex", "_other"), False),
        (add("/samlp:*", "<samlp:SessionIndex>_other</samlp:SessionIndex>"), True),
        (drop("//samlp:SessionIndex"), True),
        (put("//saml:NameID", "u-2"), False),
        (put("//saml:NameID", "U-1"), False),
        (name_id("u-1", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"), False),
        (name_id("u-1", None), True),
        (attr("//saml:NameID", "NameQualifier", ISSUER), True),
    ],
    ids=["the same", "another index", "one of two indexes", "no index", "another NameID", "another case",
         "another format", "no format", "a qualifier that the sign-in left out"],
)  # fmt: skip
def test_session_ends_when_the_request_names_it(before: object, ends: bool) -> None:
    assert ended(Logout(before=before)).ends(SESSION) is ends  # type: ignore[arg-type]  # an edit


def test_session_without_an_index_ends_with_any_of_its_subject() -> None:
    assert ended().ends(replace(SESSION, index=None))


# what is sent


def test_request_names_the_session_and_is_signed() -> None:
    url = kind().sign_out(revision(own=("own", "own 2")), SESSION, SIGN_OUT)
    assert url is not None
    assert url.startswith(f"{SLO_URL}?SAMLRequest=")
    assert parse_qs(urlsplit(url).query)["RelayState"] == ["handle"]
    request = message(url, "SAMLRequest")
    assert_valid(request, "saml-schema-protocol-2.0.xsd")
    assert (request.get("ID"), request.get("Destination")) == (OUR_REQUEST, SLO_URL)
    assert request.findtext("{*}Issuer") == ENTITY_ID
    name = request.find("{*}NameID")
    assert name is not None
    assert (name.text, dict(name.attrib)) == ("u-1", {"Format": PERSISTENT})
    assert request.findtext("{*}SessionIndex") == "_session"


def test_request_without_an_index_is_valid_too() -> None:
    url = kind().sign_out(revision(), replace(SESSION, index=None, hint={}), SIGN_OUT)
    request = message(url or "", "SAMLRequest")
    assert_valid(request, "saml-schema-protocol-2.0.xsd")
    assert request.find("{*}SessionIndex") is None


def test_nobody_is_sent_away_without_a_logout_url_a_key_or_the_same_provider() -> None:
    without = World().revision()
    assert kind().sign_out(without, SESSION, SIGN_OUT) is None
    assert kind().sign_out(revision(own=()), SESSION, SIGN_OUT) is None
    assert kind().sign_out(revision(), replace(SESSION, issuer="https://former.test"), SIGN_OUT) is None


def test_answer_goes_where_the_provider_wants_answers_and_brings_its_relay_state_back() -> None:
    there = "https://idp.test/slo/answers?tenant=1"
    url = kind().logout_answer(LoggedOut(revision(slo_response_url=there), ended(Logout(relay_state="a b&c"))))
    assert url is not None
    assert url.startswith(f"{there}&SAMLResponse=")
    assert parse_qs(urlsplit(url).query)["RelayState"] == ["a b&c"]
    response = message(url, "SAMLResponse")
    assert_valid(response, "saml-schema-protocol-2.0.xsd")
    assert (response.get("InResponseTo"), response.get("Destination")) == ("_theirs", there)
    codes = [code.get("Value") for code in response.iter("{*}StatusCode")]
    assert codes == [f"{STATUS}:Success"]


def test_answer_without_relay_state_has_none() -> None:
    url = kind().logout_answer(LoggedOut(revision(), ended(Logout(relay_state=None))))
    assert "RelayState" not in parse_qs(urlsplit(url or "").query)


def test_nothing_is_answered_without_a_logout_url_or_a_key() -> None:
    assert kind().logout_answer(LoggedOut(World().revision(), ended())) is None
    assert kind().logout_answer(LoggedOut(revision(own=()), ended())) is None


# metadata and settings


def logout_services(*own: str) -> list[str | None]:
    document = etree.fromstring(kind().service_provider_metadata(revision(own=own)))
    assert_valid(document, "saml-schema-metadata-2.0.xsd")
    return [service.get("Location") for service in document.iter("{*}SingleLogoutService")]


def test_metadata_names_the_logout_url_where_there_is_a_key_to_sign_with() -> None:
    assert logout_services("own") == [LOGOUT_URL]
    assert logout_services() == []


def test_logout_url_is_among_what_is_pasted_at_the_provider() -> None:
    values = {value.key: value.value for value in kind().service_provider_values(CONNECTION)}
    assert values["logout_url"] == LOGOUT_URL


def by_hand(**idp: str) -> dict[str, object]:
    given = {"entity_id": ISSUER, "sso_url": "https://idp.test/sso", "certificates": pair("idp").certificate, **idp}
    return dict(kind().read_settings({"idp": given}).settings["idp"])


def test_logout_url_by_hand_is_optional() -> None:
    assert "slo_url" not in by_hand()
    assert by_hand(slo_url=SLO_URL)["slo_url"] == SLO_URL


def test_logout_url_by_hand_must_be_a_url_for_browsers() -> None:
    with pytest.raises(InvalidInputError) as error:
        by_hand(slo_url="javascript:alert(1)")
    assert error.value.field == "idp.slo_url"


def from_metadata(*services: str) -> dict[str, object]:
    redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    document = f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
 xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{ISSUER}">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing">
<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{pair("idp").der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
</md:KeyDescriptor>{"".join(services)}<md:SingleSignOnService Binding="{redirect}" Location="https://idp.test/sso"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""
    return dict(kind().read_settings({"idp": {"metadata_xml": document}}).settings["idp"])


def service(location: str, *, binding: str = "HTTP-Redirect", answers: str = "") -> str:
    elsewhere = f' ResponseLocation="{answers}"' if answers else ""
    binding = f"urn:oasis:names:tc:SAML:2.0:bindings:{binding}"
    return f'<md:SingleLogoutService Binding="{binding}" Location="{location}"{elsewhere}/>'


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ((), (None, None)),
        ((service(SLO_URL),), (SLO_URL, None)),
        ((service("https://idp.test/post", binding="HTTP-POST"), service(SLO_URL)), (SLO_URL, None)),
        ((service("https://idp.test/post", binding="HTTP-POST"),), (None, None)),
        ((service(SLO_URL, answers="https://idp.test/answers"),), (SLO_URL, "https://idp.test/answers")),
        ((service(SLO_URL, answers="javascript:alert(1)"),), (SLO_URL, None)),
        ((service("javascript:alert(1)"),), (None, None)),
        ((service("http://idp.test/slo"), service(SLO_URL)), (SLO_URL, None)),
    ],
    ids=[
        "none",
        "one",
        "a POST one first",
        "a POST one only",
        "answers elsewhere",
        "answers nowhere",
        "no URL",
        "http",
    ],
)
def test_logout_url_is_read_from_metadata(services: tuple[str, ...], expected: tuple[str | None, str | None]) -> None:
    settings = from_metadata(*services)
    assert (settings.get("slo_url"), settings.get("slo_response_url")) == expected


# the route


@pytest.fixture
def way_out() -> OneWayOut:
    return OneWayOut(revision(), NOW)


@pytest.fixture
def browser(way_out: OneWayOut) -> Client:
    application = Flask(__name__)
    application.register_blueprint(create_blueprint(kind=kind(), door=OneFlowDoor(), way_out=way_out))
    return application.test_client()


def test_request_is_answered_where_it_came_from(browser: Client, way_out: OneWayOut) -> None:
    answer = browser.get(f"/saml/conn_1/logout?{Logout(escape=lower_case).sent()}", headers={"Host": "evil.test"})
    assert isinstance(way_out.verdicts[0], EndedThere)
    assert answer.text.startswith(f"{SLO_URL}?SAMLResponse=")


def test_refused_request_is_not_answered_but_told_to_the_person(browser: Client) -> None:
    answer = browser.get(f"/saml/conn_1/logout?{Logout(key='attacker').sent()}")
    assert (answer.status_code, answer.text) == (403, "logout_signature_invalid")
    assert browser.get("/saml/conn_1/logout").text == "logout_message_missing"


def test_answer_is_verified_for_the_sign_out_its_relay_state_names(browser: Client, way_out: OneWayOut) -> None:
    assert browser.get(f"/saml/conn_1/logout?{ANSWER.sent()}").text == "returned handle"
    assert way_out.outcomes == [SignOutOutcome.DONE]
    browser.get(f"/saml/conn_1/logout?{replace(ANSWER, relay_state='another').sent()}")
    assert len(way_out.outcomes) == 1


def test_posted_request_is_not_read_and_refused(browser: Client) -> None:
    answer = browser.post("/saml/conn_1/logout", data={"SAMLRequest": "a", "RelayState": "b"})
    assert (answer.status_code, answer.text) == (403, "logout_message_missing")


def test_posted_answer_brings_the_browser_back_but_is_not_believed(browser: Client, way_out: OneWayOut) -> None:
    answer = browser.post("/saml/conn_1/logout", data={"SAMLResponse": "a", "RelayState": "handle"})
    assert answer.text == "returned handle"
    (outcome,) = way_out.outcomes
    assert isinstance(outcome, Rejection)
    assert outcome.name == Name.MESSAGE_MISSING


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_logout_takes_no_other_method(browser: Client, method: str) -> None:
    assert browser.open("/saml/conn_1/logout", method=method, base_url=BASE_URL).status_code == 405


def test_deflated_message_of_ours_is_read_by_anybody() -> None:
    url = kind().sign_out(revision(), SESSION, SIGN_OUT) or ""
    (sent,) = parse_qs(urlsplit(url).query)["SAMLRequest"]
    assert zlib.decompress(base64.b64decode(sent), -zlib.MAX_WBITS).startswith(b"<samlp:LogoutRequest")


def test_guides_of_providers_that_take_logouts_name_the_logout_url() -> None:
    pasted = {guide.name: {value.key for step in guide.steps for value in step.paste} for guide in kind().guides()}
    assert {name for name, keys in pasted.items() if "logout_url" in keys} == {"saml-entra", "saml-other"}

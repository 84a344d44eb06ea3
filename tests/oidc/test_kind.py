"""OIDC as a kind of connection: what an administrator types, what is wrong with it, and where the browser goes."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from app.ports.http import HttpAnswer, HttpFailedError
from app.rules.connections import ConnectionKind
from app.rules.errors import InvalidInputError, UnreachableError
from app.rules.expiry import Expiring
from app.rules.identity_providers import Provider as Product
from app.rules.identity_providers import provider_of
from app.rules.ids import ConnectionId
from app.web.settings.setup_form import nested
from oidc.kind import OidcKind
from oidc.settings import OidcSettings
from tests.oidc.provider import NOW, Provider, public, rsa_key
from tests.oidc.sign_in import BASE_URL, TENANT, SignIn, entra, google, plain

SUBMITTED = {"issuer": "https://idp.example.test", "client_id": "doorward-client", "client_secret": "s3cret"}


def test_the_kind_is_what_the_settings_page_expects() -> None:
    kind: ConnectionKind = plain().kind
    assert (kind.protocol, kind.title) == ("oidc", "OpenID Connect")
    assert {field.name for field in kind.setup_fields() if field.required} == {"issuer", "client_id", "client_secret"}


def test_guides_say_what_the_form_needs_and_claims_are_left_as_the_standard_has_them() -> None:
    made = plain().kind
    needed = {field.name for field in made.setup_fields() if field.required}

    for guide in made.guides():
        assert needed <= {item.name for item in guide.steps[-1].ask} | set(guide.filled)
    assert made.advise({"given_name": ("Lovelace",), "family_name": ("Ada",)}, {}) == ()


def test_settings_are_read_with_defaults_and_the_secret_apart() -> None:
    read = plain().kind.read_settings(SUBMITTED)
    assert read.secrets == {"client_secret": "s3cret"}
    assert read.settings == {
        "issuer": "https://idp.example.test",
        "client_id": "doorward-client",
        "scopes": ["openid", "email", "profile"],
        "claims": {"email": "email", "name": "name", "groups": "groups", "email_verification": "required"},
    }
    assert OidcSettings.stored(read.settings).as_json() == read.settings


def test_form_that_is_filled_in_with_settings_says_the_same_and_keeps_the_secret() -> None:
    made = plain().kind
    claims = {"email": "upn", "name": "cn", "groups": "roles", "email_verification": "assumed"}
    read = made.read_settings({**SUBMITTED, "scopes": "email groups", "claims": claims})

    typed = nested(made, made.typed(read.settings))

    assert "client_secret" not in typed
    assert made.read_settings(typed, stored=read) == read


def test_product_is_told_by_the_issuer() -> None:
    made = plain().kind
    read = made.read_settings(SUBMITTED).settings

    assert made.product(read) is Product.OTHER
    assert made.product(read | {"issuer": "https://acme.okta.com"}) is Product.OKTA


def test_secret_is_not_kept_for_another_client_or_issuer() -> None:
    made = plain().kind
    read = made.read_settings(SUBMITTED)
    typed = nested(made, made.typed(read.settings))

    for change in ({"client_id": "other"}, {"issuer": "https://idp.example.test/other"}):
        with pytest.raises(InvalidInputError, match="Enter the client secret") as caught:
            made.read_settings({**typed, **change}, stored=read)
        assert caught.value.field == "client_secret"


def test_day_on_which_the_present_secret_ended_may_stay() -> None:
    sign_in = plain()
    ended = {"client_secret_expires_at": (NOW.date() - timedelta(days=3)).isoformat()}
    read = sign_in.kind.read_settings(SUBMITTED)
    stored = replace(read, settings={**read.settings, **ended})

    without_secret = {name: value for name, value in SUBMITTED.items() if name != "client_secret"}
    kept = sign_in.kind.read_settings({**without_secret, **ended}, stored=stored)

    assert kept == stored


@pytest.mark.parametrize(
    ("scopes", "read"),
    [
        (None, ["openid", "email", "profile"]),
        ("", ["openid", "email", "profile"]),
        ([], ["openid", "email", "profile"]),
        ("email  groups", ["openid", "email", "groups"]),
        (["groups", "openid", "groups"], ["openid", "groups"]),
    ],
)
def test_scopes_may_be_a_list_or_a_line_and_always_hold_openid(scopes: object, read: list[str]) -> None:
    assert plain().kind.read_settings({**SUBMITTED, "scopes": scopes}).settings["scopes"] == read


def test_claims_left_empty_in_a_form_are_the_usual_ones() -> None:
    claims = {"groups": "", "email_verification": ""}
    read = plain().kind.read_settings({**SUBMITTED, "claims": claims})
    assert read.settings["claims"]["groups"] == "groups"
    assert read.settings["claims"]["email_verification"] == "required"


def test_an_address_from_another_claim_is_possible_where_verification_is_assumed() -> None:
    claims = {"email": "upn", "groups": "roles", "email_verification": "assumed"}
    read = plain().kind.read_settings({**SUBMITTED, "claims": claims})
    assert read.settings["claims"] == {**claims, "name": "name"}


@pytest.mark.parametrize("left_out", [{}, {"client_secret_expires_at": ""}, {"client_secret_expires_at": None}])
def test_nothing_is_said_of_the_end_of_a_secret_where_nobody_knows_it(left_out: dict[str, Any]) -> None:
    kind = plain().kind

    read = kind.read_settings({**SUBMITTED, **left_out})

    assert "client_secret_expires_at" not in read.settings
    assert kind.expiries(read.settings) == ()


def test_secret_ends_with_the_beginning_of_its_day_and_is_renewed_in_the_providers_words() -> None:
    sign_in = plain()
    ends = NOW.date() + timedelta(days=200)

    read = sign_in.kind.read_settings({**SUBMITTED, "client_secret_expires_at": ends.isoformat()})

    assert sign_in.kind.summary(read.settings)["client_secret_expires_at"] == ends.isoformat()
    assert OidcSettings.stored(read.settings).as_json() == read.settings
    (expiry,) = sign_in.kind.expiries(read.settings)
    assert (expiry.what, expiry.at) == (Expiring.CLIENT_SECRET, datetime(ends.year, ends.month, ends.day, tzinfo=UTC))
    assert expiry.renewal == "Make a new client secret at the identity provider."
    at_entra = read.settings | {"issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0"}
    assert "Certificates & secrets" in sign_in.kind.expiries(at_entra)[0].renewal


def test_secret_cannot_end_on_the_day_on_which_it_is_entered() -> None:
    sign_in = plain()
    today = {**SUBMITTED, "client_secret_expires_at": NOW.date().isoformat()}

    with pytest.raises(InvalidInputError, match="one to come"):
        sign_in.kind.read_settings(today)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuer": None}, "issuer"),
        ({"issuer": 7}, "issuer"),
        ({"issuer": ""}, "issuer"),
        ({"issuer": "idp.example.test"}, "issuer"),
        ({"issuer": "http://idp.example.test"}, "issuer"),
        ({"issuer": "https://a:b@idp.example.test"}, "issuer"),
        ({"issuer": "https://idp.example.test?a=b"}, "issuer"),
        ({"issuer": "https://idp.example.test#a"}, "issuer"),
        ({"issuer": "https://idp.example.test\0"}, "issuer"),
        ({"issuer": "https://idp.example.test/" + "a" * 500}, "issuer"),
        ({"issuer": "https://idp.example.test/.well-known/openid-configuration"}, "issuer"),
        ({"issuer": "https://login.microsoftonline.com/common/v2.0"}, "issuer"),
        ({"issuer": "https://login.microsoftonline.com/organizations/v2.0"}, "issuer"),
        ({"issuer": "https://login.microsoftonline.com/consumers/v2.0"}, "issuer"),
        ({"issuer": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"}, "issuer"),
        ({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}, "issuer"),
        ({"client_id": None}, "client_id"),
        ({"client_id": " "}, "client_id"),
        ({"client_id": "a\0b"}, "client_id"),
        ({"client_id": "a\ud800"}, "client_id"),
        ({"client_id": "a" * 1001}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_secret": ["s"]}, "client_secret"),
        ({"scopes": 7}, "scopes"),
        ({"scopes": ["a b"]}, "scopes"),
        ({"scopes": [7]}, "scopes"),
        ({"scopes": ["é"]}, "scopes"),
        ({"scopes": ["a"] * 31}, "scopes"),
        ({"claims": []}, "claims"),
        ({"claims": {"mail": "x"}}, "claims.mail"),
        ({"claims": {"email": 7}}, "claims.email"),
        ({"claims": {"groups": "a\0"}}, "claims.groups"),
        ({"claims": {"email": "upn"}}, "claims.email_verification"),
        ({"claims": {"email_verification": "never"}}, "claims.email_verification"),
        ({"claims": {"email_verification": []}}, "claims.email_verification"),
        ({"client_secret_expires_at": 20270131}, "client_secret_expires_at"),
        ({"client_secret_expires_at": "20270131"}, "client_secret_expires_at"),
        ({"client_secret_expires_at": "2027-W05-1"}, "client_secret_expires_at"),
        ({"client_secret_expires_at": "2027-02-30"}, "client_secret_expires_at"),
        ({"client_secret_expires_at": "202\uff17-01-31"}, "client_secret_expires_at"),
        ({"client_secret_expires_at": "2027-01-31T00:00:00Z"}, "client_secret_expires_at"),
        ({"client_secret_expires_at": "2020-01-31"}, "client_secret_expires_at"),
        ({"client_secret_expires_at": []}, "client_secret_expires_at"),
        ({"protocol": "oidc"}, "protocol"),
        ({"client_secret_expires": "soon"}, "client_secret_expires"),
    ],
)
def test_bad_input_is_refused_by_field_before_anything_is_fetched(change: dict[str, Any], field: str) -> None:
    sign_in = plain()
    with pytest.raises(InvalidInputError) as refused:
        sign_in.kind.read_settings({**SUBMITTED, **change})
    assert refused.value.field == field
    assert sign_in.provider.seen == []


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/.well-known/openid-configuration", HttpAnswer(404, {}, b""), "status 404"),
        ("/.well-known/openid-configuration", HttpAnswer(200, {}, b"<html>"), "JSON"),
        ("/jwks", HttpAnswer(200, {}, b'{"keys": []}'), "signing key"),
    ],
)
def test_what_is_wrong_with_the_provider_s_documents_is_said(path: str, answer: HttpAnswer, said: str) -> None:
    sign_in = plain()
    sign_in.provider.answers[path] = answer
    with pytest.raises(InvalidInputError, match=said) as refused:
        sign_in.kind.read_settings(SUBMITTED)
    assert refused.value.field == "issuer"


def test_an_issuer_that_differs_by_a_slash_is_told_the_right_one() -> None:
    with pytest.raises(InvalidInputError, match=r"received: https://idp\.example\.test\.") as refused:
        plain().kind.read_settings({**SUBMITTED, "issuer": "https://idp.example.test/"})
    assert "including any slash" in refused.value.sentence


def test_a_provider_that_does_not_answer_is_unreachable() -> None:
    sign_in = plain()
    sign_in.provider.answers["/jwks"] = HttpFailedError("idp.example.test took longer than 5 seconds")
    with pytest.raises(UnreachableError, match="took longer") as failed:
        sign_in.kind.read_settings(SUBMITTED)
    assert failed.value.field == "issuer"


def test_setup_looks_past_the_cache_and_leaves_what_it_found_there() -> None:
    sign_in = plain()
    sign_in.accepted()
    sign_in.provider.keys = [public(rsa_key(2), kid="k2")]
    sign_in.kind.read_settings(SUBMITTED)
    assert sign_in.provider.calls("/jwks") == 2
    assert sign_in.rejected().name == "key_unknown"


def test_service_provider_values_come_from_the_base_url_alone() -> None:
    values = {value.key: value.value for value in plain().kind.service_provider_values(ConnectionId("conn_9"))}
    assert values == {
        "redirect_uri": f"{BASE_URL}/oidc/conn_9/callback",
        "login_uri": f"{BASE_URL}/oidc/conn_9/login",
        "post_logout_redirect_uri": f"{BASE_URL}/oidc/conn_9/signed-out",
        "backchannel_logout_uri": f"{BASE_URL}/oidc/conn_9/backchannel-logout",
    }


def test_the_summary_shows_no_secret_and_names_the_provider() -> None:
    sign_in = entra()
    summary = sign_in.kind.summary(sign_in.settings)
    assert summary["provider"] == "entra"
    assert "client_secret" not in summary


@pytest.mark.parametrize(
    ("issuer", "provider"),
    [
        ("https://acme.okta.com/oauth2/default", "okta"),
        ("https://evil-okta.com", "other"),
        ("https://accounts.google.com", "google"),
        ("https://accounts.google.com.evil.test", "other"),
        (f"https://sts.windows.net/{TENANT}/", "entra"),
        ("https://keycloak.acme.test/realms/acme", "other"),
        ("nonsense", "other"),
    ],
)
def test_providers_are_told_by_their_host(issuer: str, provider: str) -> None:
    assert provider_of(issuer).value == provider


# the way there


def _start(sign_in: SignIn) -> tuple[str, dict[str, str]]:
    url = sign_in.kind.start(sign_in.revision, sign_in.flow)
    parts = urlsplit(url)
    assert all(len(values) == 1 for values in parse_qs(parts.query, keep_blank_values=True).values())
    return f"{parts.scheme}://{parts.netloc}{parts.path}", dict(parse_qsl(parts.query))


def test_the_browser_is_sent_with_state_nonce_and_pkce() -> None:
    where, query = _start(plain())
    assert where == "https://idp.example.test/authorize"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    assert query == {
        "response_type": "code",
        "client_id": "doorward-client",
        "redirect_uri": f"{BASE_URL}/oidc/conn_1/callback",
        "scope": "openid email profile",
        "state": "flow_1",
        "nonce": "nonce-1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


def test_pkce_is_used_although_the_provider_announces_other_methods() -> None:
    sign_in = plain()
    sign_in.provider.discovery["code_challenge_methods_supported"] = ["plain"]
    assert _start(sign_in)[1]["code_challenge_method"] == "S256"


def test_an_authorization_endpoint_with_a_query_keeps_it() -> None:
    sign_in = plain()
    sign_in.provider.discovery["authorization_endpoint"] = "https://idp.example.test/authorize?tenant=a%20b"
    assert _start(sign_in)[1]["tenant"] == "a b"


def test_the_address_typed_is_a_hint() -> None:
    sign_in = plain()
    sign_in.email_hint = "ada+x&y@acme.test"
    assert _start(sign_in)[1]["login_hint"] == "ada+x&y@acme.test"


def test_a_test_sign_in_asks_to_authenticate_again() -> None:
    sign_in = plain()
    sign_in.is_test = True
    query = _start(sign_in)[1]
    assert (query["prompt"], query["max_age"]) == ("login", "0")


def test_a_test_sign_in_at_google_asks_for_the_account() -> None:
    sign_in = google()
    sign_in.is_test = True
    query = _start(sign_in)[1]
    assert query["prompt"] == "select_account"
    assert "max_age" not in query


def test_a_start_without_discovery_is_unreachable() -> None:
    sign_in = plain()
    sign_in.provider.answers["/.well-known/openid-configuration"] = HttpFailedError("down")
    with pytest.raises(UnreachableError) as failed:
        sign_in.kind.start(sign_in.revision, sign_in.flow)
    assert failed.value.detail == "provider_unreachable: down"


def test_a_base_url_with_a_slash_is_the_same() -> None:
    sign_in = plain()
    kind = OidcKind(base_url=f"{BASE_URL}/", http=Provider(), cache=sign_in.cache, clock=sign_in.clock)
    assert kind.service_provider_values(ConnectionId("c"))[0].value == f"{BASE_URL}/oidc/c/callback"

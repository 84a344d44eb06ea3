"""What is accepted, and what is made of it: the identity, its groups, the requests that were sent."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.ports.http import HttpAnswer, HttpFailedError
from app.rules.identity import UNKNOWN_GROUPS, ExternalIdentity, GroupsState, ReceivedGroups
from oidc.callback import AuthorizationAnswer
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, NOW, Sign, ec_key, ed_key, public, rsa_key, signer
from tests.oidc.sign_in import ACCEPTED, BASE_URL, TENANT, SignIn, entra, google, plain, rehearsal, thin

FAILURES = [
    HttpFailedError("slow"),
    HttpAnswer(403, {}, b""),
    HttpAnswer(200, {}, b"no json"),
    HttpAnswer(200, {"content-type": "application/jwt"}, b"a.b.c"),
]


# the identity


def test_everything_from_the_id_token_becomes_the_identity() -> None:
    identity = plain().accepted()
    assert (identity.issuer, identity.subject) == ("https://idp.example.test", "u-1")
    assert (identity.email, identity.name) == ("ada@acme.test", "Ada Lovelace")
    assert identity.groups == ReceivedGroups.of(frozenset({"eng", "admins"}))
    assert identity.subject_is_stable
    assert identity.authenticated_at == NOW - timedelta(minutes=1)
    assert identity.replay_until == NOW + timedelta(seconds=300 + 120)


def test_a_thin_id_token_is_completed_from_userinfo() -> None:
    sign_in = thin()
    assert sign_in.accepted().email == "ada@acme.test"
    assert sign_in.accepted().groups.values == {"eng", "admins"}
    method, url, _, headers = sign_in.provider.seen[-1]
    assert (method, url) == ("GET", "https://idp.example.test/userinfo")
    assert headers["Authorization"] == "Bearer at-1"


def test_userinfo_is_not_asked_when_the_id_token_says_everything() -> None:
    sign_in = plain()
    sign_in.accepted()
    assert sign_in.provider.calls("/userinfo") == 0


def test_the_signed_token_wins_over_userinfo() -> None:
    sign_in = plain()
    del sign_in.provider.claims["groups"]
    sign_in.provider.userinfo.update(email="other@acme.test", name="Other", email_verified=False, groups=["x"])
    identity = sign_in.accepted()
    assert (identity.email, identity.name) == ("ada@acme.test", "Ada Lovelace")
    assert identity.groups.values == {"x"}


def test_userinfo_may_vouch_for_the_address_of_the_id_token() -> None:
    sign_in = plain()
    del sign_in.provider.claims["email_verified"]
    sign_in.provider.userinfo.update(email="Ada@Acme.test", email_verified="true")
    assert sign_in.accepted().email == "ada@acme.test"


def test_an_unverified_address_is_accepted_only_where_it_is_assumed() -> None:
    sign_in = plain()
    del sign_in.provider.claims["email_verified"]
    assert sign_in.rejected().name == "email_verification_missing"
    sign_in.settings["claims"]["email_verification"] = "assumed"
    assert sign_in.accepted().email == "ada@acme.test"


@pytest.mark.parametrize("value", [True, "true", "True", "1", 1])
def test_every_usual_spelling_of_verified_is_understood(value: object) -> None:
    sign_in = plain()
    sign_in.provider.claims["email_verified"] = value
    sign_in.accepted()


def test_chosen_claims_are_read() -> None:
    sign_in = plain()
    sign_in.settings["claims"] = {
        "email": "mail",
        "name": "displayName",
        "groups": "roles",
        "email_verification": "assumed",
    }
    sign_in.provider.claims.update(mail=" Bob@ACME.test ", displayName="Bob", roles="ops")
    identity = sign_in.accepted()
    assert (identity.email, identity.name) == ("bob@acme.test", "Bob")
    assert identity.groups.values == {"ops"}


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": None, "given_name": "Ada", "family_name": "Lovelace"}, "Ada Lovelace"),
        ({"name": "", "family_name": "Lovelace"}, "Lovelace"),
        ({"name": ["Ada"]}, ""),
        ({"name": "Ada\0"}, ""),
        ({"name": "A" * 201}, ""),
    ],
)
def test_a_name_is_never_a_reason_to_refuse(claims: dict[str, object], name: str) -> None:
    sign_in = plain()
    sign_in.provider.claims.update(claims)
    assert sign_in.accepted().name == name


# groups


@pytest.mark.parametrize(
    ("claim", "state"),
    [
        ([], GroupsState.EMPTY),
        ("ops", GroupsState.PRESENT),
        ("", GroupsState.UNKNOWN),
        ([1], GroupsState.UNKNOWN),
        (["a\0"], GroupsState.UNKNOWN),
        ({"a": 1}, GroupsState.UNKNOWN),
        (None, GroupsState.UNKNOWN),
    ],
)
def test_odd_groups_are_unknown_and_only_an_empty_list_is_empty(claim: object, state: GroupsState) -> None:
    sign_in = plain()
    sign_in.provider.claims["groups"] = claim
    assert sign_in.accepted().groups.state is state


@pytest.mark.parametrize("answer", FAILURES, ids=["fails", "403", "no json", "signed"])
def test_groups_that_cannot_be_fetched_are_unknown(answer: HttpAnswer | HttpFailedError) -> None:
    sign_in = plain()
    del sign_in.provider.claims["groups"]
    sign_in.provider.answers["/userinfo"] = answer
    assert sign_in.accepted().groups == UNKNOWN_GROUPS


def test_no_group_claim_anywhere_is_unknown() -> None:
    sign_in = plain()
    del sign_in.provider.claims["groups"], sign_in.provider.discovery["userinfo_endpoint"]
    assert sign_in.accepted().groups == UNKNOWN_GROUPS


@pytest.mark.parametrize("claims", [{"_claim_names": {"groups": "src1"}}, {"hasgroups": True}, {"hasgroups": "true"}])
def test_entra_s_group_overage_is_unknown_and_asks_nobody(claims: dict[str, object]) -> None:
    sign_in = entra()
    del sign_in.provider.claims["groups"]
    sign_in.provider.claims.update(claims)
    assert sign_in.accepted().groups == UNKNOWN_GROUPS
    assert sign_in.provider.calls("/userinfo") == 0


def test_distributed_claims_of_another_kind_do_not_touch_the_groups() -> None:
    sign_in = plain()
    sign_in.provider.claims["_claim_names"] = {"address": "src1"}
    assert sign_in.accepted().groups.state is GroupsState.PRESENT


# providers


def test_entra_s_stable_key_is_tenant_and_object_id() -> None:
    identity = entra().accepted()
    assert identity.subject == f"{TENANT}/0-0-1"
    assert identity.authenticated_at is None


@pytest.mark.parametrize("make", [entra, google])
def test_a_test_sign_in_is_possible_where_auth_time_is_never_sent(make: Callable[[], SignIn]) -> None:
    sign_in = make()
    sign_in.is_test = True
    sign_in.accepted()


def test_google_s_older_issuer_and_text_are_understood() -> None:
    sign_in = google()
    sign_in.provider.claims.update(iss="accounts.google.com", email_verified="true", hd="ACME.test")
    identity = sign_in.accepted()
    assert identity.issuer == "https://accounts.google.com"
    assert identity.groups == UNKNOWN_GROUPS


def test_a_provider_without_the_iss_parameter_is_accepted() -> None:
    sign_in = plain()
    del sign_in.provider.discovery["authorization_response_iss_parameter_supported"]
    sign_in.query = [("state", "flow_1"), ("code", "code-1"), ("session_state", "of Entra and Keycloak")]
    sign_in.accepted()


@pytest.mark.parametrize(
    ("product", "subject", "groups"),
    [
        ("entra", f"{TENANT}/0-0-1", {"eng", "admins"}),
        ("entra with many groups", f"{TENANT}/0-0-1", None),
        ("entra with hidden groups", f"{TENANT}/0-0-1", None),
        ("google", "u-1", None),
        ("google of old", "u-1", None),
        ("okta", "u-1", {"Everyone", "eng", "admins"}),
        ("keycloak", "6f0e0b8e-0a5a-4b7e-9c0e-0d6a2f6f9f1a", {"/eng", "/eng/admins"}),
    ],
)
def test_what_a_product_sends_becomes_this_identity(product: str, subject: str, groups: set[str] | None) -> None:
    identity = ACCEPTED[product]().accepted()
    assert (identity.subject, identity.email, identity.name) == (subject, "ada@acme.test", "Ada Lovelace")
    assert identity.groups == (UNKNOWN_GROUPS if groups is None else ReceivedGroups.of(frozenset(groups)))


# times


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": -119, "iat": -300},
        {"iat": 120},
        {"nbf": 120},
        {"iat": -12 * 60},
    ],
)
def test_times_within_the_skew_are_accepted(claims: dict[str, int]) -> None:
    sign_in = plain()
    moment = int(NOW.timestamp())
    sign_in.provider.claims.update({name: moment + seconds for name, seconds in claims.items()})
    sign_in.accepted()


def test_times_may_be_fractions() -> None:
    sign_in = plain()
    sign_in.provider.claims["exp"] = NOW.timestamp() + 0.5
    assert sign_in.accepted().replay_until == NOW + timedelta(seconds=120.5)


def test_a_token_is_remembered_no_longer_than_it_could_be_accepted() -> None:
    sign_in = plain()
    sign_in.provider.claims["exp"] = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
    assert sign_in.accepted().replay_until == NOW + timedelta(minutes=12)


def test_a_test_sign_in_is_accepted_when_the_person_signed_in_again() -> None:
    sign_in = rehearsal()
    sign_in.provider.claims["auth_time"] = int((sign_in.started_at - timedelta(seconds=119)).timestamp())
    sign_in.accepted()


# signatures


SIGNERS: list[tuple[str, dict[str, Any], Sign]] = [
    ("RS256", public(rsa_key()), signer(rsa_key())),
    ("PS256", public(rsa_key()), signer(rsa_key())),
    ("ES256", public(ec_key()), signer(ec_key())),
    ("EdDSA", public(ed_key()), signer(ed_key())),
]


@pytest.mark.parametrize(("algorithm", "key", "sign"), SIGNERS, ids=[entry[0] for entry in SIGNERS])
def test_each_algorithm_of_the_list_is_accepted_without_being_announced(
    algorithm: str, key: dict[str, Any], sign: Sign
) -> None:
    sign_in = plain()
    sign_in.provider.header["alg"] = algorithm
    sign_in.provider.keys = [{**key, "kid": "k1"}]
    sign_in.provider.sign = sign
    if algorithm == "EdDSA":
        del sign_in.provider.claims["at_hash"]  # a SHA-512 half there
    sign_in.accepted()


def test_a_token_without_kid_is_verified_with_the_only_key() -> None:
    sign_in = plain()
    del sign_in.provider.header["kid"]
    sign_in.accepted()


def test_a_token_without_kid_is_verified_with_whichever_of_several_keys_fits() -> None:
    sign_in = plain()
    del sign_in.provider.header["kid"]
    others = [public(ec_key(), kid="e"), public(rsa_key(2), kid="r"), {"kty": "oct", "k": "AAAA"}]
    sign_in.provider.keys = [*others, *sign_in.provider.keys]
    sign_in.accepted()


def test_keys_that_say_neither_use_nor_algorithm_are_used_as_entra_s_are() -> None:
    sign_in = plain()
    key = public(rsa_key(), kid="k1", x5t="x", issuer="y")
    del key["use"]
    sign_in.provider.keys = [key]
    sign_in.accepted()


def test_unknown_headers_are_ignored() -> None:
    sign_in = plain()
    sign_in.provider.header.update(x5t="abc", ver="2.0", x5c=["A" * 3000])
    sign_in.accepted()


def test_a_single_audience_may_stand_in_a_list() -> None:
    sign_in = plain()
    sign_in.provider.claims.update(aud=[CLIENT_ID], azp=CLIENT_ID)
    sign_in.accepted()


# replay


def test_two_tokens_have_two_replay_keys_and_one_token_has_one() -> None:
    first, again, second = plain(), plain(), plain()
    second.provider.claims["exp"] += 1
    keys = [sign_in.accepted().replay_key for sign_in in (first, again, second)]
    assert keys[0] == keys[1] != keys[2]


def test_a_jti_is_the_replay_key_whatever_else_the_token_says() -> None:
    first, second = plain(), plain()
    first.provider.claims["jti"] = second.provider.claims["jti"] = "one"
    second.provider.claims["exp"] += 1
    assert first.accepted().replay_key == second.accepted().replay_key


def test_a_respelled_signature_is_the_same_token() -> None:
    keys = set()
    for _ in range(2):  # ECDSA signatures of the same text differ
        sign_in = plain()
        sign_in.provider.header["alg"] = "ES256"
        sign_in.provider.keys = [public(ec_key(), kid="k1")]
        sign_in.provider.sign = signer(ec_key())
        keys.add(sign_in.accepted().replay_key)
    assert len(keys) == 1


# what is shown on the page of a test sign-in


def test_received_claims_are_shown_without_those_of_the_token() -> None:
    sign_in = rehearsal()
    sign_in.provider.claims.update(address={"country": "GB"}, level=7, odd="a\nb", long="x" * 1000)
    received = sign_in.accepted().received
    assert received["email"] == ("Ada@Acme.test",)
    assert received["groups"] == ("eng", "admins")
    assert received["address"] == ('{"country": "GB"}',)
    assert received["level"] == ("7",)
    assert received["odd"] == ("a\ufffdb",)
    assert len(received["long"][0]) == 201
    assert not {"nonce", "at_hash", "exp", "iat", "aud"} & received.keys()


# the request to the token endpoint


def _token_request(sign_in: SignIn) -> tuple[dict[str, str], dict[str, str]]:
    assert isinstance(sign_in.finish(), ExternalIdentity)
    return next((fields, headers) for method, _, fields, headers in sign_in.provider.seen if method == "POST")


def _basic(headers: dict[str, str]) -> str:
    return base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()


def test_the_code_is_exchanged_with_verifier_redirect_uri_and_basic_authentication() -> None:
    fields, headers = _token_request(plain())
    assert fields == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": f"{BASE_URL}/oidc/conn_1/callback",
        "code_verifier": "v" * 43,
    }
    assert _basic(headers) == f"{CLIENT_ID}:{CLIENT_SECRET}"


@pytest.mark.parametrize(
    ("methods", "secret", "uses_post"),
    [
        (None, "plain", False),
        (["client_secret_basic"], "plain", False),
        (["client_secret_post"], "plain", True),
        (["client_secret_post", "client_secret_basic", "private_key_jwt"], "plain", False),
        (["client_secret_post"], "a:b+c%é", True),
    ],
)
def test_the_client_authenticates_as_the_provider_announces(
    methods: list[str] | None, secret: str, uses_post: bool
) -> None:
    sign_in = plain()
    sign_in.secret = secret
    sign_in.provider.discovery["token_endpoint_auth_methods_supported"] = methods
    fields, headers = _token_request(sign_in)
    assert (fields.get("client_secret") == secret) is uses_post
    assert ("Authorization" in headers) is not uses_post


def test_a_secret_with_signs_is_encoded_for_basic_as_the_rfc_says() -> None:
    sign_in = plain()
    sign_in.secret = "a:b+c%é"
    _, headers = _token_request(sign_in)
    assert _basic(headers) == f"{CLIENT_ID}:a%3Ab%2Bc%25%C3%A9"


# the answer in the browser


@pytest.mark.parametrize(
    ("pairs", "state"),
    [
        ([("state", "flow_1")], "flow_1"),
        ([], ""),
        ([("state", "flow_1"), ("state", "flow_1")], ""),
        ([("state", "a\0")], ""),
        ([("state", "ä")], ""),
        ([("state", "x" * 201)], ""),
    ],
)
def test_a_state_that_cannot_name_a_flow_names_none(pairs: list[tuple[str, str]], state: str) -> None:
    assert AuthorizationAnswer.read(pairs).state == state

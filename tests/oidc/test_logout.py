"""Logout in both directions: what a logout token must be to be believed, and what is sent to the provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.rules.identity import ProviderSession, Rejection
from app.rules.logout import EndedThere, SignOut, SignOutOutcome
from oidc.blueprint import create_blueprint
from oidc.end_session import LONGEST_HINT
from tests.oidc.logouts import LOGOUT_CASES, Logout, LogoutCase, without
from tests.oidc.provider import CLIENT_ID, NOW, ec_key, public, signer
from tests.oidc.sign_in import BASE_URL, SignIn, entra, google_of_old, keycloak, plain
from tests.oidc.test_blueprint import RecordingDoor
from tests.way_out import OneWayOut

END_SESSION = "https://idp.example.test/session/end"
SIGN_OUT = SignOut("handle", "_request", NOW)
SESSION = ProviderSession("https://idp.example.test", "u-1", "sid-1")


# logout tokens


@pytest.mark.parametrize("case", LOGOUT_CASES, ids=str)
def test_one_change_is_refused_by_its_own_name_and_accepted_when_undone(case: LogoutCase) -> None:
    logout = Logout()
    case.mutate(logout)
    result = logout.finish()
    assert isinstance(result, Rejection), result
    assert result.name == case.name
    assert result.sentence
    assert result.fix
    assert isinstance(Logout().finish(), EndedThere)


def test_cases_are_told_apart() -> None:
    assert len({str(case) for case in LOGOUT_CASES}) == len(LOGOUT_CASES)


def test_token_says_whose_session_has_ended() -> None:
    ended = Logout().accepted()
    assert (ended.issuer, ended.subject, ended.indexes) == (SESSION.issuer, "u-1", frozenset({"sid-1"}))
    assert ended.replay_until == NOW + timedelta(minutes=10, seconds=120)


def test_tokens_of_two_ids_are_remembered_apart_and_never_as_an_id_token() -> None:
    one, other = Logout(), Logout()
    other.claims["jti"] = "logout-2"
    one.sign_in.provider.claims["jti"] = "logout-1"
    keys = {one.accepted().replay_key, other.accepted().replay_key, one.sign_in.accepted().replay_key}
    assert len(keys) == 3
    assert one.accepted().replay_key in keys


@pytest.mark.parametrize(
    ("named", "subject", "indexes"),
    [(("sub",), None, frozenset({"sid-1"})), (("sid",), "u-1", frozenset())],
    ids=["the session only", "the subject only"],
)
def test_one_name_is_enough(named: tuple[str, ...], subject: str | None, indexes: frozenset[str]) -> None:
    logout = Logout()
    without(*named)(logout)
    assert (logout.accepted().subject, logout.accepted().indexes) == (subject, indexes)


@pytest.mark.parametrize("kind", ["logout+jwt", "LOGOUT+JWT", "application/logout+jwt", "JWT", None])
def test_type_may_be_spelled_or_left_out(kind: str | None) -> None:
    logout = Logout()
    logout.header["typ"] = kind
    if kind is None:
        del logout.header["typ"]
    assert logout.accepted().subject == "u-1"


def test_audience_may_be_a_list_of_one() -> None:
    logout = Logout()
    logout.claims["aud"] = [CLIENT_ID]
    assert logout.accepted().subject == "u-1"


def test_google_s_other_issuer_is_google_s() -> None:
    logout = Logout(google_of_old())
    logout.claims["iss"] = "accounts.google.com"
    assert logout.accepted().issuer == "https://accounts.google.com"


def test_key_that_is_new_since_the_last_sign_in_is_fetched() -> None:
    logout = Logout()
    logout.accepted()
    logout.sign_in.provider.keys = [public(ec_key(), kid="k2")]
    logout.header.update(alg="ES256", kid="k2")
    logout.sign = signer(ec_key())
    logout.sign_in.clock.time += timedelta(minutes=2)
    assert logout.accepted().subject == "u-1"


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        ({}, True),
        ({"sid": "sid-2"}, False),
        ({"sub": "u-2"}, False),
        ({"sid": None}, True),
        ({"sub": None}, True),
        ({"sub": None, "sid": "sid-2"}, False),
    ],
    ids=["both", "another session", "another subject", "the subject only", "the session only", "another session only"],
)
def test_session_ends_when_the_token_names_it(change: dict[str, Any], ends: bool) -> None:
    logout = Logout()
    logout.claims = {name: value for name, value in {**logout.claims, **change}.items() if value is not None}
    assert logout.accepted().ends(SESSION) is ends


def test_session_that_came_without_sid_ends_with_its_subject_and_not_by_an_unknown_sid() -> None:
    both, session_only = Logout(), Logout()
    without("sub")(session_only)
    unnamed = replace(SESSION, index=None)
    assert both.accepted().ends(unnamed)
    assert not session_only.accepted().ends(unnamed)
    assert not both.accepted().ends(replace(unnamed, issuer="https://other.test"))


# what is kept, and the way to the provider


def signs_out(sign_in: SignIn) -> SignIn:
    sign_in.provider.discovery["end_session_endpoint"] = END_SESSION
    return sign_in


def session_of(sign_in: SignIn) -> ProviderSession:
    session = sign_in.accepted().session
    assert session is not None
    return session


def url_for(sign_in: SignIn, session: ProviderSession) -> str | None:
    return sign_in.kind.sign_out(sign_in.revision, session, SIGN_OUT)


def test_provider_is_shown_its_id_token_and_where_to_send_the_browser() -> None:
    sign_in = signs_out(plain())
    url = url_for(sign_in, session_of(sign_in))
    assert url is not None
    assert url.startswith(f"{END_SESSION}?")
    assert parse_qs(urlsplit(url).query) == {
        "id_token_hint": [sign_in.provider.id_token()],
        "client_id": [CLIENT_ID],
        "post_logout_redirect_uri": [f"{BASE_URL}/oidc/conn_1/signed-out"],
        "state": ["handle"],
    }


def test_endpoint_keeps_a_query_of_its_own() -> None:
    sign_in = signs_out(plain())
    sign_in.provider.discovery["end_session_endpoint"] = f"{END_SESSION}?p=b2c"
    assert (url_for(sign_in, session_of(sign_in)) or "").startswith(f"{END_SESSION}?p=b2c&")


def test_signing_out_asks_the_provider_nothing_first() -> None:
    sign_in = signs_out(plain())
    session = session_of(sign_in)
    sign_in.cache.rows.clear()
    asked = len(sign_in.provider.seen)
    assert url_for(sign_in, session) is not None
    assert len(sign_in.provider.seen) == asked


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "http://idp.example.test/end", ["https://a.test"]])
def test_provider_without_a_usable_endpoint_gets_no_logout_and_its_id_token_is_not_kept(url: object) -> None:
    sign_in = plain()
    sign_in.provider.discovery["end_session_endpoint"] = url
    session = session_of(sign_in)
    assert session.hint == {}
    assert url_for(sign_in, session) is None


def test_id_token_that_makes_too_long_a_url_is_not_kept() -> None:
    sign_in = signs_out(plain())
    sign_in.provider.claims["groups"] = [f"group {number}" for number in range(LONGEST_HINT // 10)]
    url = url_for(sign_in, session_of(sign_in)) or ""
    assert "id_token_hint" not in parse_qs(urlsplit(url).query)
    assert parse_qs(urlsplit(url).query)["client_id"] == [CLIENT_ID]


def test_nobody_is_sent_to_another_issuer_or_for_another_client_than_the_session_is_of() -> None:
    sign_in = signs_out(plain())
    session = session_of(sign_in)
    assert url_for(sign_in, replace(session, issuer="https://former.test")) is None
    sign_in.settings["client_id"] = "another"
    assert url_for(sign_in, session) is None


def test_session_is_known_by_sub_and_sid_as_the_provider_says_them() -> None:
    session = session_of(keycloak())
    assert (session.subject, session.index) == ("6f0e0b8e-0a5a-4b7e-9c0e-0d6a2f6f9f1a", "sid-1")
    assert session_of(entra()).subject == "u-1"  # and not the object id, which logout tokens do not have


@pytest.mark.parametrize("sid", [None, "", 1, "a\0", "s" * 256])
def test_sid_that_is_none_is_not_kept(sid: object) -> None:
    sign_in = plain()
    sign_in.provider.claims["sid"] = sid
    assert session_of(sign_in).index is None


def test_values_to_register_are_shown() -> None:
    values = {value.key: value.value for value in plain().kind.service_provider_values(plain().revision.connection_id)}
    assert values["post_logout_redirect_uri"] == f"{BASE_URL}/oidc/conn_1/signed-out"
    assert values["backchannel_logout_uri"] == f"{BASE_URL}/oidc/conn_1/backchannel-logout"


# the routes


@pytest.fixture
def way_out() -> OneWayOut:
    return OneWayOut(plain().revision, NOW)


@pytest.fixture
def client(way_out: OneWayOut) -> FlaskClient:
    app = Flask(__name__)
    sign_in = plain()
    app.register_blueprint(create_blueprint(kind=sign_in.kind, door=RecordingDoor(sign_in), way_out=way_out))
    return app.test_client()


def test_accepted_token_is_answered_with_nothing_that_is_stored(client: FlaskClient, way_out: OneWayOut) -> None:
    answer = client.post("/oidc/conn_1/backchannel-logout", data=dict(Logout().posted()))
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert isinstance(way_out.verdicts[0], EndedThere)


def test_refused_token_is_answered_as_the_standard_says(client: FlaskClient) -> None:
    answer = client.post("/oidc/conn_1/backchannel-logout", data={"logout_token": "a"})
    assert (answer.status_code, answer.content_type) == (400, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {"error": "invalid_request", "error_description": "logout_token_malformed sin_1"}


def test_unknown_connection_is_answered_alike(client: FlaskClient) -> None:
    answer = client.post("/oidc/conn_2/backchannel-logout", data=dict(Logout().posted()))
    assert (answer.status_code, answer.json) == (
        400,
        {"error": "invalid_request", "error_description": "There is no such connection."},
    )


def test_repeated_token_is_refused(client: FlaskClient, way_out: OneWayOut) -> None:
    token = Logout().token()
    client.post("/oidc/conn_1/backchannel-logout", data={"logout_token": [token, token]})
    assert [verdict.name for verdict in way_out.verdicts if isinstance(verdict, Rejection)] == ["logout_token_missing"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_back_channel_takes_posts_only(client: FlaskClient, method: str) -> None:
    assert client.open("/oidc/conn_1/backchannel-logout", method=method).status_code == 405


def test_browser_that_comes_back_is_taken_to_its_sign_out(client: FlaskClient, way_out: OneWayOut) -> None:
    assert client.get("/oidc/conn_1/signed-out?state=handle").text == "returned handle"
    assert way_out.outcomes == [SignOutOutcome.DONE]


@pytest.mark.parametrize("query", ["", "?state=", "?state=another", "?state=%00"])
def test_browser_that_comes_back_without_its_state_is_not_asked_for_more(
    query: str, client: FlaskClient, way_out: OneWayOut
) -> None:
    assert client.get(f"/oidc/conn_1/signed-out{query}").status_code == 200
    assert way_out.outcomes == []


def test_guides_of_providers_that_take_logouts_name_where_to_come_back_to() -> None:
    guides = plain().kind.guides()
    pasted = {guide.name: {value.key for step in guide.steps for value in step.paste} for guide in guides}
    named = {name for name, keys in pasted.items() if "post_logout_redirect_uri" in keys}
    assert named == {"oidc-okta", "oidc-entra", "oidc-other"}  # Google ends no session for others

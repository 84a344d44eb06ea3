"""The two routes, with a door that records what it is handed."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue

from app.rules.connections import Revision, Verify, VerifyUnsolicited, Wish
from app.rules.errors import InvalidInputError
from app.rules.identity import ExternalIdentity, Rejection
from oidc.blueprint import create_blueprint
from tests.oidc.provider import NOW
from tests.oidc.sign_in import SignIn, plain
from tests.way_out import OneWayOut


@dataclass
class RecordingDoor:
    """Knows one flow, flow_1, and verifies for it."""

    sign_in: SignIn
    started: list[tuple[str, str]] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    received: list[tuple[str, str]] = field(default_factory=list)
    results: list[ExternalIdentity | Rejection] = field(default_factory=list)

    def start(self, connection_id: str, *, protocol: str, wish: Wish | None = None) -> ResponseReturnValue:
        assert wish is not None
        self.started.append((connection_id, protocol))
        self.wishes.append(wish)
        return "started"

    def receive(
        self,
        connection_id: str,
        *,
        protocol: str,
        handle: str,
        verify: Verify,
        unsolicited: VerifyUnsolicited | None = None,
    ) -> ResponseReturnValue:
        self.received.append((connection_id, handle))
        if handle == "flow_1":
            self.results.append(verify(self.sign_in.revision, self.sign_in.flow, self.sign_in.clock.now()))
        return "received"

    def described(self, connection_id: str, *, protocol: str) -> Revision:
        return self.sign_in.revision


@pytest.fixture
def door() -> RecordingDoor:
    return RecordingDoor(plain())


@pytest.fixture
def client(door: RecordingDoor) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(
        create_blueprint(kind=door.sign_in.kind, door=door, way_out=OneWayOut(door.sign_in.revision, NOW))
    )
    return app.test_client()


def test_login_begins_a_sign_in(client: FlaskClient, door: RecordingDoor) -> None:
    assert client.get("/oidc/conn_1/login").text == "started"
    assert door.started == [("conn_1", "oidc")]
    door.wishes[0].check(door.sign_in.revision)


def test_a_callback_is_verified_for_the_flow_its_state_names(client: FlaskClient, door: RecordingDoor) -> None:
    query = "state=flow_1&code=code-1&iss=https%3A%2F%2Fidp.example.test&session_state=x"
    assert client.get(f"/oidc/conn_1/callback?{query}").text == "received"
    assert door.received == [("conn_1", "flow_1")]
    assert isinstance(door.results[0], ExternalIdentity)


@pytest.mark.parametrize("query", ["", "code=a", "state=flow_1&state=flow_1", "state=%00", "state=%ff", "state=a%0ab"])
def test_a_callback_whose_state_names_no_flow_is_not_verified(
    query: str, client: FlaskClient, door: RecordingDoor
) -> None:
    client.get(f"/oidc/conn_1/callback?{query}")
    assert door.results == []
    assert door.sign_in.provider.seen == []


@pytest.mark.parametrize("extra", ["code=code-2", "code=", "iss=https%3A%2F%2Fidp.example.test", "error=&error="])
def test_a_repeated_parameter_is_refused(extra: str, client: FlaskClient, door: RecordingDoor) -> None:
    query = f"state=flow_1&code=code-1&iss=https%3A%2F%2Fidp.example.test&{extra}"
    client.get(f"/oidc/conn_1/callback?{query}")
    assert [result.name for result in door.results if isinstance(result, Rejection)] == ["parameter_repeated"]


def test_a_post_to_the_callback_is_not_allowed(client: FlaskClient, door: RecordingDoor) -> None:
    assert client.post("/oidc/conn_1/callback", data={"state": "flow_1", "code": "code-1"}).status_code == 405
    assert door.received == []


ISSUER = "https://idp.example.test"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_sign_in_begun_elsewhere_says_as_whom_and_where_to(
    method: str, client: FlaskClient, door: RecordingDoor
) -> None:
    given = {"iss": ISSUER, "login_hint": "ada@acme.test", "target_link_uri": "https://doorward.test/profile", "x": "y"}
    query, form = (given, {}) if method == "GET" else ({}, given)
    assert client.open("/oidc/conn_1/login", method=method, query_string=query, data=form).text == "started"
    (wish,) = door.wishes
    assert (wish.email, wish.target) == ("ada@acme.test", "https://doorward.test/profile")
    wish.check(door.sign_in.revision)


@pytest.mark.parametrize("issuer", ["https://other.test", f"{ISSUER}/", ISSUER.upper(), ""])
def test_a_sign_in_begun_for_another_issuer_is_refused(issuer: str, client: FlaskClient, door: RecordingDoor) -> None:
    client.get("/oidc/conn_1/login", query_string={"iss": [ISSUER, issuer]})
    with pytest.raises(InvalidInputError) as caught:
        door.wishes[0].check(door.sign_in.revision)
    assert caught.value.field == "iss"


def test_a_wish_that_comes_twice_is_none(client: FlaskClient, door: RecordingDoor) -> None:
    client.get("/oidc/conn_1/login?login_hint=a&login_hint=b&target_link_uri=/a&target_link_uri=/b")
    assert (door.wishes[0].email, door.wishes[0].target) == ("", "")

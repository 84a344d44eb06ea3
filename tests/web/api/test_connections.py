"""Connections: set up, tested by a person, activated, edited, turned off; each prerequisite refuses by its name."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from tests.application import World
from tests.scenes import ADA
from tests.web.api.scenes import begin, metadata


def test_connection_is_set_up_tested_activated_and_turned_off(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/connections"

    made = scene.connect()

    one = f"{path}/{made['id']}"
    assert (made["state"], made["revision_in_force"], made["idp"]["idp"]["sso_url"]) == (
        "validating",
        None,
        "https://idp.test/sso",
    )
    assert {"acs_url", "entity_id"} <= {value["key"] for value in made["sp"]}
    assert scene.api.get(path)["data"] == [made]
    before = scene.api.post(f"{one}/test", scene.by_admin)
    assert before == {
        "url": f"https://id.doorward.test/settings/authentication#{made['id']}",
        "latest_proof": None,
    }
    scene.prove(made["id"])
    proof = scene.api.post(f"{one}/test", scene.by_admin)["latest_proof"]
    assert proof == {"member_id": scene.admin, "proven_at": "2026-11-23T12:00:00Z", "would_be_admin": True}
    scene.organization.store_recovery_codes()
    active = scene.api.post_as_planned(f"{one}/activate", scene.by_admin)
    assert (active["state"], active["revision_in_force"]) == ("active", active["latest_revision"])
    assert scene.api.refused("DELETE", one)["code"] == "connection_active"
    assert scene.api.refused("POST", f"{one}/activate", scene.by_admin)["code"] == "connection_active"
    assert scene.api.post(f"{one}/deactivate")["state"] == "inactive"
    assert scene.api.refused("POST", f"{one}/deactivate", {})["code"] == "connection_not_active"
    scene.api.delete(one)
    assert scene.api.get(path)["data"] == []


def test_edit_of_an_active_connection_makes_a_revision_that_is_not_in_force(world: World) -> None:
    scene = begin(world)
    active = scene.require_sign_on()
    one = f"{scene.path}/connections/{active['id']}"

    renamed = scene.api.patch(one, {"name": "Okta (new)", **scene.by_admin})
    edited = scene.api.patch(
        one,
        {"protocol": "saml", "idp": {"metadata_xml": metadata()}, "attributes": {"email": "mail"}, **scene.by_admin},
    )

    assert (renamed["name"], renamed["latest_revision"]) == ("Okta (new)", active["latest_revision"])
    assert edited["latest_revision"] != edited["revision_in_force"] == active["revision_in_force"]
    assert edited["idp"]["attributes"] == {"email": "mail"}
    problem = scene.api.refused("POST", f"{one}/activate", scene.by_admin)
    assert problem["code"] == "test_sign_in_required"


def test_sign_ins_that_begin_at_the_provider_are_allowed_by_a_setting_of_the_revision(world: World) -> None:
    scene = begin(world)
    made = scene.connect()
    one = f"{scene.path}/connections/{made['id']}"
    assert "allow_idp_initiated" not in made["idp"]

    body = {"protocol": "saml", "idp": {"metadata_xml": metadata()}, "allow_idp_initiated": True}
    edited = scene.api.patch(one, {**body, **scene.by_admin})

    assert edited["idp"]["allow_idp_initiated"] is True
    assert edited["latest_revision"] != made["latest_revision"]


def test_connection_says_when_what_it_relies_on_ends_and_warns_in_time(world: World) -> None:
    scene = begin(world)
    active = scene.require_sign_on()
    one = f"{scene.path}/connections/{active['id']}"
    ends = datetime.fromisoformat(active["idp"]["idp"]["certificates"][0]["not_after"])
    until = f"{ends:%Y-%m-%dT%H:%M:%SZ}"
    signing, own = active["expires"]
    assert signing == {"what": "signing_certificate", "at": until, "count": 1, "ended": 0}
    assert own["what"] == "own_certificate"
    assert active["warnings"] == []

    world.clock.time = ends - timedelta(days=60)

    (warning,) = scene.api.get(one)["warnings"]
    assert (warning["what"], warning["at"]) == ("signing_certificate", until)
    assert warning["sentence"].endswith(f"ends on {ends:%Y-%m-%d}, in 60 days.")
    assert "Doorward goes on accepting" in warning["meaning"]
    assert "edit the connection" in warning["fix"]
    world.clock.time = ends
    (warning,) = scene.api.get(f"{scene.path}/connections")["data"][0]["warnings"]
    assert "Sign-ins go on" in warning["meaning"]
    assert scene.api.get(one)["expires"][0]["ended"] == 1


def test_set_up_needs_a_verified_domain(world: World) -> None:
    scene = begin(world, verified=False)

    problem = scene.api.refused("POST", f"{scene.path}/connections", scene.saml_body())

    assert problem["code"] == "verified_domain_required"


def test_set_up_needs_an_administrator_at_a_verified_domain(world: World) -> None:
    scene = begin(world)
    without = {name: value for name, value in scene.saml_body().items() if name != "on_behalf_of"}

    assert scene.api.refused("POST", f"{scene.path}/connections", without)["code"] == "acting_admin_required"
    domain = scene.api.post(f"{scene.path}/domains", {"host": "acme-labs.test"})
    scene.api.post(f"{scene.path}/domains/{domain['id']}/verify", {"strategy": "manual"})
    first = scene.api.get(f"{scene.path}/domains")["data"][0]
    scene.api.delete(f"{scene.path}/domains/{first['id']}")
    problem = scene.api.refused("POST", f"{scene.path}/connections", scene.saml_body())
    assert problem["code"] == "own_domain_required"


@pytest.mark.parametrize(
    ("prepared", "code"),
    [
        ("nothing", "test_sign_in_required"),
        ("an old test", "test_sign_in_required"),
        ("a test that would cost the role", "test_would_not_be_admin"),
        ("no codes", "recovery_codes_required"),
        ("nobody named", "acting_admin_required"),
    ],
)
def test_activation_says_what_is_missing(world: World, prepared: str, code: str) -> None:
    scene = begin(world)
    connection = scene.connect()
    if prepared != "nothing":
        scene.prove(connection["id"], would_be_admin="cost" not in prepared)
    if prepared == "an old test":
        world.clock.advance(hours=25)
    body = {} if prepared == "nobody named" else scene.by_admin

    problem = scene.api.refused("POST", f"{scene.path}/connections/{connection['id']}/activate", body)

    assert problem["code"] == code
    assert scene.api.get(f"{scene.path}/connections/{connection['id']}")["state"] == "validating"


def test_activation_takes_the_place_of_another_active_connection(world: World) -> None:
    scene = begin(world)
    first = scene.require_sign_on()["id"]
    second, third = scene.connect()["id"], scene.connect()["id"]
    for connection in (second, third):
        scene.prove(connection)
    activate = f"{scene.path}/connections/{second}/activate"
    shown = scene.api.plan("POST", activate, scene.by_admin)
    scene.api.post_as_planned(f"{scene.path}/connections/{third}/activate", scene.by_admin)

    stale = scene.api.refused("POST", activate, scene.by_admin, status=412, headers={"If-Match": f'"{shown["hash"]}"'})
    scene.api.post_as_planned(activate, scene.by_admin)

    assert stale["code"] == "plan_outdated"  # it was about leaving the first, not the third
    states = {one["id"]: one["state"] for one in scene.api.get(f"{scene.path}/connections")["data"]}
    assert states == {first: "inactive", second: "active", third: "inactive"}
    told = [(event.type, event.subject) for event in scene.organization.events()][-2:]
    assert told == [("connection.deactivated", third), ("connection.activated", second)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"protocol": "wsfed"}, "protocol"),
        ({"idp": {}}, "idp.metadata_url"),
        ({"idp": "metadata"}, "idp"),
        ({"idp": {"metadata_xml": "<x/>"}}, "idp.metadata_xml"),
        ({"idp": {"metadata_xml": ["<x/>"]}}, "idp.metadata_xml"),
        ({"idp": {"metadata_xml": "<x/>", "colour": "red"}}, "idp.colour"),
        ({"idp": {"entity_id": "a", "sso_url": "javascript:alert(1)", "certificates": []}}, "idp.certificates"),
        ({"issuer": "https://idp.test"}, "issuer"),
        ({"name": " "}, "name"),
        ({"state": "active"}, "state"),
    ],
)
def test_settings_that_are_not_understood_are_refused_by_their_field(
    world: World, changes: dict[str, object], field: str
) -> None:
    scene = begin(world)

    problem = scene.api.refused("POST", f"{scene.path}/connections", scene.saml_body(**changes), status=400)

    assert problem["field"] == field
    assert scene.api.get(f"{scene.path}/connections")["data"] == []


def test_provider_that_does_not_answer_is_a_bad_gateway(world: World) -> None:
    scene = begin(world)
    saml = scene.saml_body(idp={"metadata_url": "https://idp.test/metadata"})
    oidc = {
        "protocol": "oidc",
        "name": "Entra",
        "issuer": "https://idp.test",
        "client_id": "doorward",
        "client_secret": "a secret of theirs",
        **scene.by_admin,
    }

    for body, field in ((saml, "idp.metadata_url"), (oidc, "issuer")):
        answer = scene.api.send("POST", f"{scene.path}/connections", body)
        assert (answer.status_code, json.loads(answer.text)["field"]) == (502, field)
        assert "a secret of theirs" not in answer.text


def test_protocol_of_a_connection_stays(world: World) -> None:
    scene = begin(world)
    connection = scene.connect()

    problem = scene.api.refused(
        "PATCH", f"{scene.path}/connections/{connection['id']}", {"protocol": "oidc"}, status=400
    )

    assert problem["field"] == "protocol"


def test_turning_it_off_may_not_shut_the_last_administrator_out(world: World) -> None:
    scene = begin(world)
    active = scene.require_sign_on()

    assert scene.api.get(f"{scene.path}/lockout-proof")["usable_admins"] == [
        {"member_id": scene.admin, "email": ADA, "state": "active", "way_in": "single_sign_on"}
    ]
    off = scene.api.post(f"{scene.path}/connections/{active['id']}/deactivate", scene.by_admin)
    assert off["state"] == "inactive"
    assert scene.api.get(f"{scene.path}/lockout-proof")["usable_admins"][0]["way_in"] == "email_code"

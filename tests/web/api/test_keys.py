"""Keys of an organization: shown once, and open all of it and nothing else, until they are revoked or expire."""

from __future__ import annotations

import json
from threading import Thread
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.rules.actor import OPERATOR
from app.services import members, organization_keys
from app.web.api.blueprint import OPERATIONS
from app.web.api.operations import Operation
from tests.application import World
from tests.scenes import ADA, GRACE, HOST, found_organization, provisioned
from tests.web.api.caller import Api, document
from tests.web.api.scenes import begin, with_key
from tests.web.api.test_bad_input import one_of_everything, path_of, snapshot

_WAITS_AT_MOST = 30.0
OPERATORS_ONLY = {"create_organization", "list_organizations", "delete_organization"}


def body_for(operation: Operation, ids: dict[str, str]) -> Any:
    """What a call may send; whether it is accepted is not the question here."""
    named = {"on_behalf_of": ids["mem"]}
    bodies: dict[str, Any] = {"confirm_recovery_codes": named, "test_connection": named}
    return None if operation.body is None else bodies.get(operation.name, {})


def test_key_is_shown_once_and_works_until_it_is_revoked(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/keys"

    made = scene.api.post(path, {"label": "Nightly"})
    key = Api(world, made["token"])

    assert made["token"].startswith("dw_")
    assert made["hint"] == made["token"][-4:]
    assert (made["label"], made["created_by"], made["last_used_at"]) == ("Nightly", "operator", None)
    assert key.get(scene.path)["id"] == scene.organization.id
    key.delete(f"{path}/{made['id']}")
    key.refused("GET", scene.path, status=401)
    scene.api.delete(f"{path}/{made['id']}")
    (listed,) = scene.api.get(path)["data"]
    assert listed == scene.api.get(f"{path}/{made['id']}")
    assert listed["revoked_at"] == "2026-11-23T12:00:00Z"
    world.work()
    told = json.dumps([listed, scene.api.get(f"{scene.path}/audit", limit=100), scene.api.get(f"{scene.path}/events")])
    assert made["token"] not in told
    assert told.count("key.revoked") == 2  # an audit entry and an event, although it was revoked twice


def test_expired_key_opens_nothing(world: World) -> None:
    scene = begin(world)
    made = scene.api.post(f"{scene.path}/keys", {"expires_at": "2026-11-23T13:00:00Z"})
    key = Api(world, made["token"])

    assert key.get(scene.path)["name"] == "Acme"
    world.clock.advance(hours=1)
    key.refused("GET", scene.path, status=401)


@pytest.mark.parametrize("token", ["dw_", "dw_unknown", "dw_\0", "dw_" + "é" * 40])
def test_key_that_does_not_exist_opens_nothing(world: World, token: str) -> None:
    scene = begin(world)

    Api(world, token.encode("utf-8").decode("latin-1")).refused("GET", scene.path, status=401)


def test_use_is_noted_once_a_minute_at_most(world: World) -> None:
    scene = begin(world)
    key = with_key(world, scene.organization.id)
    noted = []

    for seconds in (0, 59, 1):
        world.clock.advance(seconds=seconds)
        key.get(scene.path)
        noted.append(scene.api.get(f"{scene.path}/keys")["data"][0]["last_used_at"])

    assert noted == ["2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z", "2026-11-23T12:01:00Z"]


def test_key_opens_every_operation_of_its_organization_but_those_of_operators(world: World) -> None:
    ids = one_of_everything(world)
    key = with_key(world, ids["org"])
    closed = set()

    for operation in sorted(OPERATIONS, key=lambda one: (one.method == "DELETE", -len(one.ids))):
        answer = key.send(operation.method, path_of(operation, ids), body_for(operation, ids))
        if answer.status_code in {401, 403, 404}:
            closed.add(operation.name)
            assert answer.status_code == 403, (operation.name, answer.text)

    assert closed == OPERATORS_ONLY


def test_document_says_which_token_opens_which_operation() -> None:
    for operation in OPERATIONS:
        described = document()["paths"][operation.path][operation.method.lower()]
        opens = {name for choice in described["security"] for name in choice}
        own = set() if operation.name in OPERATORS_ONLY else {"organizationKey"}
        assert opens == {"operatorToken"} | own, operation.name


def test_no_key_opens_anything_of_another_organization(world: World) -> None:
    ids = one_of_everything(world)
    before = snapshot(world, ids["org"])
    eve = with_key(world, begin(world, "eve@evil.test", "Evil").organization.id)

    for operation in OPERATIONS:
        if operation.name in OPERATORS_ONLY:
            continue
        theirs = eve.send(operation.method, path_of(operation, ids), body_for(operation, ids))
        nowhere = path_of(operation, ids | {"org": "org_" + "0" * 26})
        none = eve.send(operation.method, nowhere, body_for(operation, ids))
        assert theirs.status_code == 404, operation.name
        assert (theirs.text, dict(theirs.headers)) == (none.text, dict(none.headers)), operation.name

    assert snapshot(world, ids["org"]) == before


def test_deleting_is_refused_alike_whichever_organization_there_is(world: World) -> None:
    ids = one_of_everything(world)
    eve = begin(world, "eve@evil.test", "Evil")
    key = with_key(world, eve.organization.id)

    answers = {
        key.send("DELETE", f"/organizations/{organization}").text
        for organization in (ids["org"], eve.organization.id, "org_" + "0" * 26)
    }

    assert len(answers) == 1
    assert eve.api.get(eve.path)["name"] == "Evil"


def test_key_cannot_vouch_for_a_domain(world: World) -> None:
    scene = begin(world)
    claimed = scene.api.post(f"{scene.path}/domains", {"host": "acme-labs.test"})
    key = with_key(world, scene.organization.id)

    problem = key.refused("POST", f"{scene.path}/domains/{claimed['id']}/verify", {"strategy": "manual"})

    assert problem["code"] == "domain_manual_forbidden"


def test_guard_refuses_a_key_as_it_refuses_a_person(world: World) -> None:
    scene = begin(world)
    key = with_key(world, scene.organization.id)

    problem = key.refused("PATCH", f"{scene.path}/members/{scene.admin}", {"suspended": True})

    assert problem["code"] == "last_administrator"
    entry = scene.api.get(f"{scene.path}/audit", limit=100)["data"][-1]
    assert (entry["outcome"], entry["actor"]["kind"], entry["actor"]["label"]) == ("refused", "api_key", "Nightly")


def test_key_acts_on_behalf_of_an_administrator_and_the_audit_log_names_both(world: World) -> None:
    scene = begin(world)
    key = with_key(world, scene.organization.id)
    connection = key.post(f"{scene.path}/connections", scene.saml_body())
    scene.prove(connection["id"])
    key.post(f"{scene.path}/recovery-codes")
    key.post(f"{scene.path}/recovery-codes/confirm", scene.by_admin)
    activate = f"{scene.path}/connections/{connection['id']}/activate"

    alone = key.refused("POST", activate, {})
    active = key.post_as_planned(activate, scene.by_admin)

    assert (alone["code"], active["state"]) == ("acting_admin_required", "active")
    (own,) = scene.api.get(f"{scene.path}/keys")["data"]
    entry = scene.api.get(f"{scene.path}/audit", limit=100)["data"][-1]
    assert entry["actor"] == {"kind": "api_key", "id": own["id"], "label": f"Nightly on behalf of {ADA}"}


def test_nobody_but_an_active_administrator_is_acted_for(world: World) -> None:
    scene = begin(world)
    scene.connect()
    bob = scene.add_member()
    key = with_key(world, scene.organization.id)

    for member_id in (bob, "mem_" + "0" * 26):
        body = scene.saml_body(on_behalf_of=member_id)
        assert key.refused("POST", f"{scene.path}/connections", body, status=400)["field"] == "on_behalf_of"


def test_address_that_nobody_has_proven_claims_no_first_domain_with_a_key(world: World) -> None:
    api = Api(world)
    made = api.post("/organizations", {"name": "Acme", "admin_email": ADA})
    path, body = f"/organizations/{made['id']}/domains", {"host": HOST, "on_behalf_of": made["admin"]["id"]}
    key = with_key(world, made["id"])

    assert key.refused("POST", path, body, status=400)["field"] == "on_behalf_of"
    world.browser().sign_in(ADA)
    assert key.post(path, body)["state"] == "pending"


def test_key_outlives_the_administrator_who_made_it(world: World) -> None:
    organization = found_organization(world)
    with world.transactions.writing(organization.acting_as(ADA)) as unit:
        secret = organization_keys.add(unit, organization.id, label="Ada's").secret  # type: ignore[union-attr]  # allowed
    with world.transactions.writing(OPERATOR) as unit:
        members.read(unit, organization.id, organization.admin_id).removed_at = unit.now

    (key,) = Api(world, secret).get(f"/organizations/{organization.id}/keys")["data"]

    assert key["created_by"] == ADA


def test_key_cannot_lift_a_hold_but_can_settle_it(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    world.browser().sign_in(GRACE)
    staff = scene.scim.add_group("Staff", scene.ada)
    key, path = with_key(world, scene.organization.id), f"/organizations/{scene.organization.id}"
    scene.scim.remove_member(scene.admins, scene.ada)
    directory = f"{path}/directories/{scene.directory_id}"
    mapping = {"source": "directory", "group": staff, "role": "admin"}

    refusals = [
        key.refused("POST", f"{path}/role-mappings", mapping)["code"],
        key.refused("PATCH", f"{path}/members/{scene.organization.admin_id}", {"role": "admin"})["code"],
        key.refused("POST", f"{directory}/tokens", {})["code"],
        key.refused("POST", f"{directory}/deactivate", {})["code"],
        key.refused("DELETE", directory)["code"],
        key.refused("POST", f"{path}/recovery-codes", {})["code"],
    ]

    assert refusals == [*["own_hold"] * 3, *["directory_holds_admin"] * 2, "last_recovery_codes"]
    assert key.get(f"{path}/members/{scene.organization.admin_id}")["held"] is True
    key.patch(f"{path}/members/{scene.organization.member(GRACE).id}", {"role": "admin"})
    assert scene.organization.member(ADA).role == "member"


def test_member_on_hold_makes_no_key(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)

    with world.transactions.writing(scene.organization.acting_as(ADA)) as unit:
        outcome = organization_keys.add(unit, scene.organization.id)

    assert getattr(outcome, "code", None) == "own_hold"


def test_key_revoked_while_its_call_waits_for_the_lock_changes_nothing(world: World) -> None:
    scene = begin(world)
    made = scene.api.post(f"{scene.path}/keys", {"label": "Nightly"})
    answers: list[TestResponse] = []
    call = Thread(
        target=lambda: answers.append(Api(world, made["token"]).send("PATCH", scene.path, {"name": "Late"})),
        daemon=True,
    )

    with world.transactions.writing(OPERATOR) as unit:
        organization_keys.revoke(unit, scene.organization.id, made["id"])
        unit.flush()
        call.start()
        call.join(0.5)
        assert call.is_alive(), "the call did not wait"
    call.join(_WAITS_AT_MOST)

    assert answers[0].status_code == 401
    assert scene.api.get(scene.path)["name"] == "Acme"


def test_stranger_does_not_wait_for_whoever_writes(world: World) -> None:
    scene = begin(world)
    other = with_key(world, begin(world, "eve@evil.test", "Evil").organization.id)
    answers: list[int] = []
    call = Thread(
        target=lambda: answers.extend(
            api.send("PATCH", scene.path, {"name": "Late"}).status_code for api in (Api(world, "dw_unknown"), other)
        ),
        daemon=True,
    )

    with world.transactions.writing(OPERATOR) as unit:
        unit.lock(scene.organization.id)
        call.start()
        call.join(_WAITS_AT_MOST)
        assert not call.is_alive(), "a stranger waited"

    assert answers == [401, 404]


def test_key_gives_another_one_no_more_time_than_it_has_itself(world: World) -> None:
    scene = begin(world)
    soon = "2026-11-24T12:00:00Z"
    key = Api(world, scene.api.post(f"{scene.path}/keys", {"label": "Soon over", "expires_at": soon})["token"])

    for asked in ({}, {"expires_at": "2030-01-01T00:00:00Z"}):
        assert key.post(f"{scene.path}/keys", {"label": "Another", **asked})["expires_at"] == soon
    earlier = "2026-11-24T06:00:00Z"
    assert key.post(f"{scene.path}/keys", {"label": "Another", "expires_at": earlier})["expires_at"] == earlier


def test_key_makes_no_key_while_an_administrator_is_on_hold(world: World) -> None:
    scene = provisioned(world)
    key = with_key(world, scene.organization.id)
    scene.scim.remove_member(scene.admins, scene.ada)

    assert key.refused("POST", f"/organizations/{scene.organization.id}/keys", {})["code"] == "own_hold"

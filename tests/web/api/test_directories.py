"""Directories: base URL and tokens, what was pushed and who that is, turned on and off."""

from __future__ import annotations

import json

import pytest

from tests.application import BASE_URL, World
from tests.scenes import ADA, ScimClient, provisioned
from tests.web.api.caller import Api
from tests.web.api.scenes import begin


def test_directory_takes_a_push_is_activated_and_turned_off(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/directories"

    made = scene.api.post(path, {"name": "Okta", "provider": "okta"})

    one = f"{path}/{made['id']}"
    assert made["state"] == "draft"
    assert made["base_url"].startswith(f"{BASE_URL}/scim/")
    assert scene.api.patch(one, {"name": "Entra", "provider": "entra"})["provider"] == "entra"
    token = scene.api.post(f"{one}/tokens", {"label": "first", "expires_at": "2027-01-01T00:00:00+01:00"})
    assert token["expires_at"] == "2026-12-31T23:00:00Z"
    scim = ScimClient(world, made["base_url"], token["token"])
    ada, eve = scim.add_user(ADA), scim.add_user("eve@elsewhere.test")
    group = scim.add_group("Admins", ada)
    pushed = {user["id"]: user for user in scene.api.get(f"{one}/users")["data"]}
    assert pushed[ada]["member_id"] is None
    assert scene.api.get(f"{one}/groups")["data"][0]["id"] == group
    assert scene.api.refused("POST", f"{one}/activate", {})["code"] == "directory_admin_required"
    scene.api.post(f"{scene.path}/role-mappings", {"source": "directory", "group": group, "role": "admin"})
    assert scene.api.refused("POST", f"{one}/activate", {})["code"] == "recovery_codes_required"
    scene.organization.store_recovery_codes()
    assert scene.api.post_as_planned(f"{one}/activate")["state"] == "active"
    pushed = {user["id"]: user for user in scene.api.get(f"{one}/users")["data"]}
    assert (pushed[ada]["member_id"], pushed[ada]["user_name"]) == (scene.admin, ADA)
    assert (pushed[eve]["member_id"], pushed[eve]["reason"]) == (None, "unverified_host")
    assert scene.api.refused("POST", f"{one}/activate", {})["code"] == "directory_active"
    assert scene.api.post(f"{one}/deactivate")["state"] == "inactive"
    assert scene.api.refused("POST", f"{one}/deactivate", {})["code"] == "directory_not_active"
    scene.api.delete(one)
    assert scene.api.get(path)["data"] == []
    assert scim.request("GET", "/Users").status_code == 404


def test_token_is_shown_once_and_refused_after_it_was_revoked(world: World) -> None:
    scene = begin(world)
    directory = scene.api.post(f"{scene.path}/directories", {"name": "Okta", "provider": "okta"})
    path = f"{scene.path}/directories/{directory['id']}/tokens"
    token = scene.api.post(path)
    scim = ScimClient(world, directory["base_url"], token["token"])
    assert scim.request("GET", "/Users").status_code == 200

    scene.api.delete(f"{path}/{token['id']}")
    scene.api.delete(f"{path}/{token['id']}")

    assert scim.request("GET", "/Users").status_code == 401
    listed = scene.api.get(path)["data"]
    assert [entry["revoked_at"] for entry in listed] == ["2026-11-23T12:00:00Z"]
    assert token["token"] not in json.dumps(listed)


def test_directory_needs_a_verified_domain(world: World) -> None:
    scene = begin(world, verified=False)

    problem = scene.api.refused("POST", f"{scene.path}/directories", {"name": "Okta", "provider": "okta"})

    assert problem["code"] == "verified_domain_required"


def test_only_one_directory_is_active(world: World) -> None:
    scene = provisioned(world)
    api, path = Api(world), f"/organizations/{scene.organization.id}/directories"
    second = api.post(path, {"name": "Second", "provider": "generic"})

    assert api.refused("POST", f"{path}/{second['id']}/activate", {})["code"] == "another_directory_active"


def test_hold_shows_as_such_and_an_operator_may_turn_the_directory_off(world: World) -> None:
    scene = provisioned(world)
    scene.scim.remove_member(scene.admins, scene.ada)
    api, path = Api(world), f"/organizations/{scene.organization.id}"

    proof = api.get(f"{path}/lockout-proof")

    assert proof["usable_admins"] == []
    assert [(held["email"], held["way_in"]) for held in proof["held_admins"]] == [(ADA, None)]
    assert api.get(f"{path}/members/{scene.organization.admin_id}")["held"] is True
    assert api.post(f"{path}/directories/{scene.directory_id}/deactivate")["state"] == "inactive"


@pytest.mark.parametrize(
    "expires_at",
    ["2020-01-01T00:00:00Z", "tomorrow", "2030-01-01", 1900000000, "9999-12-31T23:59:59-23:59", "1900000000"],
)
def test_token_cannot_expire_at_a_time_that_is_past_or_none(world: World, expires_at: object) -> None:
    scene = begin(world)
    directory = scene.api.post(f"{scene.path}/directories", {"name": "Okta", "provider": "okta"})

    path = f"{scene.path}/directories/{directory['id']}/tokens"
    problem = scene.api.refused("POST", path, {"expires_at": expires_at}, status=400)

    assert problem["field"] == "expires_at"

"""Members: listed, given a role, suspended, removed, and explained."""

from __future__ import annotations

from tests.application import World
from tests.scenes import ADA, GRACE, provisioned
from tests.web.api.caller import Api
from tests.web.api.scenes import BOB, begin


def test_member_is_made_an_administrator_suspended_restored_and_removed(world: World) -> None:
    scene = begin(world)
    scene.connect()
    bob = scene.add_member()
    one = f"{scene.path}/members/{bob}"

    listed = scene.api.get(f"{scene.path}/members")["data"]

    assert [(member["email"], member["role"], member["usable_admin"]) for member in listed] == [
        (ADA, "admin", True),
        (BOB, "member", False),
    ]
    promoted = scene.api.patch(one, {"role": "admin"})
    assert (promoted["role"], promoted["role_source"], promoted["usable_admin"]) == ("admin", "granted", True)
    assert scene.api.patch(one, {"suspended": True})["usable_admin"] is False
    assert scene.api.patch(one, {"suspended": False, "role": "member"})["role"] == "member"
    scene.api.delete(one)
    assert scene.api.refused("GET", one, status=404)["code"] == "not_found"


def test_last_administrator_is_not_suspended_not_even_together_with_an_allowed_change(world: World) -> None:
    scene = begin(world)
    one = f"{scene.path}/members/{scene.admin}"

    for body in ({"suspended": True}, {"role": "member"}, {"role": "admin", "suspended": True}):
        assert scene.api.refused("PATCH", one, body)["code"] == "last_administrator"

    assert scene.api.get(one)["usable_admin"] is True
    assert scene.api.get(f"{scene.path}/audit", limit=100)["data"][-1]["outcome"] == "refused"


def test_role_must_be_one_of_the_organization(world: World) -> None:
    scene = begin(world)

    problem = scene.api.refused("PATCH", f"{scene.path}/members/{scene.admin}", {"role": "boss"}, status=400)

    assert problem["field"] == "role"


def test_group_decides_over_the_role_control_and_the_directory_over_removal(world: World) -> None:
    scene = provisioned(world)
    api, one = Api(world), f"/organizations/{scene.organization.id}/members/{scene.organization.admin_id}"

    assert api.get(one)["directory_managed"] is True
    assert api.refused("PATCH", one, {"role": "member"})["code"] == "role_decided_by_group"
    assert api.refused("DELETE", one)["code"] == "member_directory_managed"


def test_member_is_made_active_again_once_no_directory_lists_them_as_inactive(world: World) -> None:
    scene = provisioned(world)
    grace = scene.scim.add_user(GRACE)
    scene.scim.set_active(grace, False)
    api, path = Api(world), f"/organizations/{scene.organization.id}"
    one = f"{path}/members/{scene.organization.member(GRACE).id}"
    back = {"state": "active", "role": "admin"}

    assert api.refused("PATCH", one, back)["code"] == "member_directory_managed"
    api.post(f"{path}/directories/{scene.directory_id}/deactivate", {})
    (planned,) = api.plan("PATCH", one, back)["people"]
    assert (planned["before"]["state"], planned["after"]["state"]) == ("deactivated", "active")
    assert api.get(one)["state"] == "deactivated"
    made = api.patch(one, back)
    assert (made["state"], made["role"], made["role_source"]) == ("active", "admin", "granted")
    assert api.refused("PATCH", one, {"state": "deactivated"}, status=400)["field"] == "state"


def test_explanation_names_the_group_that_decided_and_what_is_missing(world: World) -> None:
    scene = provisioned(world)
    scene.scim.add_user(GRACE)
    api, path = Api(world), f"/organizations/{scene.organization.id}/members"

    ada = api.get(f"{path}/{scene.organization.admin_id}/explanation")
    grace = api.get(f"{path}/{scene.organization.member(GRACE).id}/explanation")

    assert (ada["role"], ada["role_source"], ada["group"], ada["way_in"]) == ("admin", "mapped", "Admins", "email_code")
    assert ada["groups_seen"].pop("at") is not None
    assert ada["groups_seen"] == {
        "source": "directory",
        "state": "present",
        "groups": [{"ref": scene.admins, "label": "Admins"}],
    }
    assert ada["mappings"] == [{"group": "Admins", "role": "admin", "decides": True}]
    assert (ada["missing"], ada["managed_by"]) == ([], "Okta")
    assert (grace["way_in"], grace["groups_seen"]["state"]) == (None, "empty")
    assert [missing["code"] for missing in grace["missing"]] == ["not_admin", "never_signed_in"]


def test_explanation_of_a_hold_says_so(world: World) -> None:
    scene = provisioned(world)
    scene.scim.set_active(scene.ada, False)

    one = f"/organizations/{scene.organization.id}/members/{scene.organization.admin_id}"
    explained = Api(world).get(f"{one}/explanation")

    assert (explained["role_source"], explained["held"], explained["way_in"]) == ("held", True, None)
    assert [missing["code"] for missing in explained["missing"]] == ["held", "not_active"]


def test_explanation_under_single_sign_on_says_who_has_not_proven_it_and_who_is_a_guest(world: World) -> None:
    scene = begin(world)
    scene.connect()
    bob = scene.add_member()
    domain = scene.api.post(f"{scene.path}/domains", {"host": "guest.test"})
    scene.api.post(f"{scene.path}/domains/{domain['id']}/verify", {"strategy": "manual"})
    guest = scene.add_member("guy@guest.test")
    scene.api.delete(f"{scene.path}/domains/{domain['id']}")
    connection = scene.api.get(f"{scene.path}/connections")["data"][0]["id"]
    scene.prove(connection)
    scene.organization.store_recovery_codes()
    scene.api.post_as_planned(f"{scene.path}/connections/{connection}/activate", scene.by_admin)

    missing = {
        member: scene.api.get(f"{scene.path}/members/{member}/explanation")["missing"][-1]["code"]
        for member in (bob, guest)
    }

    assert missing == {bob: "not_proven", guest: "guests_refused"}

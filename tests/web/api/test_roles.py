"""Roles and the groups that give them."""

from __future__ import annotations

from tests.application import World
from tests.scenes import ADA, GRACE, provisioned
from tests.web.api.caller import Api
from tests.web.api.scenes import begin


def test_role_is_added_beside_the_built_in_ones(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/roles"

    made = scene.api.post(path, {"slug": "auditor", "name": "Auditor", "priority": 10})

    assert (made["slug"], made["built_in"]) == ("auditor", False)
    assert {role["slug"] for role in scene.api.get(path)["data"]} == {"admin", "member", "auditor"}
    problem = scene.api.refused("POST", path, {"slug": "auditor", "name": "Another", "priority": 11})
    assert (problem["code"], problem["field"]) == ("conflict", "slug")
    assert scene.api.patch(scene.path, {"default_role": "auditor"})["default_role"] == "auditor"


def test_mapping_gives_the_role_and_removing_it_takes_the_role(world: World) -> None:
    scene = provisioned(world)
    api, path = Api(world), f"/organizations/{scene.organization.id}"
    grace = scene.scim.add_user(GRACE)
    group = scene.scim.add_group("Auditors", grace)
    api.post(f"{path}/roles", {"slug": "auditor", "name": "Auditor", "priority": 10})

    made = api.post(f"{path}/role-mappings", {"source": "directory", "group": group, "role": "auditor"})

    assert (made["label"], made["group"]) == ("Auditors", group)
    assert scene.organization.member(GRACE).role == "auditor"
    problem = api.refused("POST", f"{path}/role-mappings", {"source": "directory", "group": group, "role": "auditor"})
    assert (problem["code"], problem["field"]) == ("conflict", "group")
    assert made in api.get(f"{path}/role-mappings")["data"]
    api.delete(f"{path}/role-mappings/{made['id']}")
    assert scene.organization.member(GRACE).role == "member"


def test_mapping_that_the_last_administrator_hangs_on_is_not_removed(world: World) -> None:
    scene = provisioned(world)
    api, path = Api(world), f"/organizations/{scene.organization.id}/role-mappings"
    mapping = api.get(path)["data"][0]

    problem = api.refused("DELETE", f"{path}/{mapping['id']}")

    assert problem["code"] == "last_administrator"
    assert ADA in problem["detail"]
    assert api.get(path)["data"] == [mapping]


def test_mapping_of_a_group_that_nobody_pushed_is_refused_by_its_field(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/role-mappings"

    for body, field in (
        ({"source": "directory", "group": "nobody", "role": "admin"}, "group"),
        ({"source": "sign_in", "group": "staff", "role": "boss"}, "role"),
    ):
        assert scene.api.refused("POST", path, body, status=400)["field"] == field

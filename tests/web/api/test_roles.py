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


def test_role_is_read_renamed_moved_and_deleted(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/roles"
    made = scene.api.post(path, {"slug": "editor", "name": "Editor", "priority": 10, **scene.by_admin})
    one = f"{path}/{made['id']}"

    assert scene.api.get(one) == made
    assert scene.api.patch(one, {"name": "Redaktion"}) == made | {"name": "Redaktion"}
    assert scene.api.patch(one, {"name": "Editor", "priority": 7}) == made | {"priority": 7}
    scene.api.delete(one)
    assert scene.api.refused("GET", one, status=404)["code"] == "not_found"
    assert [role["slug"] for role in scene.api.get(path)["data"]] == ["admin", "member"]


def test_roles_are_put_into_order_and_priorities_follow(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/roles"
    for slug, priority in (("author", 30), ("editor", 70)):
        scene.api.post(path, {"slug": slug, "name": slug.title(), "priority": priority})

    answer = scene.api.post(f"{path}/reorder", {"slugs": ["admin", "author", "member", "editor"]})

    assert [(role["slug"], role["priority"]) for role in answer["data"]] == [
        ("admin", 1_000_000),
        ("author", 70),
        ("member", 30),
        ("editor", 0),
    ]
    assert sorted(map(str, answer["data"])) == sorted(map(str, scene.api.get(path)["data"]))
    for slugs in (["author", "admin", "member", "editor"], ["editor", "author", "member", "admin"]):
        assert scene.api.refused("POST", f"{path}/reorder", {"slugs": slugs})["code"] == "role_built_in"


def test_priority_belongs_to_one_role(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/roles"
    made = scene.api.post(path, {"slug": "editor", "name": "Editor", "priority": 10})

    for method, url, body in (
        ("POST", path, {"slug": "author", "name": "Author", "priority": 10}),
        ("POST", path, {"slug": "author", "name": "Author", "priority": 0}),
        ("PATCH", f"{path}/{made['id']}", {"priority": 0}),
    ):
        problem = scene.api.refused(method, url, body)
        assert (problem["code"], problem["field"]) == ("conflict", "priority")
    assert len(scene.api.get(path)["data"]) == 3


def test_built_in_and_default_roles_say_why_they_stay(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/roles"
    ids = {role["slug"]: role["id"] for role in scene.api.get(path)["data"]}
    ids["editor"] = scene.api.post(path, {"slug": "editor", "name": "Editor", "priority": 10})["id"]
    scene.api.patch(scene.path, {"default_role": "editor"})

    for slug, code in (("admin", "role_built_in"), ("member", "role_built_in"), ("editor", "role_is_default")):
        assert scene.api.refused("DELETE", f"{path}/{ids[slug]}")["code"] == code
    for body in ({"name": "Boss"}, {"priority": 5}, {"name": "Boss", "priority": 5}):
        assert scene.api.refused("PATCH", f"{path}/{ids['admin']}", body)["code"] == "role_built_in"
    refusals = [entry for entry in scene.api.get(f"{scene.path}/audit", limit=100)["data"] if entry["reason"]]
    assert [entry["outcome"] for entry in refusals] == ["refused"] * 6


def test_events_tell_what_became_of_a_role(world: World) -> None:
    scene = begin(world)
    path = f"{scene.path}/roles"
    role = scene.api.post(path, {"slug": "editor", "name": "Editor", "priority": 10})
    one = f"{path}/{role['id']}"
    scene.api.patch(one, {"name": "Redaktion"})
    scene.api.post(f"{path}/reorder", {"slugs": ["admin", "member", "editor"]})
    scene.api.patch(scene.path, {"default_role": "editor"})
    scene.api.patch(scene.path, {"default_role": "member"})
    scene.api.delete(one)
    world.work()

    told = [event for event in scene.api.get(f"{scene.path}/events", limit=100)["data"] if "role" in event["type"]]

    assert [event["type"] for event in told] == [
        "role.created",
        "role.updated",
        "roles.reordered",
        "organization.default_role_changed",
        "organization.default_role_changed",
        "role.deleted",
    ]
    assert [event["subject"] for event in told if event["type"].startswith("role.")] == [role["id"]] * 3


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

"""Isolation: no id of one organization opens anything of another, on any route."""

from __future__ import annotations

from typing import Any

from app.web.api.blueprint import OPERATIONS
from app.web.api.operations import Operation
from tests.application import World
from tests.web.api.caller import Api
from tests.web.api.scenes import begin
from tests.web.api.test_bad_input import one_of_everything, path_of, snapshot


def good_body(operation: Operation, admin: str) -> dict[str, Any] | None:
    """A body that only the ids of the path can make wrong."""
    bodies: dict[str, dict[str, Any]] = {
        "edit_connection": {"name": "Taken over"},
        "edit_directory": {"name": "Taken over"},
        "edit_role": {"name": "Taken over"},
        "edit_member": {"suspended": True},
        "test_connection": {"on_behalf_of": admin},
    }
    return None if operation.body is None else bodies.get(operation.name, {})


def test_no_route_takes_an_id_of_another_organization(world: World) -> None:
    ids = one_of_everything(world)
    before = snapshot(world, ids["org"])
    other = begin(world, "eve@evil.test", "Evil")
    api = Api(world)
    walked = set()

    for operation in OPERATIONS:
        if len(operation.ids) < 2:
            continue
        path = path_of(operation, ids | {"org": other.organization.id})
        problem = api.refused(operation.method, path, good_body(operation, other.admin), status=404)
        assert problem["code"] == "not_found", operation.name
        walked |= set(operation.ids)

    assert walked == {
        "org", "dom", "conn", "rev", "dir", "tok", "role", "map", "mem", "key", "alm", "fac", "ses", "inv", "lnk",
    }  # fmt: skip
    assert snapshot(world, ids["org"]) == before


def test_no_route_takes_a_token_of_another_directory_of_the_same_organization(world: World) -> None:
    ids = one_of_everything(world)
    path = f"/organizations/{ids['org']}/directories"
    second = Api(world).post(path, {"name": "Second", "provider": "generic"})["id"]

    Api(world).refused("DELETE", f"{path}/{second}/tokens/{ids['tok']}", status=404)


def test_nobody_of_another_organization_is_acted_for(world: World) -> None:
    ids = one_of_everything(world)
    other = begin(world, "eve@evil.test", "Evil")
    api = Api(world)

    for operation in OPERATIONS:
        if operation.ids != ("org",) or operation.body is None:
            continue
        body = {"on_behalf_of": other.admin}
        answer = api.send(operation.method, path_of(operation, ids), body)
        assert answer.status_code == 400, (operation.name, answer.text)
    mapping = f"/organizations/{ids['org']}/role-mappings/{ids['map']}"
    problem = api.refused("DELETE", mapping, status=400, query_string={"on_behalf_of": other.admin})
    assert problem["field"] == "on_behalf_of"


def test_mapping_takes_no_group_of_another_organization(world: World) -> None:
    ids = one_of_everything(world)
    api = Api(world)
    group = api.get(f"/organizations/{ids['org']}/directories/{ids['dir']}/groups")["data"][0]["id"]
    other = begin(world, "eve@evil.test", "Evil")

    body = {"source": "directory", "group": group, "role": "admin"}

    assert api.refused("POST", f"{other.path}/role-mappings", body, status=400)["field"] == "group"


def test_feeds_and_lists_show_only_what_is_the_organizations_own(world: World) -> None:
    ids = one_of_everything(world)
    other = begin(world, "eve@evil.test", "Evil")
    own = str(snapshot(world, ids["org"]))

    seen = str(snapshot(world, other.organization.id))

    assert other.admin in seen
    assert not any(id_ in seen for name, id_ in ids.items() if name != "org")
    assert ids["org"] not in seen
    assert other.organization.id not in own

"""Organizations: made with an administrator, listed page by page, changed, deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.application import World
from tests.web.api.caller import Api
from tests.web.api.scenes import begin
from tests.web.api.test_bad_input import one_of_everything, snapshot


def test_organization_is_made_with_an_active_administrator_renamed_and_deleted(world: World) -> None:
    api = Api(world)

    made = api.post("/organizations", {"name": "Acme", "admin_email": "Ada@Acme.test", "admin_name": "Ada"})

    admin = made["admin"]
    assert (admin["email"], admin["name"], admin["state"], admin["role"]) == ("ada@acme.test", "Ada", "active", "admin")
    assert admin["usable_admin"] is False  # nobody has signed in yet
    assert made["created_at"] == "2026-11-23T12:00:00Z"
    path = f"/organizations/{made['id']}"
    assert api.patch(path, {"name": "Acme Inc.", "guests": "email_code", "jit": False})["guests"] == "email_code"
    read = api.get(path)
    assert (read["name"], read["guests"], read["jit"]) == ("Acme Inc.", "email_code", False)
    api.delete(path)
    assert api.refused("GET", path, status=404)["code"] == "not_found"


def test_address_of_a_member_elsewhere_cannot_found_another_organization(world: World) -> None:
    api = Api(world)
    api.post("/organizations", {"name": "Acme", "admin_email": "ada@acme.test"})

    problem = api.refused("POST", "/organizations", {"name": "Other", "admin_email": "ada@acme.test"})

    assert (problem["code"], problem["field"]) == ("conflict", "admin_email")
    assert len(api.get("/organizations")["data"]) == 1


def test_list_goes_on_where_the_cursor_says_and_ends_with_null(world: World) -> None:
    api = Api(world)
    made = [
        api.post("/organizations", {"name": f"Acme {number}", "admin_email": f"ada@{number}.test"})["id"]
        for number in range(5)
    ]
    seen, cursor = [], None

    for _ in range(3):
        page = api.get("/organizations", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [organization["id"] for organization in page["data"]]
        cursor = page["next_cursor"]

    assert (sorted(seen), cursor) == (sorted(made), None)


def test_default_role_may_not_be_admin(world: World) -> None:
    scene = begin(world)

    assert scene.api.refused("PATCH", scene.path, {"default_role": "admin"})["code"] == "default_role_admin"
    assert scene.api.get(scene.path)["default_role"] == "member"


def test_default_role_must_be_a_role(world: World) -> None:
    scene = begin(world)

    assert scene.api.refused("PATCH", scene.path, {"default_role": "boss"}, status=400)["field"] == "default_role"


def test_change_that_shuts_the_last_administrator_out_is_refused_and_recorded(world: World) -> None:
    scene = begin(world, "ada@acme.test", verified=False)
    api, admin = scene.api, {"on_behalf_of": scene.admin}
    domain = api.post(f"{scene.path}/domains", {"host": "acme.test", **admin})
    api.post(f"{scene.path}/domains/{domain['id']}/verify", {"strategy": "manual"})
    scene.require_sign_on()
    scene.prove(api.get(f"{scene.path}/connections")["data"][0]["id"])

    problem = api.refused("DELETE", f"{scene.path}/members/{scene.admin}")

    assert problem["code"] == "last_administrator"
    assert "ada@acme.test" in problem["detail"]
    assert problem["fix"]
    entry = api.get(f"{scene.path}/audit", limit=100)["data"][-1]
    assert (entry["outcome"], entry["actor"]["kind"]) == ("refused", "operator")


def test_deleting_an_organization_deletes_everything_in_it_and_nothing_else(world: World) -> None:
    ids = one_of_everything(world)
    other = begin(world, "eve@evil.test", "Evil")
    before = snapshot(world, other.organization.id)

    other.api.delete(f"/organizations/{ids['org']}")

    assert other.api.get("/organizations")["data"] == [other.api.get(other.path)]
    assert snapshot(world, other.organization.id) == before


def test_of_many_calls_for_one_address_at_the_same_moment_exactly_one_succeeds(world: World) -> None:
    api = Api(world)
    callers = 4
    gate = Barrier(callers)

    def race(round_: int) -> int:
        gate.wait()
        return api.send("POST", "/organizations", {"name": "Acme", "admin_email": f"ada@{round_}.test"}).status_code

    with ThreadPoolExecutor(callers) as pool:
        for round_ in range(5):
            assert sorted(pool.map(race, [round_] * callers)) == [201, 409, 409, 409]

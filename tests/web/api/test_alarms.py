"""Alarms over the API: listed, with their people, dismissed once."""

from __future__ import annotations

from tests.application import World
from tests.scenes import HOST
from tests.services.test_mass_changes import crowd
from tests.web.api.caller import Api


def test_alarm_is_listed_with_its_people_until_it_is_dismissed(world: World) -> None:
    seven = crowd(world, 7)
    seven.deactivate(*range(6))
    api, path = Api(world), f"/organizations/{seven.organization.id}/alarms"

    (alarm,) = api.get(path)["data"]
    people = api.get(f"{path}/{alarm['id']}/people", limit=4)
    rest = api.get(f"{path}/{alarm['id']}/people", cursor=people["next_cursor"])

    assert (alarm["people"], alarm["managed"], alarm["dismissed_at"]) == (6, 7, None)
    assert {person["email"] for person in people["data"] + rest["data"]} == {f"person{n}@{HOST}" for n in range(6)}
    assert {person["loss"] for person in people["data"]} == {"deactivated"}

    dismissed = api.post(f"{path}/{alarm['id']}/dismiss")

    assert (dismissed["dismissed_by"], dismissed["dismissed_at"]) == ("operator", "2026-11-23T12:00:00Z")
    assert api.get(f"{path}/{alarm['id']}") == dismissed == api.post(f"{path}/{alarm['id']}/dismiss")


def test_alarm_that_is_not_there_is_not_found(world: World) -> None:
    seven = crowd(world, 7)
    path = f"/organizations/{seven.organization.id}/alarms/alm_{'0' * 26}"

    for method, one in (("GET", path), ("GET", f"{path}/people"), ("POST", f"{path}/dismiss")):
        assert Api(world).refused(method, one, status=404)["code"] == "not_found"

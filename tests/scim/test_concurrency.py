"""Sixteen writers at once: every member arrives in one group, of one userName one is created, no write is refused."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.scim.application import GROUP, USER, Pushing

WRITERS = 16


def test_sixteen_members_added_to_one_group_at_once_are_all_there(entra: Pushing) -> None:
    users = sorted(entra.user(f"user{number}@acme.example")["id"] for number in range(WRITERS))
    group = entra.group("Admins")["id"]
    barrier = Barrier(WRITERS)

    def add(user: str) -> int:
        barrier.wait()
        return entra.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": user}]}).status_code

    with ThreadPoolExecutor(WRITERS) as pool:
        statuses = list(pool.map(add, users))
    assert statuses == [204] * WRITERS
    assert entra.member_ids(group) == users
    assert entra.get(f"/Groups/{group}").json["meta"]["version"] == f'W/"{WRITERS + 1}"'


def test_adding_and_removing_at_once_leaves_exactly_who_should_be_there(entra: Pushing) -> None:
    users = sorted(entra.user(f"user{number}@acme.example")["id"] for number in range(WRITERS))
    group = entra.group("Admins", *users[::2])["id"]
    barrier = Barrier(WRITERS)

    def change(user: str) -> int:
        op = "Remove" if user in users[::2] else "Add"
        barrier.wait()
        return entra.patch(f"/Groups/{group}", {"op": op, "path": "members", "value": [{"value": user}]}).status_code

    with ThreadPoolExecutor(WRITERS) as pool:
        assert set(pool.map(change, users)) == {204}
    assert entra.member_ids(group) == users[1::2]


def test_one_user_name_created_sixteen_times_at_once_exists_once(generic: Pushing) -> None:
    barrier = Barrier(WRITERS)

    def create(number: int) -> int:
        name = "ada@acme.example" if number % 2 else "ADA@acme.example"
        barrier.wait()
        return generic.post("/Users", {"schemas": [USER], "userName": name}).status_code

    with ThreadPoolExecutor(WRITERS) as pool:
        statuses = Counter(pool.map(create, range(WRITERS)))
    assert statuses == {201: 1, 409: WRITERS - 1}
    assert generic.get("/Users").json["totalResults"] == 1


def test_one_group_name_created_sixteen_times_at_once_exists_once(generic: Pushing) -> None:
    barrier = Barrier(WRITERS)

    def create(_number: int) -> int:
        barrier.wait()
        return generic.post("/Groups", {"schemas": [GROUP], "displayName": "Admins"}).status_code

    with ThreadPoolExecutor(WRITERS) as pool:
        assert Counter(pool.map(create, range(WRITERS))) == {201: 1, 409: WRITERS - 1}


def test_different_attributes_of_one_user_patched_at_once_are_all_kept(generic: Pushing) -> None:
    names = ["title", "nickName", "locale", "timezone", "userType", "displayName", "preferredLanguage", "profileUrl"]
    user = generic.user("ada@acme.example")["id"]
    barrier = Barrier(len(names))

    def patch(name: str) -> int:
        barrier.wait()
        return generic.patch(f"/Users/{user}", {"op": "replace", "path": name, "value": f"https://{name}"}).status_code

    with ThreadPoolExecutor(len(names)) as pool:
        assert set(pool.map(patch, names)) == {200}
    read = generic.get(f"/Users/{user}").json
    assert {name: read[name] for name in names} == {name: f"https://{name}" for name in names}

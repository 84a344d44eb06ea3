"""Sixteen writers at once: every member arrives, of one userName one is created, no write is lost or half done."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from threading import Barrier, Thread

import pytest

from tests.scim.application import ENTERPRISE, GROUP, USER, Answer, Pushing
from tests.scim.at_once import Send, at_once, statuses

WRITERS = 16


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


def test_sixteen_spellings_of_one_user_name_at_once_create_one_user(generic: Pushing) -> None:
    spellings = ["".join(letters) + "@acme.example" for letters in product("Aa", "Dd", "Aa", "Xx")]
    answers = at_once([partial(_create, generic, name) for name in spellings])
    assert statuses(answers) == [201] + [409] * (WRITERS - 1)
    assert {answer.json["scimType"] for answer in answers if answer.status_code == 409} == {"uniqueness"}
    created = next(answer.json for answer in answers if answer.status_code == 201)
    assert generic.get("/Users").json["Resources"] == [created]


@pytest.mark.parametrize("attribute", ["userName", "externalId"])
def test_one_name_taken_by_sixteen_users_at_once_has_one_holder(generic: Pushing, attribute: str) -> None:
    users = [generic.user(f"user{number}", externalId=str(number)) for number in range(WRITERS)]
    take = {"op": "replace", "path": attribute, "value": "taken"}
    answers = at_once([partial(generic.patch, f"/Users/{user['id']}", take) for user in users])
    assert statuses(answers) == [200] + [409] * (WRITERS - 1)
    holders = generic.filter("/Users", f'{attribute} eq "taken"').json["Resources"]
    assert holders == [answer.json for answer in answers if answer.status_code == 200]
    unchanged = [user for user in users if user["id"] != holders[0]["id"]]
    assert [generic.get(f"/Users/{user['id']}").json for user in unchanged] == unchanged


def test_sixteen_different_attributes_patched_at_once_all_land(generic: Pushing) -> None:
    core = ["title", "nickName", "locale", "timezone", "userType", "displayName", "preferredLanguage"]
    name = [f"name.{part}" for part in ("givenName", "familyName", "middleName", "formatted")]
    work = [f'{attribute}[type eq "work"].value' for attribute in ("emails", "phoneNumbers", "roles")]
    paths = [*core, *name, *work, f"{ENTERPRISE}:department", f"{ENTERPRISE}:division"]
    assert len(paths) == WRITERS
    user = generic.user("ada")["id"]
    answers = at_once([partial(_write, generic, f"/Users/{user}", path, "x") for path in paths])
    assert statuses(answers) == [200] * WRITERS
    read = generic.get(f"/Users/{user}").json
    assert [read[one] for one in core] == ["x"] * len(core)
    assert read["name"] == dict.fromkeys(("givenName", "familyName", "middleName", "formatted"), "x")
    assert [read[one] for one in ("emails", "phoneNumbers", "roles")] == [[{"type": "work", "value": "x"}]] * 3
    assert read[ENTERPRISE] == {"department": "x", "division": "x"}
    assert read["meta"]["version"] == f'W/"{WRITERS + 1}"'


def test_sixteen_values_added_to_one_attribute_at_once_are_all_there(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    values = [{"value": f"role{number}"} for number in range(WRITERS)]
    adds = [{"op": "add", "path": "roles", "value": [value]} for value in values]
    assert statuses(at_once([partial(generic.patch, f"/Users/{user}", add) for add in adds])) == [200] * WRITERS
    read = generic.get(f"/Users/{user}").json["roles"]
    assert sorted(role["value"] for role in read) == sorted(value["value"] for value in values)


def test_replacing_and_adding_at_once_gives_what_some_order_of_them_gives(entra: Pushing) -> None:
    """After the last replace stand its members and those of the adds that came later, and nobody else."""
    users = [entra.user(f"user{number}")["id"] for number in range(WRITERS)]
    replaced, added = [set(users[:4]), set(users[4:8])], users[8:]
    group = entra.group("Admins", users[-1])["id"]
    sends = [partial(_members, entra, group, "replace", sorted(some)) for some in replaced]
    sends += [partial(_members, entra, group, "add", [one]) for one in added]
    assert statuses(at_once(sends)) == [204] * len(sends)
    members = set(entra.member_ids(group))
    last = next(some for some in replaced if some <= members)
    assert members - last <= set(added)
    version = int(entra.get(f"/Groups/{group}").json["meta"]["version"][3:-1])
    assert len(members - last) < version <= len(sends) + 1


def test_putting_and_patching_one_group_at_once_loses_neither_name_nor_member(generic: Pushing) -> None:
    users = sorted(generic.user(f"user{number}")["id"] for number in range(WRITERS - 1))
    group = generic.group("Admins")["id"]
    # A PUT that is silent about members leaves them alone.
    rename = partial(generic.put, f"/Groups/{group}", {"schemas": [GROUP], "displayName": "Owners"})
    sends: list[Send] = [rename, *(partial(_members, generic, group, "add", [user]) for user in users)]
    assert statuses(at_once(sends)) == [200] * WRITERS
    read = generic.get(f"/Groups/{group}").json
    assert (read["displayName"], [member["value"] for member in read["members"]]) == ("Owners", users)


def test_users_deleted_while_they_are_added_are_in_no_group(generic: Pushing) -> None:
    users = [generic.user(f"user{number}")["id"] for number in range(WRITERS // 2)]
    groups = [generic.group(f"group{number}")["id"] for number in range(2)]
    deletions: list[Send] = [partial(generic.delete, f"/Users/{user}") for user in users]
    additions: list[Send] = [
        partial(_members, generic, groups[number % 2], "add", [user]) for number, user in enumerate(users)
    ]
    answers = at_once([send for pair in zip(additions, deletions, strict=True) for send in pair])
    assert statuses(answers) == [200] * len(users) + [204] * len(users)
    assert [generic.member_ids(group) for group in groups] == [[], []]


def test_group_deleted_while_members_are_added_is_gone_for_everyone(generic: Pushing) -> None:
    users = [generic.user(f"user{number}")["id"] for number in range(WRITERS - 1)]
    group = generic.group("Admins")["id"]
    sends: list[Send] = [partial(_members, generic, group, "add", [user]) for user in users]
    answers = at_once([*sends[:8], partial(generic.delete, f"/Groups/{group}"), *sends[8:]])
    assert answers[8].status_code == 204
    assert set(statuses([*answers[:8], *answers[9:]])) <= {200, 404}
    assert all("groups" not in user for user in generic.get("/Users").json["Resources"])
    assert generic.group("Admins")["members"] == []


def _create(pushing: Pushing, name: str) -> Answer:
    return pushing.post("/Users", {"schemas": [USER], "userName": name})


def _write(pushing: Pushing, path: str, attribute: str, value: str) -> Answer:
    return pushing.patch(path, {"op": "add", "path": attribute, "value": value})


def _members(pushing: Pushing, group: str, op: str, users: list[str]) -> Answer:
    value = [{"value": user} for user in users]
    return pushing.patch(f"/Groups/{group}", {"op": op, "path": "members", "value": value})


def test_creations_and_changes_at_once_never_wait_for_each_other_in_a_circle(generic: Pushing) -> None:
    """A creation asks for the organization's lock with its last statement, a change with its first."""
    users = [generic.user(f"user{number}")["id"] for number in range(4)]
    group = generic.group("Staff")["id"]
    done: list[int] = []

    def push(worker: int) -> None:
        for number in range(8):
            name = f"new-{worker}-{number}"
            created = generic.post("/Users", {"schemas": [USER], "userName": name})
            changed = generic.patch(f"/Users/{users[worker]}", {"op": "replace", "path": "title", "value": name})
            joined = generic.patch(
                f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": created.json["id"]}]}
            )
            done.extend((created.status_code, changed.status_code, joined.status_code))

    workers = [Thread(target=push, args=(worker,), daemon=True) for worker in range(len(users))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert not [worker for worker in workers if worker.is_alive()]
    assert Counter(done) == {200: 64, 201: 32}

"""Group membership by difference: what each shape does, that it is idempotent, that its cost follows the ids named."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, insert

from app.store.directories import DirectoryMembership, DirectoryUser
from tests.scim.application import GROUP, PATCH_OP, Installation, Pushing


def test_adding_a_member_again_changes_nothing_not_even_the_version(generic: Pushing) -> None:
    user = generic.user("ada@acme.example")["id"]
    group = generic.group("Admins", user)["id"]
    add = {"op": "add", "path": "members", "value": [{"value": user, "display": "another name"}]}
    before, answer = generic.get(f"/Groups/{group}").json, generic.patch(f"/Groups/{group}", add)
    assert (answer.status_code, answer.json) == (200, before)


def test_removing_an_absent_member_succeeds_and_changes_nothing(generic: Pushing) -> None:
    user, group = generic.user("ada@acme.example")["id"], generic.group("Admins")["id"]
    answer = generic.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{user}"]'})
    assert (answer.status_code, answer.json["meta"]["version"]) == (200, 'W/"1"')


def test_remove_with_an_empty_value_array_removes_nobody(generic: Pushing) -> None:
    group = generic.group("Admins", generic.user("ada@acme.example")["id"])["id"]
    answer = generic.patch(f"/Groups/{group}", {"op": "remove", "path": "members", "value": []})
    assert (answer.status_code, len(answer.json["members"])) == (200, 1)


def test_remove_without_value_or_filter_empties_the_group(generic: Pushing) -> None:
    group = generic.group("Admins", generic.user("ada@acme.example")["id"])["id"]
    assert generic.patch(f"/Groups/{group}", {"op": "remove", "path": "members"}).json["members"] == []


def test_operations_apply_in_order(generic: Pushing) -> None:
    users = sorted(generic.user(f"user{number}@acme.example")["id"] for number in range(3))
    group = generic.group("Admins", users[0])["id"]
    answer = generic.patch(
        f"/Groups/{group}",
        {"op": "add", "path": "members", "value": [{"value": users[1]}]},
        {"op": "remove", "path": "members"},
        {"op": "add", "path": "members", "value": [{"value": users[2]}, {"value": users[1]}]},
        {"op": "remove", "path": f'members[value eq "{users[1]}" or value eq "{users[0]}"]'},
    )
    assert [member["value"] for member in answer.json["members"]] == [users[2]]


def test_a_failing_operation_undoes_those_before_it(generic: Pushing) -> None:
    user, group = generic.user("ada@acme.example")["id"], generic.group("Admins")["id"]
    add = {"op": "add", "path": "members", "value": [{"value": user}]}
    answer = generic.patch(f"/Groups/{group}", add, {"op": "replace", "path": "displayName", "value": ""})
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidValue")
    assert generic.member_ids(group) == []


def test_put_without_members_leaves_them_and_with_an_empty_list_removes_them(generic: Pushing) -> None:
    user = generic.user("ada@acme.example")["id"]
    group = generic.group("Admins", user)["id"]
    body = {"schemas": [GROUP], "displayName": "Owners"}
    for silent in (body, {**body, "members": None}):
        answer = generic.put(f"/Groups/{group}", silent)
        assert [member["value"] for member in answer.json["members"]] == [user]
    assert generic.put(f"/Groups/{group}", {**body, "members": []}).json["members"] == []


def test_put_replaces_members_by_difference(generic: Pushing) -> None:
    users = sorted(generic.user(f"user{number}@acme.example")["id"] for number in range(3))
    group = generic.group("Admins", *users[:2])["id"]
    body = {"schemas": [GROUP], "displayName": "Admins", "members": [{"value": user} for user in users[1:]]}
    answer = generic.put(f"/Groups/{group}", body)
    assert [member["value"] for member in answer.json["members"]] == users[1:]
    assert generic.put(f"/Groups/{group}", body).json["meta"] == answer.json["meta"]


def test_posted_group_ignores_unknown_members_and_groups_as_members(generic: Pushing) -> None:
    user, other = generic.user("ada@acme.example")["id"], generic.group("Others")["id"]
    assert [member["value"] for member in generic.group("Admins", user, other, "nobody")["members"]] == [user]


def test_deleted_user_leaves_every_group_and_the_groups_version_changes(generic: Pushing) -> None:
    user = generic.user("ada@acme.example")["id"]
    group = generic.group("Admins", user)["id"]
    generic.delete(f"/Users/{user}")
    read = generic.get(f"/Groups/{group}").json
    assert (read["members"], read["meta"]["version"]) == ([], 'W/"2"')


def test_members_carry_reference_and_type_and_users_their_groups(generic: Pushing) -> None:
    user = generic.user("ada@acme.example")["id"]
    group = generic.group("Admins", user)
    assert group["members"] == [{"value": user, "$ref": f"{generic.base_url}/Users/{user}", "type": "User"}]
    assert generic.get(f"/Users/{user}").json["groups"] == [
        {
            "value": group["id"],
            "$ref": f"{generic.base_url}/Groups/{group['id']}",
            "display": "Admins",
            "type": "direct",
        }
    ]
    assert generic.filter("/Users", f'groups.value eq "{group["id"]}"').json["totalResults"] == 1


def test_bare_member_ids_are_understood(generic: Pushing) -> None:
    user = generic.user("ada@acme.example")["id"]
    posted = generic.post("/Groups", {"schemas": [GROUP], "displayName": "Admins", "members": [user]})
    assert [member["value"] for member in posted.json["members"]] == [user]
    group = generic.group("Others")["id"]
    generic.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": user})
    assert generic.member_ids(group) == [user]


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "move", "path": "members", "value": []}, "invalidValue"),
        ({"op": "add", "path": "members"}, "invalidValue"),
        ({"op": "replace", "path": "members"}, "invalidValue"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "remove", "path": "displayName"}, "mutability"),
        ({"op": "add", "path": "members", "value": [{"display": "x"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"value": "x" * 300}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [17]}, "invalidValue"),
        ({"op": "remove", "path": 'members[type eq "User"]'}, "invalidPath"),
        ({"op": "remove", "path": "members["}, "invalidPath"),
        ({"op": "replace", "path": 'members[value eq "x"].display', "value": "x"}, "mutability"),
        ({"op": "replace", "path": "members.$ref", "value": "x"}, "mutability"),
        ({"op": "replace", "path": 7, "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "displayName", "value": 7}, "invalidValue"),
        ({"op": "replace", "value": "x"}, "invalidValue"),
        ("remove", "invalidSyntax"),
    ],
)
def test_malformed_group_operation_is_refused_and_writes_nothing(
    generic: Pushing, operation: Any, scim_type: str
) -> None:
    group = generic.group("Admins", generic.user("ada@acme.example")["id"])
    answer = generic.patch(f"/Groups/{group['id']}", operation)
    assert (answer.status_code, answer.json["scimType"]) == (400, scim_type), answer.text
    assert generic.get(f"/Groups/{group['id']}").json == group


@pytest.mark.parametrize(
    "body", [[], {"Operations": []}, {"schemas": [PATCH_OP]}, {"schemas": ["x"], "Operations": [{}]}]
)
def test_malformed_group_patch_body_is_refused(generic: Pushing, body: Any) -> None:
    group = generic.group("Admins")["id"]
    assert generic.send("PATCH", f"/Groups/{group}", body).status_code == 400


@pytest.mark.parametrize("provider", ["entra", "okta"])
def test_cost_of_one_member_more_does_not_grow_with_the_group(installation: Installation, provider: str) -> None:
    pushing = installation.directory(provider)
    small, large = pushing.group("Small")["id"], pushing.group("Large")["id"]
    _fill(installation, pushing, small, 10)
    _fill(installation, pushing, large, 2_000)
    costs = []
    for group in (small, large):
        user = pushing.user(f"one-more-for-{group}@acme.example")["id"]
        with _counted(installation) as cost:
            answer = pushing.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": user}]})
            assert answer.status_code in (200, 204)
            remove = {"op": "remove", "path": "members", "value": [{"value": user}]}
            assert pushing.patch(f"/Groups/{group}", remove).status_code in (200, 204)
        costs.append(cost)
    assert costs[1]["statements"] <= costs[0]["statements"]
    # Okta's body for a small group reads its members; a large one is answered 204 once the limit has been read.
    assert costs[1]["rows"] <= (costs[0]["rows"] if provider == "entra" else 2 * 501 + 30)


def test_group_without_its_members_reads_none_of_them(installation: Installation, generic: Pushing) -> None:
    group = generic.group("Large")["id"]
    _fill(installation, generic, group, 1_000)
    with _counted(installation) as cost:
        assert generic.get(f"/Groups/{group}", query_string={"excludedAttributes": "members"}).status_code == 200
        assert generic.get(f"/Groups/{group}", query_string={"attributes": "displayName"}).status_code == 200
    assert cost["rows"] < 20


@pytest.mark.parametrize("limit", [500, 501])
def test_group_patch_is_answered_with_its_members_up_to_500(
    installation: Installation, okta: Pushing, limit: int
) -> None:
    group = okta.group("Everyone")["id"]
    _fill(installation, okta, group, limit)
    rename = {"op": "replace", "path": "displayName", "value": "All"}
    answer = okta.patch(f"/Groups/{group}", rename)
    assert answer.status_code == (200 if limit == 500 else 204)
    asked = okta.patch(f"/Groups/{group}", rename, query_string={"attributes": "displayName"})
    assert (asked.status_code, asked.json["displayName"], "members" in asked.json) == (200, "All", False)


def _fill(installation: Installation, pushing: Pushing, group: str, count: int) -> None:
    """Put that many users into a group, behind the protocol's back."""
    with installation.transactions.writing() as unit:
        ids = [installation.ports.randomness.uuid() for _ in range(count)]
        users = [
            {
                "id": one,
                "directory_id": pushing.directory.id,
                "user_name_key": one,
                "active": True,
                "name": one,
                "document": "{}",
                "search_keys": "[]",
                "version": 1,
                "created_at": unit.now,
                "modified_at": unit.now,
            }
            for one in ids
        ]
        unit.session.execute(insert(DirectoryUser), users)
        unit.session.execute(insert(DirectoryMembership), [{"group_id": group, "user_id": one} for one in ids])


class _RowCounter(logging.Handler):
    """Counts what the engine logs at DEBUG: one record for each row it hands out."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.rows = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.rows += str(record.msg).startswith("Row")


@contextmanager
def _counted(installation: Installation) -> Iterator[dict[str, int]]:
    """Statements sent and rows fetched while the block runs."""
    cost = {"statements": 0, "rows": 0}

    def on_statement(*_arguments: Any) -> None:
        cost["statements"] += 1

    logger, counter = logging.getLogger("sqlalchemy.engine.Engine"), _RowCounter()
    level = logger.level
    logger.addHandler(counter)
    logger.setLevel(logging.DEBUG)
    event.listen(installation.engine, "after_cursor_execute", on_statement)
    try:
        yield cost
    finally:
        event.remove(installation.engine, "after_cursor_execute", on_statement)
        logger.setLevel(level)
        logger.removeHandler(counter)
        cost["rows"] = counter.rows


def test_the_row_counter_counts(installation: Installation, generic: Pushing) -> None:
    group = generic.group("Large")["id"]
    _fill(installation, generic, group, 100)
    with _counted(installation) as cost:
        generic.get(f"/Groups/{group}")
    assert 100 < cost["rows"] < 110

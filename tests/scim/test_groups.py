"""Group membership by difference: what each shape of an operation does, and how large an answer may get."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scim.application import GROUP, PATCH_OP, Installation, Pushing
from tests.scim.measuring import counted, fill


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
    "body",
    [[], {"schemas": [PATCH_OP], "Operations": {}}, {"schemas": [PATCH_OP]}, {"schemas": ["x"], "Operations": [{}]}],
)
def test_malformed_group_patch_body_is_refused(generic: Pushing, body: Any) -> None:
    group = generic.group("Admins")["id"]
    assert generic.send("PATCH", f"/Groups/{group}", body).status_code == 400


@pytest.mark.parametrize("limit", [500, 501])
def test_group_patch_is_answered_with_its_members_up_to_500(
    installation: Installation, okta: Pushing, limit: int
) -> None:
    group = okta.group("Everyone")["id"]
    fill(installation, okta, group, limit)
    rename = {"op": "replace", "path": "displayName", "value": "All"}
    answer = okta.patch(f"/Groups/{group}", rename)
    assert answer.status_code == (200 if limit == 500 else 204)
    asked = okta.patch(f"/Groups/{group}", rename, query_string={"attributes": "displayName"})
    assert (asked.status_code, asked.json["displayName"], "members" in asked.json) == (200, "All", False)


def test_the_row_counter_counts(installation: Installation, generic: Pushing) -> None:
    group = generic.group("Large")["id"]
    fill(installation, generic, group, 100)
    with counted(installation) as cost:
        generic.get(f"/Groups/{group}")
    assert 100 < cost["rows"] < 110

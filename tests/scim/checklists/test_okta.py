"""What Okta sends, by the lines of its checklist (O1 to O13)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.scim.application import ERROR, GROUP, SCIM, USER, Pushing
from tests.scim.checklists.origins import OKTA_REFERENCE, Origin, shape

#: The user of Okta's reference.
TEST_USER = {
    "schemas": [USER],
    "userName": "test.user@okta.local",
    "name": {"givenName": "Test", "familyName": "User"},
    "emails": [{"primary": True, "value": "test.user@okta.local", "type": "work"}],
    "displayName": "Test User",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}
DEACTIVATE = {"op": "replace", "value": {"active": False}}


@pytest.fixture
def user(okta: Pushing) -> str:
    """The id of a user Okta has just assigned."""
    answer = okta.post("/Users", TEST_USER)
    assert answer.status_code == 201, answer.text
    user_id: str = answer.json["id"]
    return user_id


def _people(okta: Pushing, count: int) -> list[str]:
    return sorted(okta.user(f"user{number}@okta.local")["id"] for number in range(count))


def _values(group: Any) -> list[str]:
    return [member["value"] for member in group["members"]]


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o1_first_requests_after_provisioning_is_switched_on_are_answered(okta: Pushing) -> None:
    for path in ("/Users?startIndex=1&count=2", "/Groups?startIndex=1&count=100"):
        answer = okta.get(path)
        assert (answer.status_code, answer.json["totalResults"], answer.json["Resources"]) == (200, 0, [])


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o2_existence_check_finds_nobody_or_the_one(okta: Pushing) -> None:
    path = "/Users?filter=userName%20eq%20%22test.user%40okta.local%22&startIndex=1&count=100"
    nobody = okta.get(path)
    assert (nobody.status_code, nobody.json["totalResults"], nobody.json["itemsPerPage"]) == (200, 0, 0)
    created = okta.post("/Users", TEST_USER).json
    assert okta.get(path).json["Resources"] == [created]


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o3_user_is_created_with_a_body_and_the_password_comes_back_nowhere(okta: Pushing) -> None:
    answer = okta.post("/Users", TEST_USER)
    assert (answer.status_code, answer.content_type) == (201, SCIM)
    kept = {name: value for name, value in TEST_USER.items() if name not in ("groups", "password")}
    assert {name: answer.json[name] for name in kept} == kept
    assert answer.json["id"]
    assert b"1mz050nq" not in answer.data
    assert b"1mz050nq" not in okta.get(f"/Users/{answer.json['id']}").data


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o4_existing_user_is_refused_with_an_error_body(okta: Pushing, user: str) -> None:
    answer = okta.post("/Users", TEST_USER)
    assert (answer.status_code, answer.json["schemas"], answer.json["status"]) == (409, [ERROR], "409")
    assert user in answer.json["detail"]


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o5_what_was_read_is_changed_and_put_back_whole(okta: Pushing, user: str) -> None:
    okta.group("Everyone", user)
    read = okta.get(f"/Users/{user}").json
    body = {**read, "name": {"givenName": "Another", "middleName": "Excited", "familyName": "User"}}
    answer = okta.put(f"/Users/{user}", body)
    assert (answer.status_code, answer.json["name"]) == (200, body["name"])
    assert [group["display"] for group in answer.json["groups"]] == ["Everyone"]
    unchanged = okta.put(f"/Users/{user}", answer.json)
    assert unchanged.json == answer.json


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o5_custom_integration_deactivates_by_put(okta: Pushing, user: str) -> None:
    read = okta.get(f"/Users/{user}").json
    assert okta.put(f"/Users/{user}", {**read, "active": False}).json["active"] is False
    assert okta.put(f"/Users/{user}", {**read, "active": True}).json["active"] is True


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o5_custom_integration_renames_and_fills_a_group_by_put(okta: Pushing, user: str) -> None:
    group = okta.group("Test SCIMv2")["id"]
    body = {"schemas": [GROUP], "id": group, "displayName": "Test SCIMv20"}
    filled = okta.put(f"/Groups/{group}", {**body, "members": [{"value": user, "display": "test.user@okta.local"}]})
    assert (filled.status_code, filled.json["displayName"], _values(filled.json)) == (200, "Test SCIMv20", [user])


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o6_user_is_deactivated_without_a_path(okta: Pushing, user: str) -> None:
    answer = okta.patch(f"/Users/{user}", DEACTIVATE)
    assert (answer.status_code, answer.json["active"]) == (200, False)
    assert {**answer.json, "meta": None} == {**okta.get(f"/Users/{user}").json, "meta": None}


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o7_user_who_is_never_deleted_stays_listed_as_inactive_and_comes_back(okta: Pushing, user: str) -> None:
    okta.patch(f"/Users/{user}", DEACTIVATE)
    listed = okta.get("/Users?startIndex=1&count=100").json["Resources"]
    assert [(one["id"], one["active"]) for one in listed] == [(user, False)]
    back = okta.patch(f"/Users/{user}", {"op": "replace", "value": {"active": True}})
    assert (back.status_code, back.json["id"], back.json["active"]) == (200, user, True)


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o8_group_is_renamed_with_its_id_and_again_without_effect(okta: Pushing, user: str) -> None:
    group = okta.group("Everyone", user)["id"]
    rename = {"op": "replace", "value": {"id": group, "displayName": "Test SCIMv2"}}
    answer = okta.patch(f"/Groups/{group}", rename)
    assert (answer.status_code, answer.json["displayName"], _values(answer.json)) == (200, "Test SCIMv2", [user])
    assert okta.patch(f"/Groups/{group}", rename).json == answer.json
    other = okta.patch(f"/Groups/{group}", {"op": "replace", "value": {"id": "another", "displayName": "Staff"}})
    assert (other.status_code, other.json["scimType"]) == (400, "mutability")


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o9_membership_changes_in_one_patch(okta: Pushing) -> None:
    first, second = _people(okta, 2)
    group = okta.group("Test SCIMv2", first)["id"]
    answer = okta.patch(
        f"/Groups/{group}",
        {"op": "remove", "path": f'members[value eq "{first}"]'},
        {"op": "add", "path": "members", "value": [{"value": second, "display": "test.user@okta.local"}]},
    )
    assert (answer.status_code, _values(answer.json)) == (200, [second])


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o9_full_push_replaces_all_members(okta: Pushing) -> None:
    users = _people(okta, 3)
    group = okta.group("Test SCIMv2", users[2])["id"]
    value = [{"value": one, "display": "test.user@okta.local"} for one in users[:2]]
    answer = okta.patch(f"/Groups/{group}", {"op": "replace", "path": "members", "value": value})
    assert (answer.status_code, _values(answer.json)) == (200, users[:2])


@shape(Origin.PUBLIC_THREAD, "https://github.com/Captain-P-Goldfish/SCIM-SDK/issues/757")
def test_o9_push_of_an_empty_group_empties_it(okta: Pushing) -> None:
    group = okta.group("Test SCIMv2", *_people(okta, 2))["id"]
    for _ in range(2):
        answer = okta.patch(f"/Groups/{group}", {"op": "replace", "path": "members", "value": []})
        assert (answer.status_code, answer.json["members"]) == (200, [])


@shape(Origin.VENDOR_DOCUMENTATION, OKTA_REFERENCE)
def test_o10_import_reads_pages_with_integers_in_one_order(okta: Pushing) -> None:
    users = _people(okta, 5)
    for _ in range(2):
        pages = [okta.get(f"/Users?startIndex={start}&count=2").json for start in (1, 3, 5)]
        figures = [(page["totalResults"], page["itemsPerPage"], page["startIndex"]) for page in pages]
        assert figures == [(5, 2, 1), (5, 2, 3), (5, 1, 5)]
        assert all(type(number) is int for page in figures for number in page)
        assert sorted(one["id"] for page in pages for one in page["Resources"]) == users


@shape(Origin.MADE_UP_HERE, "Okta's setup was said to refuse an underscore; no page that was read says so")
def test_o11_base_url_has_v2_before_the_endpoint_and_no_underscore(okta: Pushing) -> None:
    assert okta.base_url.endswith("/v2")
    assert "/scim/" in okta.base_url
    assert "_" not in okta.base_url


@shape(Origin.PUBLIC_THREAD, "https://github.com/better-auth/better-auth/issues/11111")
def test_o12_reassigned_user_is_refused_only_where_a_filter_finds_them(okta: Pushing, user: str) -> None:
    okta.patch(f"/Users/{user}", DEACTIVATE)
    again = okta.post("/Users", {**TEST_USER, "userName": "renamed@okta.local"})
    assert (again.status_code, "externalId" in again.json["detail"]) == (409, True)
    found = okta.filter("/Users", f'externalId eq "{TEST_USER["externalId"]}"', startIndex=1, count=100).json
    assert [one["id"] for one in found["Resources"]] == [user]
    assert okta.put(f"/Users/{user}", {**TEST_USER, "id": user}).json["active"] is True
    okta.delete(f"/Users/{user}")
    assert okta.post("/Users", TEST_USER).status_code == 201


@shape(Origin.PUBLIC_THREAD, "https://github.com/fleetdm/fleet/issues/52600")
def test_o13_group_push_with_a_stale_member_is_not_lost_to_a_final_400(okta: Pushing) -> None:
    user = _people(okta, 1)[0]
    members = [{"value": user, "display": "user0@okta.local"}, {"value": str(uuid.uuid4()), "display": "gone"}]
    pushed = okta.post("/Groups", {"schemas": [GROUP], "displayName": "Test SCIMv2", "members": members})
    assert (pushed.status_code, _values(pushed.json)) == (201, [user])
    answer = okta.patch(f"/Groups/{pushed.json['id']}", {"op": "replace", "path": "members", "value": members})
    assert (answer.status_code, _values(answer.json)) == (200, [user])

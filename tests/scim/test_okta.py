"""What Okta sends (O) and its SPEC test checks, by the lines of the SCIM design; shapes from vendor documents."""

from __future__ import annotations

import uuid
from typing import Any

from tests.scim.application import ERROR, SCIM, USER, Pushing

ADA = {
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


def test_o1_o10_pages_hold_integers_and_one_order(okta: Pushing) -> None:
    users = {okta.user(f"user{number}@acme.example")["id"] for number in range(5)}
    pages = [okta.get("/Users", query_string={"startIndex": start, "count": 2}).json for start in (1, 3, 5)]
    assert [(page["totalResults"], page["itemsPerPage"], page["startIndex"]) for page in pages] == [
        (5, 2, 1),
        (5, 2, 3),
        (5, 1, 5),
    ]
    seen = [user["id"] for page in pages for user in page["Resources"]]
    assert (len(seen), set(seen)) == (5, users)
    assert okta.get("/Groups", query_string={"startIndex": 1, "count": 100}).json["totalResults"] == 0


def test_o2_existence_check_answers_200_with_none(okta: Pushing) -> None:
    answer = okta.filter("/Users", 'userName eq "nobody@acme.example"', startIndex=1, count=100)
    assert (answer.status_code, answer.json["totalResults"]) == (200, 0)


def test_o3_user_with_groups_and_password_is_created_and_the_password_kept_nowhere(okta: Pushing) -> None:
    answer = okta.post("/Users", ADA)
    assert (answer.status_code, answer.content_type) == (201, SCIM)
    assert answer.json["externalId"] == ADA["externalId"]
    assert "password" not in answer.json
    assert answer.json["emails"] == ADA["emails"]


def test_o4_o12_duplicate_of_a_living_user_even_inactive_answers_409_and_is_found_by_filter(okta: Pushing) -> None:
    user = okta.post("/Users", ADA).json["id"]
    okta.patch(f"/Users/{user}", {"op": "replace", "value": {"active": False}})
    again = okta.post("/Users", ADA)
    assert (again.status_code, again.json["schemas"], again.json["status"]) == (409, [ERROR], "409")
    found = okta.filter("/Users", f'userName eq "{ADA["userName"]}"').json
    assert [one["id"] for one in found["Resources"]] == [user]
    other = okta.post("/Users", {**ADA, "userName": "other@acme.example"})
    assert (other.status_code, "externalId" in other.json["detail"]) == (409, True)


def test_o5_what_was_read_is_put_back_whole(okta: Pushing) -> None:
    user = okta.post("/Users", ADA).json["id"]
    okta.group("Everyone", user)
    read = okta.get(f"/Users/{user}").json
    answer = okta.put(f"/Users/{user}", {**read, "displayName": "Renamed"})
    assert (answer.status_code, answer.json["displayName"]) == (200, "Renamed")
    assert answer.json["groups"][0]["display"] == "Everyone"


def test_o6_path_less_replace_deactivates(okta: Pushing) -> None:
    user = okta.post("/Users", ADA).json["id"]
    answer = okta.patch(f"/Users/{user}", {"op": "replace", "value": {"active": False}})
    assert (answer.status_code, answer.json["active"]) == (200, False)


def test_o8_group_renamed_with_its_id_repeated(okta: Pushing) -> None:
    group = okta.group("Everyone")["id"]
    answer = okta.patch(f"/Groups/{group}", {"op": "replace", "value": {"id": group, "displayName": "Staff"}})
    assert (answer.status_code, answer.json["displayName"], answer.json["members"]) == (200, "Staff", [])
    other = okta.patch(f"/Groups/{group}", {"op": "replace", "value": {"id": "another", "displayName": "Staff"}})
    assert (other.status_code, other.json["scimType"]) == (400, "mutability")


def test_o9_membership_in_one_patch_full_push_and_push_of_an_empty_group(okta: Pushing) -> None:
    users = sorted(okta.user(f"user{number}@acme.example")["id"] for number in range(3))
    group = okta.group("Everyone", users[0])["id"]
    mixed = okta.patch(
        f"/Groups/{group}",
        {"op": "remove", "path": f'members[value eq "{users[0]}"]'},
        {"op": "add", "path": "members", "value": [{"value": users[1], "display": "user1@acme.example"}]},
    )
    assert [member["value"] for member in mixed.json["members"]] == [users[1]]
    everyone = {"op": "replace", "path": "members", "value": [{"value": user} for user in users]}
    assert [member["value"] for member in okta.patch(f"/Groups/{group}", everyone).json["members"]] == users
    nothing: tuple[Any, ...] = ([], None)
    for nobody in nothing:
        okta.patch(f"/Groups/{group}", everyone)
        emptied = okta.patch(f"/Groups/{group}", {"op": "replace", "path": "members", "value": nobody})
        assert (emptied.status_code, emptied.json["members"]) == (200, [])


def test_o11_base_url_has_v2_before_the_endpoint_and_no_underscore(okta: Pushing) -> None:
    assert okta.base_url.endswith("/v2")
    assert "_" not in okta.base_url


def test_o13_unknown_member_ids_do_not_lose_the_push(okta: Pushing) -> None:
    user, group = okta.user("ada@acme.example")["id"], okta.group("Everyone")["id"]
    value = [{"value": user}, {"value": str(uuid.uuid4())}, {"value": group}]
    answer = okta.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": value})
    assert (answer.status_code, [member["value"] for member in answer.json["members"]]) == (200, [user])


def test_spec_refusals_are_scim_errors_with_status_as_text(okta: Pushing) -> None:
    missing = okta.get(f"/Users/{uuid.uuid4()}")
    assert (missing.status_code, missing.json["status"], missing.json["schemas"]) == (404, "404", [ERROR])
    assert missing.json["detail"]
    anonymous = okta.get("/Users", headers={"Authorization": "Bearer nonsense"})
    assert (anonymous.status_code, anonymous.json["status"], anonymous.json["schemas"]) == (401, "401", [ERROR])
    assert anonymous.headers["WWW-Authenticate"] == 'Bearer realm="SCIM"'


def test_spec_first_page_of_one_user_has_what_the_wizard_reads(okta: Pushing) -> None:
    okta.post("/Users", ADA)
    user = okta.get("/Users", query_string={"count": 1, "startIndex": 1}).json["Resources"][0]
    assert user["name"] == {"givenName": "Test", "familyName": "User"}
    assert (user["active"], user["emails"][0]["value"]) == (True, "test.user@okta.local")

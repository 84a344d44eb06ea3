"""What Entra's SCIM validator checks: the required tests (V1 to V25) and the seven it previews."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.scim.application import ENTERPRISE, ERROR, GROUP, LIST_RESPONSE, USER, Pushing
from tests.scim.checklists.entra import MANAGER, created, entra_group, found, ids, manager_of
from tests.scim.checklists.origins import (
    ENTRA_FLAGS,
    ENTRA_TUTORIAL,
    VALIDATOR_PATCH,
    VALIDATOR_RUN,
    Origin,
    shape,
)


def validator_user(user_name: str = "dale.mohr@romaguera.example", **attributes: Any) -> dict[str, Any]:
    """The user the validator was seen to create."""
    return {
        "active": True,
        "displayName": "XKWLCONOGMVT",
        "emails": [{"type": "work", "value": "dale@prohaska.example"}],
        "externalId": "9950b140-90a0-4201-9d65-b5f209fb4cd0",
        "name": {"formatted": "Aric", "familyName": "Nia", "givenName": "Sandy"},
        "schemas": [USER],
        "userName": user_name,
        **attributes,
    }


@pytest.fixture
def user(entra: Pushing) -> str:
    """The id of the user the validator has just created."""
    return created(entra, "/Users", validator_user())


@shape(Origin.RECORDED_EXCHANGE, VALIDATOR_RUN)
def test_v1_posted_user_comes_back_with_id_resource_type_and_location(entra: Pushing) -> None:
    body = validator_user()
    answer = entra.post("/Users", body)
    assert answer.status_code == 201
    assert {name: answer.json[name] for name in body} == body
    assert answer.json["meta"]["resourceType"] == "User"
    assert answer.json["meta"]["location"] == f"{entra.base_url}/Users/{answer.json['id']}"


@shape(Origin.RECORDED_EXCHANGE, VALIDATOR_RUN)
def test_v2_duplicate_user_answers_409_uniqueness(entra: Pushing, user: str) -> None:
    answer = entra.post("/Users", validator_user("DALE.MOHR@romaguera.example", externalId=str(uuid.uuid4())))
    assert (answer.status_code, answer.json["schemas"]) == (409, [ERROR])
    assert (answer.json["status"], answer.json["scimType"]) == ("409", "uniqueness")
    assert "userName" in answer.json["detail"]
    assert user in answer.json["detail"]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v3_deleted_user_answers_204_then_404(entra: Pushing, user: str) -> None:
    answer = entra.delete(f"/Users/{user}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert entra.get(f"/Users/{user}").status_code == 404


@shape(Origin.RECORDED_EXCHANGE, VALIDATOR_RUN)
def test_v4_existing_user_is_found_by_a_filter_as_the_validator_encodes_it(entra: Pushing, user: str) -> None:
    answer = entra.get('/Users?filter=userName+eq+"dale.mohr%40romaguera.example"')
    assert (answer.status_code, answer.json["schemas"]) == (200, [LIST_RESPONSE])
    assert [one["id"] for one in answer.json["Resources"]] == [user]
    assert (answer.json["totalResults"], answer.json["startIndex"], answer.json["itemsPerPage"]) == (1, 1, 1)


@pytest.mark.usefixtures("user")
@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v5_missing_user_is_an_empty_list(entra: Pushing) -> None:
    answer = entra.filter("/Users", f'userName eq "{uuid.uuid4()}"')
    assert (answer.status_code, answer.json["totalResults"], answer.json["Resources"]) == (200, 0, [])


@shape(Origin.RECORDED_EXCHANGE, VALIDATOR_RUN)
def test_v6_user_is_found_in_other_case(entra: Pushing, user: str) -> None:
    answer = entra.get('/Users?filter=userName+eq+"DALE.MOHR%40ROMAGUERA.EXAMPLE"')
    assert [one["id"] for one in answer.json["Resources"]] == [user]
    assert answer.json["Resources"][0]["userName"] == "dale.mohr@romaguera.example"


@shape(Origin.RECORDED_EXCHANGE, VALIDATOR_PATCH)
def test_v7_several_attributes_are_replaced_in_one_operation(entra: Pushing, user: str) -> None:
    value = {"name.givenName": "Oswaldo", "name.familyName": "Rylan", "displayName": "Oswaldo Rylan"}
    answer = entra.patch(f"/Users/{user}", {"op": "replace", "value": value})
    assert answer.status_code == 200, answer.text
    for read in (entra.get(f"/Users/{user}").json, *found(entra, "/Users", f'id eq "{user}"')):
        assert read["name"] == {"formatted": "Aric", "familyName": "Rylan", "givenName": "Oswaldo"}
        assert read["displayName"] == "Oswaldo Rylan"


@shape(Origin.RECORDED_EXCHANGE, VALIDATOR_PATCH)
def test_v8_user_name_is_replaced_without_a_path(entra: Pushing, user: str) -> None:
    answer = entra.patch(f"/Users/{user}", {"op": "replace", "value": {"userName": "eve@romaguera.example"}})
    assert answer.status_code == 200, answer.text
    assert ids(entra, "/Users", 'userName eq "eve@romaguera.example"') == [user]
    assert ids(entra, "/Users", 'userName eq "dale.mohr@romaguera.example"') == []


@shape(Origin.RECORDED_EXCHANGE, VALIDATOR_RUN)
def test_v9_disabled_user_shows_active_false_by_id_and_by_filter(entra: Pushing, user: str) -> None:
    assert entra.patch(f"/Users/{user}", {"op": "replace", "path": "active", "value": False}).status_code == 200
    assert entra.get(f"/Users/{user}").json["active"] is False
    (listed,) = found(entra, "/Users", 'userName eq "dale.mohr@romaguera.example"')
    assert listed["active"] is False


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_FLAGS)
def test_v10_several_attributes_are_added(entra: Pushing, user: str) -> None:
    value = {"nickName": "Babs", "title": "Engineer", f"{ENTERPRISE}:employeeNumber": "Aklq"}
    assert entra.patch(f"/Users/{user}", {"op": "add", "value": value}).status_code == 200
    read = entra.get(f"/Users/{user}").json
    assert (read["nickName"], read["title"], read[ENTERPRISE]) == ("Babs", "Engineer", {"employeeNumber": "Aklq"})


@shape(Origin.PUBLIC_THREAD, "https://github.com/apache/directory-scimple/issues/1242")
def test_v11_manager_is_added(entra: Pushing, user: str) -> None:
    boss = created(entra, "/Users", validator_user("boss@romaguera.example", externalId="boss"))
    answer = entra.patch(f"/Users/{user}", {"op": "add", "path": MANAGER, "value": boss})
    assert answer.status_code == 200, answer.text
    assert manager_of(entra.get(f"/Users/{user}").json) == {"value": boss}


@shape(Origin.PUBLIC_THREAD, "https://github.com/apache/directory-scimple/issues/1242")
def test_v12_manager_is_replaced(entra: Pushing, user: str) -> None:
    entra.patch(f"/Users/{user}", {"op": "add", "path": MANAGER, "value": "first"})
    for value in ("second", {"value": "third"}):
        answer = entra.patch(f"/Users/{user}", {"op": "replace", "path": MANAGER, "value": value})
        assert answer.status_code == 200, answer.text
        expected = value if isinstance(value, dict) else {"value": value}
        assert manager_of(entra.get(f"/Users/{user}").json) == expected


@pytest.mark.parametrize("empty", ["", {"value": ""}], ids=["string", "object"])
@shape(Origin.MADE_UP_HERE, "no public page shows the validator's request; both spellings of an empty manager are sent")
def test_v13_manager_is_removed_by_an_empty_value(entra: Pushing, user: str, empty: Any) -> None:
    path = f"/Users/{user}"
    entra.patch(path, {"op": "add", "value": {f"{ENTERPRISE}:department": "R&D", MANAGER: "m1"}})
    assert entra.patch(path, {"op": "replace", "path": MANAGER, "value": empty}).status_code == 200
    assert entra.get(path).json[ENTERPRISE] == {"department": "R&D"}
    entra.patch(path, {"op": "add", "path": MANAGER, "value": "m1"})
    nested = {ENTERPRISE: {"manager": empty, "division": "D"}}
    assert entra.patch(path, {"op": "replace", "value": nested}).status_code == 200
    assert entra.get(path).json[ENTERPRISE] == {"department": "R&D", "division": "D"}


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v14_group_is_created_with_id_resource_type_and_location(entra: Pushing) -> None:
    answer = entra.post("/Groups", entra_group("displayName"))
    assert (answer.status_code, answer.json["displayName"]) == (201, "displayName")
    assert answer.json["meta"]["resourceType"] == "Group"
    assert answer.json["meta"]["location"] == f"{entra.base_url}/Groups/{answer.json['id']}"


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v15_duplicate_group_answers_409_uniqueness(entra: Pushing) -> None:
    created(entra, "/Groups", entra_group("displayName"))
    answer = entra.post("/Groups", {**entra_group("DISPLAYNAME"), "externalId": "another"})
    assert (answer.status_code, answer.json["schemas"]) == (409, [ERROR])
    assert (answer.json["status"], answer.json["scimType"]) == ("409", "uniqueness")


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v16_group_is_read_without_members(entra: Pushing, user: str) -> None:
    group = entra.group("Admins", user)["id"]
    answer = entra.get(f"/Groups/{group}?excludedAttributes=members")
    assert (answer.status_code, answer.json["displayName"]) == (200, "Admins")
    assert (answer.json["schemas"], "members" in answer.json) == ([GROUP], False)


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v17_deleted_group_answers_204_then_404_and_frees_its_name(entra: Pushing, user: str) -> None:
    group = entra.group("Admins", user)["id"]
    assert entra.delete(f"/Groups/{group}").status_code == 204
    assert entra.get(f"/Groups/{group}").status_code == 404
    assert entra.group("Admins")["members"] == []


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v18_groups_are_filtered_without_members(entra: Pushing, user: str) -> None:
    group = entra.group("Admins", user)["id"]
    answer = entra.get('/Groups?excludedAttributes=members&filter=displayName eq "Admins"')
    assert [(one["id"], "members" in one) for one in answer.json["Resources"]] == [(group, False)]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v19_groups_are_filtered_with_members(entra: Pushing, user: str) -> None:
    group = entra.group("Admins", user)["id"]
    (listed,) = found(entra, "/Groups", 'displayName eq "Admins"')
    assert (listed["id"], [member["value"] for member in listed["members"]]) == (group, [user])


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v20_missing_group_is_an_empty_list(entra: Pushing) -> None:
    entra.group("Admins")
    answer = entra.get('/Groups?excludedAttributes=members&filter=displayName eq "Nobody"')
    assert (answer.status_code, answer.json["totalResults"], answer.json["Resources"]) == (200, 0, [])


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v21_group_is_found_in_other_case(entra: Pushing) -> None:
    group = entra.group("Admins")["id"]
    answer = entra.get('/Groups?excludedAttributes=members&filter=displayName eq "aDMINS"')
    assert [(one["id"], one["displayName"]) for one in answer.json["Resources"]] == [(group, "Admins")]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v22_display_name_of_a_group_is_replaced(entra: Pushing) -> None:
    group = created(entra, "/Groups", entra_group("Admins"))
    entra.patch(f"/Groups/{group}", {"op": "Replace", "path": "displayName", "value": "Owners"})
    assert entra.get(f"/Groups/{group}").json["displayName"] == "Owners"
    assert ids(entra, "/Groups", 'displayName eq "Owners"') == [group]
    assert ids(entra, "/Groups", 'displayName eq "Admins"') == []


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_FLAGS)
def test_v23_external_id_of_a_group_is_replaced(entra: Pushing) -> None:
    group = created(entra, "/Groups", entra_group("Admins"))
    entra.patch(f"/Groups/{group}", {"op": "replace", "value": {"externalId": "x-1"}})
    assert entra.get(f"/Groups/{group}").json["externalId"] == "x-1"
    assert ids(entra, "/Groups", 'externalId eq "x-1"') == [group]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v24_member_is_added(entra: Pushing, user: str) -> None:
    group = created(entra, "/Groups", entra_group("Admins"))
    add = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": user}]}
    assert entra.patch(f"/Groups/{group}", add).status_code == 204
    assert entra.member_ids(group) == [user]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_v25_member_is_removed(entra: Pushing, user: str) -> None:
    group = entra.group("Admins", user)["id"]
    remove = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": user}]}
    assert entra.patch(f"/Groups/{group}", remove).status_code == 204
    assert entra.member_ids(group) == []


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_FLAGS)
def test_preview_1_several_operations_on_different_attributes(entra: Pushing, user: str) -> None:
    answer = entra.patch(
        f"/Users/{user}",
        {"op": "add", "path": "nickName", "value": "Babs"},
        {"op": "replace", "path": "displayName", "value": "Bjfe"},
        {"op": "remove", "path": "emails"},
    )
    assert answer.status_code == 200, answer.text
    read = entra.get(f"/Users/{user}").json
    assert (read["nickName"], read["displayName"], read.get("emails")) == ("Babs", "Bjfe", None)


@shape(Origin.MADE_UP_HERE, "only the name of the validator's test is public, not its request")
def test_preview_2_several_operations_on_one_attribute_apply_in_order(entra: Pushing, user: str) -> None:
    operations = [{"op": "replace", "path": "displayName", "value": value} for value in ("one", "two", "three")]
    assert entra.patch(f"/Users/{user}", *operations).status_code == 200
    assert entra.get(f"/Users/{user}").json["displayName"] == "three"


@shape(Origin.MADE_UP_HERE, "only the name of the validator's test is public, not its request")
def test_preview_3_deleting_an_unknown_user_answers_404(entra: Pushing) -> None:
    answer = entra.delete(f"/Users/{uuid.uuid4()}")
    assert (answer.status_code, answer.json["schemas"], answer.json["status"]) == (404, [ERROR], "404")


@shape(Origin.MADE_UP_HERE, "only the name of the validator's test is public, not its request")
def test_preview_4_deleting_a_user_twice_answers_204_then_404(entra: Pushing, user: str) -> None:
    assert [entra.delete(f"/Users/{user}").status_code for _ in range(2)] == [204, 404]


@shape(Origin.MADE_UP_HERE, "only the name of the validator's test is public, not its request")
def test_preview_5_members_are_added_and_removed_in_one_patch(entra: Pushing) -> None:
    users = [
        created(entra, "/Users", validator_user(f"user{number}@romaguera.example", externalId=str(number)))
        for number in range(3)
    ]
    group = entra.group("Admins", users[0])["id"]
    answer = entra.patch(
        f"/Groups/{group}",
        {"op": "Add", "path": "members", "value": [{"value": users[1]}, {"value": users[2]}]},
        {"op": "Remove", "path": f'members[value eq "{users[0]}"]'},
        {"op": "Remove", "path": "members", "value": [{"value": users[2]}]},
    )
    assert answer.status_code == 204
    assert entra.member_ids(group) == [users[1]]


@shape(Origin.MADE_UP_HERE, "only the name of the validator's test is public, not its request")
def test_preview_6_deleting_an_unknown_group_answers_404(entra: Pushing) -> None:
    answer = entra.delete(f"/Groups/{uuid.uuid4()}")
    assert (answer.status_code, answer.json["schemas"], answer.json["status"]) == (404, [ERROR], "404")


@shape(Origin.MADE_UP_HERE, "only the name of the validator's test is public, not its request")
def test_preview_7_deleting_a_group_twice_answers_204_then_404(entra: Pushing) -> None:
    group = created(entra, "/Groups", entra_group("Admins"))
    assert [entra.delete(f"/Groups/{group}").status_code for _ in range(2)] == [204, 404]

"""What Microsoft Entra sends, by the lines of its checklist (E1 to E24)."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.scim.application import ENTERPRISE, GROUP, LIST_RESPONSE, PATCH_OP, SCIM, USER, Pushing
from tests.scim.checklists.entra import MANAGER, created, entra_group, entra_user, found, ids, manager_of
from tests.scim.checklists.origins import (
    ENTRA_ATTRIBUTES,
    ENTRA_FLAGS,
    ENTRA_GALLERY,
    ENTRA_TUTORIAL,
    ENTRA_VALIDATOR,
    Origin,
    shape,
)

WRITERS = 16


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e1_test_connection_finds_nobody_and_answers_an_empty_list(entra: Pushing) -> None:
    answer = entra.filter("/Users", f'userName eq "{uuid.uuid4()}"')
    assert (answer.status_code, answer.content_type) == (200, SCIM)
    assert answer.json == {
        "schemas": [LIST_RESPONSE],
        "totalResults": 0,
        "itemsPerPage": 0,
        "startIndex": 1,
        "Resources": [],
    }


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e2_users_match_by_external_id_and_groups_by_display_name(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("jyoung", externalId="jyoung"))
    group = created(entra, "/Groups", entra_group("displayName"))
    assert ids(entra, "/Users", 'externalId eq "jyoung"') == [user]
    assert ids(entra, "/Users", 'externalId eq "JYoung"') == []
    assert ids(entra, "/Groups", 'displayName eq "DISPLAYNAME"', excludedAttributes="members") == [group]
    assert ids(entra, "/Groups", 'externalId eq "object-displayName" and displayName eq "displayName"') == [group]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e2_external_id_without_quotation_marks_is_found(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("jyoung", externalId="jyoung"))
    answer = entra.get("/Users?filter=externalId eq jyoung")
    assert answer.status_code == 200, answer.text
    assert [one["id"] for one in answer.json["Resources"]] == [user]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e3_each_attribute_that_makes_users_unique_can_be_filtered(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada", emails=[{"type": "work", "value": "user@contoso.example"}]))
    created(entra, "/Users", entra_user("bob", emails=[{"type": "home", "value": "user@contoso.example"}]))
    assert ids(entra, "/Users", 'userName eq "ada"') == [user]
    assert ids(entra, "/Users", 'emails[type eq "work"].value eq "USER@contoso.example"') == [user]
    assert ids(entra, "/Users", 'emails[type eq "work"].value eq "nobody@contoso.example"') == []


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e4_unknown_id_answers_404(entra: Pushing) -> None:
    for endpoint in ("/Users", "/Groups"):
        assert entra.get(f"{endpoint}/5171a35d82074e068ce2").status_code == 404


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e5_user_with_enterprise_schema_but_no_enterprise_values_is_created(entra: Pushing) -> None:
    answer = entra.post("/Users", entra_user("Test_User_00aa00aa"))
    assert (answer.status_code, answer.json["schemas"]) == (201, [USER])
    assert answer.headers["Location"] == f"{entra.base_url}/Users/{answer.json['id']}"
    assert (answer.json["externalId"], answer.json["active"]) == ("object-Test_User_00aa00aa", True)
    assert "roles" not in answer.json


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e5_attributes_sent_as_null_are_unassigned(entra: Pushing) -> None:
    empty = dict.fromkeys(["addresses", "phoneNumbers", "preferredLanguage", "title", "department", "manager"])
    body = entra_user("jyoung@testuser.example", displayName="Joy Young", **empty)
    answer = entra.post(
        "/Users", {**body, "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"]}
    )
    assert answer.status_code == 201, answer.text
    assert not empty.keys() & answer.json.keys()


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e6_group_with_microsofts_own_schema_is_created_empty(entra: Pushing) -> None:
    answer = entra.post("/Groups", entra_group("displayName"))
    assert (answer.status_code, answer.json["schemas"]) == (201, [GROUP])
    assert (answer.json["externalId"], answer.json["members"]) == ("object-displayName", [])


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e7_operations_in_capitals_are_understood(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada", title="Engineer"))
    for operation in (
        {"op": "Add", "path": "nickName", "value": "Babs"},
        {"op": "Replace", "path": "userName", "value": "5b50642d@testuser.example"},
        {"op": "Remove", "path": "title"},
    ):
        assert entra.patch(f"/Users/{user}", operation).status_code == 200
    read = entra.get(f"/Users/{user}").json
    assert (read["nickName"], read["userName"], read.get("title")) == ("Babs", "5b50642d@testuser.example", None)


@pytest.mark.parametrize("off", [("Replace", "False"), ("replace", False), ("Replace", False)])
@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_FLAGS)
def test_e8_user_is_disabled_by_a_string_without_the_flag_and_a_boolean_with_it(entra: Pushing, off: Any) -> None:
    user = created(entra, "/Users", entra_user("ada"))
    op, value = off
    answer = entra.patch(f"/Users/{user}", {"op": op, "path": "active", "value": value})
    assert (answer.status_code, answer.json["active"]) == (200, False)
    restored = entra.patch(f"/Users/{user}", {"op": op, "path": "active", "value": str(not value)})
    assert restored.json["active"] is (value is False)


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_FLAGS)
def test_e9_single_paths_without_the_flag(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada"))
    answer = entra.patch(
        f"/Users/{user}",
        {"op": "Replace", "path": "displayName", "value": "Pvlo"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "TestBcwqnm@test.example"},
        {"op": "Replace", "path": "name.givenName", "value": "Gtfd"},
        {"op": "Replace", "path": "name.familyName", "value": "Pkqf"},
        {"op": "Replace", "path": "externalId", "value": "Eqpj"},
        {"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "Eqpj"},
    )
    assert answer.status_code == 200, answer.text
    read = entra.get(f"/Users/{user}").json
    assert (read["displayName"], read["externalId"]) == ("Pvlo", "Eqpj")
    assert read["name"] == {"formatted": "givenName familyName", "familyName": "Pkqf", "givenName": "Gtfd"}
    assert read["emails"] == [{"type": "work", "primary": True, "value": "TestBcwqnm@test.example"}]
    assert read[ENTERPRISE] == {"employeeNumber": "Eqpj"}


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_FLAGS)
def test_e9_dotted_and_qualified_keys_with_the_flag(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada"))
    value = {
        "displayName": "Bjfe",
        "name.givenName": "Kkom",
        "name.familyName": "Unua",
        f"{ENTERPRISE}:employeeNumber": "Aklq",
    }
    answer = entra.patch(
        f"/Users/{user}",
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "TestMhvaes@test.example"},
        {"op": "replace", "value": value},
    )
    assert answer.status_code == 200, answer.text
    read = entra.get(f"/Users/{user}").json
    assert (read["displayName"], read["name"]["givenName"], read["name"]["familyName"]) == ("Bjfe", "Kkom", "Unua")
    assert read["emails"][0]["value"] == "TestMhvaes@test.example"
    assert read[ENTERPRISE] == {"employeeNumber": "Aklq"}


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_ATTRIBUTES)
def test_e10_adding_to_an_entry_that_does_not_exist_creates_it(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada"))
    answer = entra.patch(
        f"/Users/{user}",
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+49 151 1"},
        {"op": "Add", "path": 'addresses[type eq "work"].streetAddress', "value": "Main St"},
        {"op": "Add", "path": 'addresses[type eq "work"].postalCode', "value": "10115"},
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "Admin"},
        {"op": "Add", "path": 'roles[primary eq "True"].display', "value": "Administrator"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json["phoneNumbers"] == [{"type": "mobile", "value": "+49 151 1"}]
    assert answer.json["addresses"] == [{"type": "work", "streetAddress": "Main St", "postalCode": "10115"}]
    assert answer.json["roles"] == [{"primary": True, "value": "Admin", "display": "Administrator"}]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e11_manager_is_a_bare_string_or_an_object(entra: Pushing) -> None:
    boss, user = created(entra, "/Users", entra_user("boss")), created(entra, "/Users", entra_user("ada"))
    posted = entra.post("/Users", entra_user("eve", **{ENTERPRISE: {"manager": boss}}))
    assert (posted.status_code, manager_of(posted.json)) == (201, {"value": boss})
    for value in (boss, {"value": boss}):
        answer = entra.patch(f"/Users/{user}", {"op": "Add", "path": MANAGER, "value": value})
        assert (answer.status_code, manager_of(answer.json)) == (200, {"value": boss})


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e11_manager_without_its_schema_is_stored(entra: Pushing) -> None:
    boss, user = created(entra, "/Users", entra_user("boss")), created(entra, "/Users", entra_user("ada"))
    value = [{"$ref": f"{entra.base_url}/Users/{boss}", "value": boss}]
    answer = entra.patch(f"/Users/{user}", {"op": "Add", "path": "manager", "value": value})
    assert answer.status_code == 200, answer.text
    assert (manager_of(entra.get(f"/Users/{user}").json) or {}).get("value") == boss


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e11_manager_in_a_list_of_one_is_stored(entra: Pushing) -> None:
    boss, user = created(entra, "/Users", entra_user("boss")), created(entra, "/Users", entra_user("ada"))
    value = [{"$ref": f"{entra.base_url}/Users/{boss}", "value": boss}]
    answer = entra.patch(f"/Users/{user}", {"op": "Add", "path": MANAGER, "value": value})
    assert answer.status_code == 200, answer.text
    assert manager_of(answer.json)["value"] == boss


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_FLAGS)
def test_e12_member_is_removed_by_a_value_array_without_the_flag_and_by_a_filter_with_it(entra: Pushing) -> None:
    users = [created(entra, "/Users", entra_user(f"user{number}")) for number in range(4)]
    group = entra.group("Admins", *users)["id"]
    for operation, left in (
        ({"op": "Remove", "path": "members", "value": [{"$ref": None, "value": users[0]}]}, users[1:]),
        ({"op": "Remove", "path": "members", "value": [{"value": users[1]}]}, users[2:]),
        ({"op": "remove", "path": f'members[value eq "{users[2]}"]'}, users[3:]),
    ):
        assert entra.patch(f"/Groups/{group}", operation).status_code == 204
        assert entra.member_ids(group) == sorted(left)


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e13_many_members_are_added_with_one_patch(entra: Pushing) -> None:
    users = sorted(created(entra, "/Users", entra_user(f"user{number}")) for number in range(5))
    group = created(entra, "/Groups", entra_group("Admins"))
    value = [{"$ref": None, "value": user} for user in users]
    assert entra.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": value}).status_code == 204
    assert entra.member_ids(group) == users


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e14_group_is_read_without_members_and_probed_for_one(entra: Pushing) -> None:
    user, other = created(entra, "/Users", entra_user("ada")), created(entra, "/Users", entra_user("bob"))
    group = entra.group("Admins", user)["id"]
    assert "members" not in entra.get(f"/Groups/{group}?excludedAttributes=members").json
    for text, expected in (
        (f'id eq "{group}" and members eq "{user}"', [group]),
        (f'members eq "{user}" and id eq "{group}"', [group]),
        (f'id eq "{group}" and members eq "{other}"', []),
        (f'members[value eq "{user}"]', [group]),
    ):
        assert ids(entra, "/Groups", text, attributes="id") == expected


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e14_user_is_probed_for_a_manager(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada", **{ENTERPRISE: {"manager": "m1"}}))
    answer = entra.filter("/Users", f'id eq "{user}" and manager eq "m1"', attributes="id")
    assert answer.status_code == 200, answer.text
    assert answer.json["totalResults"] == 1
    assert entra.filter("/Users", f'id eq "{user}" and manager eq "m2"', attributes="id").json["totalResults"] == 0


@shape(Origin.PUBLIC_THREAD, "https://github.com/Infisical/infisical/pull/6525")
def test_e15_members_are_left_out_of_every_answer_that_excludes_them(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada"))
    group = entra.group("Admins", user)["id"]
    (listed,) = found(entra, "/Groups", 'displayName eq "Admins"', excludedAttributes="members")
    read = entra.get(f"/Groups/{group}", query_string={"excludedAttributes": "members"}).json
    assert listed == read
    assert "members" not in read
    assert entra.member_ids(group) == [user]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e16_soft_deleted_user_stays_readable_until_the_delete(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada"))
    entra.patch(f"/Users/{user}", {"op": "Replace", "path": "active", "value": "False"})
    assert entra.get(f"/Users/{user}").json["active"] is False
    assert ids(entra, "/Users", 'userName eq "ada"') == [user]
    assert entra.delete(f"/Users/{user}").status_code == 204
    assert ids(entra, "/Users", 'userName eq "ada"') == []


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e17_group_patch_answers_204_without_body(entra: Pushing) -> None:
    group = created(entra, "/Groups", entra_group("Admins"))
    name = "1879db59-updatedDisplayName"
    answer = entra.patch(f"/Groups/{group}", {"op": "Replace", "path": "displayName", "value": name})
    assert (answer.status_code, answer.data) == (204, b"")
    assert entra.get(f"/Groups/{group}").json["displayName"] == name


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e18_values_come_back_as_they_were_sent(entra: Pushing) -> None:
    phones = [{"type": "work", "value": "55555555555"}, {"type": "fax", "value": "+1 (425) 555-0100"}]
    user = created(entra, "/Users", entra_user("Ada@Contoso.Example", phoneNumbers=phones, title="Ärztin "))
    read = entra.get(f"/Users/{user}").json
    assert (read["phoneNumbers"], read["userName"], read["title"]) == (phones, "Ada@Contoso.Example", "Ärztin ")


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e18_invalid_value_is_refused_with_a_message_that_names_it(entra: Pushing) -> None:
    answer = entra.post("/Users", entra_user("ada", active="perhaps"))
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidValue")
    assert "active" in answer.json["detail"]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e18_message_about_a_patched_value_is_written_for_people(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada"))
    answer = entra.patch(f"/Users/{user}", {"op": "Add", "path": MANAGER, "value": [7]})
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidValue")
    assert "pydantic" not in answer.json["detail"]
    assert "manager" in answer.json["detail"]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e19_every_answer_is_scim_json(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada"))
    answers = [
        entra.get("/Users"),
        entra.get(f"/Users/{user}"),
        entra.get("/Users/none"),
        entra.get("/nowhere"),
        entra.get("/Schemas"),
        entra.get("/ServiceProviderConfig"),
        entra.post("/Users", entra_user("ada")),
        entra.post("/Users", entra_user("bob")),
        entra.patch(f"/Users/{user}", {"op": "Replace", "path": "title", "value": "x"}),
        entra.http.get(f"{entra.path}/Users"),
    ]
    assert {answer.content_type for answer in answers} == {SCIM}


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_TUTORIAL)
def test_e20_schemas_are_a_list_in_camel_case_without_nulls(entra: Pushing) -> None:
    answer = entra.get("/Schemas")
    assert answer.json["schemas"] == [LIST_RESPONSE]
    assert answer.json["totalResults"] == len(answer.json["Resources"]) == 3
    assert {one["id"] for one in answer.json["Resources"]} == {USER, GROUP, ENTERPRISE}
    assert b"null" not in answer.data
    mutabilities = {one["mutability"] for schema in answer.json["Resources"] for one in schema["attributes"]}
    assert mutabilities <= {"readOnly", "readWrite", "immutable", "writeOnly"}


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_GALLERY)
def test_e21_sixteen_patches_of_one_group_at_once_are_all_answered(entra: Pushing) -> None:
    users = sorted(created(entra, "/Users", entra_user(f"user{number}")) for number in range(WRITERS))
    group = created(entra, "/Groups", entra_group("Admins"))
    barrier = Barrier(WRITERS)

    def add(user: str) -> int:
        barrier.wait()
        return entra.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": user}]}).status_code

    with ThreadPoolExecutor(WRITERS) as pool:
        statuses = list(pool.map(add, users))
    assert statuses == [204] * WRITERS
    assert entra.member_ids(group) == users
    assert entra.get(f"/Groups/{group}").json["meta"]["version"] == f'W/"{WRITERS + 1}"'


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_GALLERY)
def test_e21_twenty_five_requests_in_a_row_meet_no_limit(entra: Pushing) -> None:
    statuses = [entra.filter("/Users", f'userName eq "{number}"').status_code for number in range(25)]
    assert statuses == [200] * 25


@pytest.mark.parametrize("flag", ["aadOptscim062020", "AzureAdScimPatch2017"])
@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_FLAGS)
def test_e22_flag_in_the_tenant_url_still_routes(entra: Pushing, flag: str) -> None:
    body = json.dumps(entra_user("ada"))
    posted = entra.send("POST", f"/Users?{flag}", data=body, content_type=f"{SCIM}; charset=utf-8")
    assert posted.status_code == 201, posted.text
    user = posted.json["id"]
    assert entra.get(f"/Users/{user}?{flag}").json["id"] == user
    assert entra.get(f'/Users?{flag}&filter=userName eq "ada"').json["totalResults"] == 1
    assert entra.get(f'/Users?filter=userName eq "ada"&{flag}').json["totalResults"] == 1
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "active", "value": False}]}
    assert entra.send("PATCH", f"/Users/{user}?{flag}", patch).json["active"] is False
    assert entra.delete(f"/Users/{user}?{flag}").status_code == 204


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_VALIDATOR)
def test_e23_the_validators_odd_values_are_understood(entra: Pushing) -> None:
    roles = [{"primary": "True", "display": "CXJHYP", "value": "59Q2M9W", "type": "D385N05'TEST"}]
    user = created(entra, "/Users", entra_user("ada", roles=roles, timezone="America/Argentina/San_Luis"))
    read = entra.get(f"/Users/{user}").json
    assert read["roles"] == [{**roles[0], "primary": True}]
    assert read["timezone"] == "America/Argentina/San_Luis"


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_ATTRIBUTES)
def test_e24_app_role_as_json_text_is_stored_as_it_came(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada"))
    text = json.dumps({"id": "06b07648-ecfe-589f-9d2f-6325724a46ee", "value": "25", "displayName": "Role1234"})
    answer = entra.patch(f"/Users/{user}", {"op": "Add", "path": "roles", "value": [{"value": text}]})
    assert answer.status_code == 200, answer.text
    assert entra.get(f"/Users/{user}").json["roles"] == [{"value": text}]


@shape(Origin.VENDOR_DOCUMENTATION, ENTRA_ATTRIBUTES)
def test_e24_app_roles_are_replaced_as_a_list(entra: Pushing) -> None:
    user = created(entra, "/Users", entra_user("ada", roles=[{"value": "Old", "primary": True}]))
    kind = "WindowsAzureActiveDirectoryRole"
    roles = [{"primary": False, "type": kind, "display": name, "value": name} for name in ("User", "Test")]
    answer = entra.patch(f"/Users/{user}", {"op": "replace", "path": "roles", "value": roles})
    assert answer.status_code == 200, answer.text
    assert entra.get(f"/Users/{user}").json["roles"] == roles

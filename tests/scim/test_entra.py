"""What Microsoft Entra sends (E) and its validator checks (V), line by line; shapes from vendor documents."""

from __future__ import annotations

import uuid

from tests.scim.application import ENTERPRISE, GROUP, LIST_RESPONSE, SCIM, USER, Pushing

MANAGER = f"{ENTERPRISE}:manager"


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


def test_e2_matching_by_external_id_and_groups_by_display_name(entra: Pushing) -> None:
    user = entra.user("ada@acme.example", externalId="Object-1")
    group = entra.group("Admins", externalId="Object-2")
    assert _ids(entra, "/Users", 'externalId eq "Object-1"') == [user["id"]]
    assert _ids(entra, "/Users", 'externalId eq "object-1"') == []
    assert _ids(entra, "/Groups", 'displayName eq "admins"') == [group["id"]]
    assert _ids(entra, "/Groups", 'externalId eq "Object-2" and displayName eq "Admins"') == [group["id"]]


def test_e3_work_email_is_filterable_in_entras_own_grammar(entra: Pushing) -> None:
    user = entra.user("ada", emails=[{"type": "work", "value": "ada@acme.example", "primary": True}])
    entra.user("bob", emails=[{"type": "home", "value": "bob@acme.example"}])
    assert _ids(entra, "/Users", 'emails[type eq "work"].value eq "ADA@acme.example"') == [user["id"]]
    assert _ids(entra, "/Users", 'emails[type eq "work"].value eq "bob@acme.example"') == []


def test_e4_unknown_id_answers_404(entra: Pushing) -> None:
    assert entra.get(f"/Users/{uuid.uuid4()}").status_code == 404


def test_e5_user_with_enterprise_schema_but_no_enterprise_values_is_created(entra: Pushing) -> None:
    body = {
        "schemas": [USER, ENTERPRISE],
        "externalId": "0a21f0f2",
        "userName": "ada@acme.example",
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": "ada@acme.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ada L", "familyName": "L", "givenName": "Ada"},
        "roles": [],
    }
    answer = entra.post("/Users", body)
    assert answer.status_code == 201
    assert answer.json["schemas"] == [USER]
    assert answer.headers["Location"] == f"{entra.base_url}/Users/{answer.json['id']}"


def test_e6_group_with_microsofts_own_schema_is_created(entra: Pushing) -> None:
    schemas = [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]
    body = {"schemas": schemas, "externalId": "8aa1a0c0", "displayName": "Admins", "meta": {"resourceType": "Group"}}
    answer = entra.post("/Groups", body)
    assert (answer.status_code, answer.json["schemas"]) == (201, [GROUP])
    assert answer.json["externalId"] == "8aa1a0c0"


def test_e7_operations_in_capitals_are_understood(entra: Pushing) -> None:
    user = entra.user("ada@acme.example", title="Engineer")
    for operation in (
        {"op": "Add", "path": "nickName", "value": "Ada"},
        {"op": "Replace", "path": "displayName", "value": "Ada L"},
        {"op": "Remove", "path": "title"},
    ):
        assert entra.patch(f"/Users/{user['id']}", operation).status_code == 200
    read = entra.get(f"/Users/{user['id']}").json
    assert (read["nickName"], read["displayName"], read.get("title")) == ("Ada", "Ada L", None)


def test_e8_disabling_with_a_string_and_with_a_boolean(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")
    for value, expected in (("False", False), ("True", True), (False, False)):
        answer = entra.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "active", "value": value})
        assert (answer.status_code, answer.json["active"]) == (200, expected)


def test_e9_single_paths_without_the_flag_and_dotted_keys_with_it(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")
    one_by_one = entra.patch(
        f"/Users/{user['id']}",
        {"op": "Add", "path": "displayName", "value": "Ada"},
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "ada@work.example"},
        {"op": "Add", "path": "name.givenName", "value": "Ada"},
        {"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "7"},
    )
    assert one_by_one.json["emails"] == [{"type": "work", "value": "ada@work.example"}]
    assert one_by_one.json[ENTERPRISE] == {"employeeNumber": "7"}
    value = {"displayName": "A", "name.familyName": "L", f"{ENTERPRISE}:department": "R&D"}
    at_once = entra.patch(f"/Users/{user['id']}", {"op": "replace", "value": value})
    assert at_once.json["name"] == {"givenName": "Ada", "familyName": "L"}
    assert at_once.json[ENTERPRISE] == {"employeeNumber": "7", "department": "R&D"}


def test_e10_adding_to_an_entry_that_does_not_exist_creates_it(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")
    answer = entra.patch(
        f"/Users/{user['id']}",
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+49 151 1"},
        {"op": "Add", "path": 'addresses[type eq "work"].streetAddress', "value": "Main St"},
        {"op": "Add", "path": 'addresses[type eq "work"].locality', "value": "Berlin"},
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "Reader"},
    )
    assert answer.json["phoneNumbers"] == [{"type": "mobile", "value": "+49 151 1"}]
    assert answer.json["addresses"] == [{"type": "work", "streetAddress": "Main St", "locality": "Berlin"}]
    assert answer.json["roles"] == [{"primary": True, "value": "Reader"}]


def test_e11_manager_as_a_bare_string_and_as_an_object(entra: Pushing) -> None:
    user, boss = entra.user("ada@acme.example"), entra.user("boss@acme.example")
    for value in (boss["id"], {"value": boss["id"]}):
        answer = entra.patch(f"/Users/{user['id']}", {"op": "Add", "path": MANAGER, "value": value})
        assert answer.json[ENTERPRISE]["manager"]["value"] == boss["id"]
    posted = entra.post(
        "/Users", {"schemas": [USER, ENTERPRISE], "userName": "eve@acme.example", ENTERPRISE: {"manager": boss["id"]}}
    )
    assert posted.json[ENTERPRISE]["manager"] == {"value": boss["id"]}


def test_e12_removing_a_member_by_value_array_and_by_filter(entra: Pushing) -> None:
    users = [entra.user(f"user{number}@acme.example")["id"] for number in range(3)]
    group = entra.group("Admins", *users)["id"]
    by_value = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": users[0]}]}
    assert entra.patch(f"/Groups/{group}", by_value).status_code == 204
    assert entra.member_ids(group) == sorted(users[1:])
    by_filter = {"op": "remove", "path": f'members[value eq "{users[1]}"]'}
    assert entra.patch(f"/Groups/{group}", by_filter).status_code == 204
    assert entra.member_ids(group) == [users[2]]


def test_e13_many_members_added_with_one_patch(entra: Pushing) -> None:
    users = sorted(entra.user(f"user{number}@acme.example")["id"] for number in range(5))
    group = entra.group("Admins")["id"]
    value = [{"$ref": None, "value": user} for user in users]
    assert entra.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": value}).status_code == 204
    assert entra.member_ids(group) == users


def test_e14_membership_probe_by_group_and_user(entra: Pushing) -> None:
    user, other = entra.user("ada@acme.example")["id"], entra.user("bob@acme.example")["id"]
    group = entra.group("Admins", user)["id"]
    assert _ids(entra, "/Groups", f'id eq "{group}" and members eq "{user}"') == [group]
    assert _ids(entra, "/Groups", f'id eq "{group}" and members eq "{other}"') == []
    assert _ids(entra, "/Groups", f'members[value eq "{user}"]') == [group]


def test_e15_excluded_members_are_left_out_everywhere(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    group = entra.group("Admins", user)["id"]
    parameters = {"excludedAttributes": "members"}
    assert "members" not in entra.get(f"/Groups/{group}", query_string=parameters).json
    found = entra.filter("/Groups", 'displayName eq "Admins"', **parameters).json["Resources"]
    assert [one["id"] for one in found] == [group]
    assert "members" not in found[0]


def test_e16_soft_deleted_users_stay_readable_by_id_and_filter(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    entra.patch(f"/Users/{user}", {"op": "Replace", "path": "active", "value": "False"})
    assert entra.get(f"/Users/{user}").json["active"] is False
    assert _ids(entra, "/Users", 'userName eq "ada@acme.example"') == [user]


def test_e17_group_patch_answers_204_without_body(entra: Pushing) -> None:
    group = entra.group("Admins")["id"]
    answer = entra.patch(f"/Groups/{group}", {"op": "Replace", "path": "displayName", "value": "Owners"})
    assert (answer.status_code, answer.data) == (204, b"")
    assert entra.get(f"/Groups/{group}").json["displayName"] == "Owners"


def test_e18_values_come_back_as_they_were_sent(entra: Pushing) -> None:
    phones = [{"type": "work", "value": "+1 (425) 555-0100"}, {"type": "fax", "value": "tel:+1-201-555-0123"}]
    user = entra.user("Ada@Acme.Example", phoneNumbers=phones, title="Ärztin ")
    read = entra.get(f"/Users/{user['id']}").json
    assert (read["phoneNumbers"], read["userName"], read["title"]) == (phones, "Ada@Acme.Example", "Ärztin ")


def test_e19_every_answer_is_scim_json(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    answers = [
        entra.get("/Users"),
        entra.get(f"/Users/{user}"),
        entra.get("/Users/none"),
        entra.get("/nowhere"),
        entra.get("/Schemas"),
        entra.post("/Users", {"schemas": [USER], "userName": "ada@acme.example"}),
        entra.http.get(f"{entra.path}/Users"),
    ]
    assert {answer.content_type for answer in answers} == {SCIM}


def test_e20_schemas_are_a_list_in_camel_case_without_nulls(entra: Pushing) -> None:
    answer = entra.get("/Schemas")
    assert answer.json["totalResults"] == len(answer.json["Resources"]) == 3
    assert b"null" not in answer.data
    assert b"multiValued" in answer.data


def test_e22_a_query_string_in_the_base_url_still_routes(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    assert entra.get(f"/Users/{user}?aadOptscim062020").status_code == 200
    found = entra.get('/Users?aadOptscim062020&filter=userName eq "ada@acme.example"')
    assert found.json["totalResults"] == 1


def test_e23_the_validators_odd_values_are_understood(entra: Pushing) -> None:
    roles = [{"primary": "True", "display": "A", "value": "B", "type": "C"}]
    user = entra.user("ada@acme.example", roles=roles, timezone="America/Argentina/San_Luis")
    assert user["roles"] == [{"primary": True, "display": "A", "value": "B", "type": "C"}]


def test_v1_posted_user_comes_back_with_id_resource_type_and_location(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")
    assert user["meta"]["resourceType"] == "User"
    assert user["meta"]["location"] == f"{entra.base_url}/Users/{user['id']}"


def test_v2_duplicate_user_answers_409_uniqueness(entra: Pushing) -> None:
    entra.user("ada@acme.example")
    answer = entra.post("/Users", {"schemas": [USER], "userName": "ADA@acme.example"})
    assert (answer.status_code, answer.json["status"], answer.json["scimType"]) == (409, "409", "uniqueness")
    assert "userName" in answer.json["detail"]


def test_v3_deleted_user_answers_204_then_404(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    assert entra.delete(f"/Users/{user}").status_code == 204
    assert entra.get(f"/Users/{user}").status_code == 404
    assert _ids(entra, "/Users", 'userName eq "ada@acme.example"') == []
    assert entra.user("ada@acme.example")["id"] != user


def test_v4_v5_v6_filter_existing_missing_and_in_other_case(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    assert _ids(entra, "/Users", 'userName eq "ada@acme.example"') == [user]
    assert _ids(entra, "/Users", 'userName eq "bob@acme.example"') == []
    assert _ids(entra, "/Users", 'userName eq "ADA@ACME.EXAMPLE"') == [user]


def test_v7_v10_several_attributes_replaced_and_added(entra: Pushing) -> None:
    user = entra.user("ada@acme.example", title="Old", nickName="Old")["id"]
    answer = entra.patch(
        f"/Users/{user}",
        {"op": "Replace", "path": "title", "value": "New"},
        {"op": "Replace", "path": "nickName", "value": "New"},
        {"op": "Add", "path": "locale", "value": "de-DE"},
    )
    assert [answer.json[name] for name in ("title", "nickName", "locale")] == ["New", "New", "de-DE"]


def test_v8_path_less_replace_of_the_user_name(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    assert (
        entra.patch(f"/Users/{user}", {"op": "replace", "value": {"userName": "eve@acme.example"}}).status_code == 200
    )
    assert _ids(entra, "/Users", 'userName eq "eve@acme.example"') == [user]
    assert _ids(entra, "/Users", 'userName eq "ada@acme.example"') == []


def test_v9_disabled_user_shows_active_false_by_id_and_filter(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    entra.patch(f"/Users/{user}", {"op": "Replace", "path": "active", "value": False})
    assert entra.get(f"/Users/{user}").json["active"] is False
    assert entra.filter("/Users", 'userName eq "ada@acme.example"').json["Resources"][0]["active"] is False
    assert _ids(entra, "/Users", "active eq false") == [user]


def test_v11_v12_v13_manager_added_replaced_and_removed_by_an_empty_value(entra: Pushing) -> None:
    user = entra.user("ada@acme.example", **{ENTERPRISE: {"department": "R&D"}})["id"]
    path = f"/Users/{user}"
    assert _manager(entra.patch(path, {"op": "Add", "path": MANAGER, "value": "m1"}).json) == {"value": "m1"}
    assert _manager(entra.patch(path, {"op": "Replace", "path": MANAGER, "value": {"value": "m2"}}).json) == {
        "value": "m2"
    }
    for empty in ("", {"value": ""}):
        entra.patch(path, {"op": "Add", "path": MANAGER, "value": "m1"})
        assert _manager(entra.patch(path, {"op": "Replace", "path": MANAGER, "value": empty}).json) is None
    entra.patch(path, {"op": "Add", "path": MANAGER, "value": "m1"})
    nested = entra.patch(path, {"op": "Replace", "value": {ENTERPRISE: {"manager": {"value": ""}, "division": "D"}}})
    assert nested.json[ENTERPRISE] == {"department": "R&D", "division": "D"}


def test_v14_v15_group_created_once_and_refused_twice(entra: Pushing) -> None:
    entra.group("Admins")
    answer = entra.post("/Groups", {"schemas": [GROUP], "displayName": "ADMINS"})
    assert (answer.status_code, answer.json["scimType"]) == (409, "uniqueness")


def test_v17_deleted_group_answers_204_then_404(entra: Pushing) -> None:
    group = entra.group("Admins", entra.user("ada@acme.example")["id"])["id"]
    assert entra.delete(f"/Groups/{group}").status_code == 204
    assert entra.get(f"/Groups/{group}").status_code == 404
    assert entra.group("Admins")["members"] == []


def test_v18_to_v21_groups_filtered_with_and_without_members_none_and_in_other_case(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    group = entra.group("Admins", user)["id"]
    full = entra.filter("/Groups", 'displayName eq "ADMINS"').json["Resources"]
    assert [(one["id"], [member["value"] for member in one["members"]]) for one in full] == [(group, [user])]
    assert _ids(entra, "/Groups", 'displayName eq "Nobody"') == []


def test_v22_v23_group_display_name_and_external_id_patched(entra: Pushing) -> None:
    group = entra.group("Admins")["id"]
    entra.patch(f"/Groups/{group}", {"op": "Replace", "path": "displayName", "value": "Owners"})
    entra.patch(f"/Groups/{group}", {"op": "Replace", "path": "externalId", "value": "x-1"})
    assert _ids(entra, "/Groups", 'externalId eq "x-1" and displayName eq "owners"') == [group]


def test_v24_v25_member_added_and_removed(entra: Pushing) -> None:
    user, group = entra.user("ada@acme.example")["id"], entra.group("Admins")["id"]
    entra.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": user}]})
    assert entra.member_ids(group) == [user]
    entra.patch(f"/Groups/{group}", {"op": "Remove", "path": f'members[value eq "{user}"]'})
    assert entra.member_ids(group) == []


def test_validator_preview_group_add_and_remove_in_one_patch(entra: Pushing) -> None:
    users = sorted(entra.user(f"user{number}@acme.example")["id"] for number in range(3))
    group = entra.group("Admins", users[0])["id"]
    entra.patch(
        f"/Groups/{group}",
        {"op": "Add", "path": "members", "value": [{"value": users[1]}, {"value": users[2]}]},
        {"op": "Remove", "path": f'members[value eq "{users[0]}"]'},
        {"op": "Remove", "path": f'members[value eq "{users[2]}"]'},
    )
    assert entra.member_ids(group) == [users[1]]


def test_validator_preview_same_attribute_several_times_in_order(entra: Pushing) -> None:
    user = entra.user("ada@acme.example")["id"]
    operations = [{"op": "Replace", "path": "title", "value": value} for value in ("one", "two", "three")]
    assert entra.patch(f"/Users/{user}", *operations).json["title"] == "three"


def test_validator_preview_deleting_the_unknown_and_deleting_twice(entra: Pushing) -> None:
    user, group = entra.user("ada@acme.example")["id"], entra.group("Admins")["id"]
    for path in (f"/Users/{user}", f"/Groups/{group}"):
        assert [entra.delete(path).status_code for _ in range(2)] == [204, 404]
    assert entra.delete(f"/Users/{uuid.uuid4()}").status_code == 404
    assert entra.delete(f"/Groups/{uuid.uuid4()}").status_code == 404


def _ids(pushing: Pushing, endpoint: str, text: str) -> list[str]:
    answer = pushing.filter(endpoint, text)
    assert answer.status_code == 200, answer.text
    assert answer.json["totalResults"] == len(answer.json["Resources"])
    return [one["id"] for one in answer.json["Resources"]]


def _manager(user: dict[str, dict[str, object]]) -> object:
    return user.get(ENTERPRISE, {}).get("manager")

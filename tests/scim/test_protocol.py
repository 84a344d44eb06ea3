"""What a directory announces works: ETags, sorting, root search, bulk, projection, and the rest of the RFCs."""

from __future__ import annotations

import pytest

from tests.scim.application import ENTERPRISE, GROUP, LIST_RESPONSE, PATCH_OP, USER, Pushing

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def test_service_provider_config_announces_what_these_tests_show(generic: Pushing) -> None:
    config = generic.get("/ServiceProviderConfig").json
    supported = {name: one["supported"] for name, one in config.items() if isinstance(one, dict) and "supported" in one}
    assert supported == {
        "patch": True,
        "bulk": True,
        "filter": True,
        "changePassword": False,
        "sort": True,
        "etag": True,
    }
    assert config["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 1_000,
        "maxPageSize": 1_000,
        "cursorTimeout": 86_400,
    }
    assert (config["bulk"]["maxPayloadSize"], config["filter"]["maxResults"]) == (1_048_576, 1_000)


def test_schemas_leave_out_what_doorward_does_not_do(generic: Pushing) -> None:
    attributes = {one["name"] for one in generic.get(f"/Schemas/{USER}").json["attributes"]}
    assert {"userName", "emails", "groups"} <= attributes
    assert "password" not in attributes
    members = next(one for one in generic.get(f"/Schemas/{GROUP}").json["attributes"] if one["name"] == "members")
    kinds = {one["name"]: one.get("canonicalValues") for one in members["subAttributes"]}
    assert kinds == {"value": None, "$ref": None, "type": ["User"]}


def test_every_single_resource_answer_has_location_and_etag(generic: Pushing) -> None:
    created = generic.post("/Users", {"schemas": [USER], "userName": "ada"})
    path = f"/Users/{created.json['id']}"
    answers = [
        created,
        generic.get(path),
        generic.put(path, {"schemas": [USER], "userName": "ada", "title": "x"}),
        generic.patch(path, {"op": "replace", "path": "title", "value": "y"}),
    ]
    assert [answer.headers["Location"] for answer in answers] == [f"{generic.base_url}{path}"] * 4
    assert [answer.headers["ETag"] for answer in answers] == ['W/"1"', 'W/"1"', 'W/"2"', 'W/"3"']
    assert [answer.json["meta"]["version"] for answer in answers] == [answer.headers["ETag"] for answer in answers]


def test_mismatching_if_match_is_refused_and_a_write_without_it_never(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    group = generic.group("Admins", user)["id"]
    title = {"op": "replace", "path": "title", "value": "x"}
    name = {"op": "replace", "path": "displayName", "value": "x"}
    stale, fresh = {"If-Match": 'W/"7"'}, {"If-Match": 'W/"1"'}
    assert generic.patch(f"/Users/{user}", title, headers=stale).status_code == 412
    assert generic.patch(f"/Groups/{group}", name, headers=stale).status_code == 412
    assert generic.put(f"/Users/{user}", {"userName": "x"}, headers=stale).status_code == 412
    assert generic.delete(f"/Users/{user}", headers=stale).status_code == 412
    assert generic.patch(f"/Users/{user}", title, headers=fresh).status_code == 200
    assert generic.patch(f"/Groups/{group}", name, headers=fresh).status_code == 200
    assert generic.delete(f"/Users/{user}", headers={"If-Match": "*"}).status_code == 204


def test_if_none_match_answers_304_without_body(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    answer = generic.get(f"/Users/{user}", headers={"If-None-Match": 'W/"1"'})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", 'W/"1"')
    assert generic.get(f"/Users/{user}", headers={"If-None-Match": 'W/"2"'}).status_code == 200


def test_writes_that_change_nothing_keep_version_and_date(generic: Pushing) -> None:
    user = generic.user("ada", title="x")
    path = f"/Users/{user['id']}"
    assert generic.patch(path, {"op": "replace", "path": "title", "value": "x"}).json == user
    assert generic.put(path, {"schemas": [USER], "userName": "ada", "title": "x"}).json == user


def test_post_without_active_is_active_and_later_silence_changes_nothing(generic: Pushing) -> None:
    """A body that does not mention `active` must neither suspend someone nor bring someone back who left."""
    user = generic.user("ada")
    path, body = f"/Users/{user['id']}", {"schemas": [USER], "userName": "ada"}
    assert user["active"] is True
    assert generic.put(path, {**body, "title": "x"}).json["active"] is True
    generic.patch(path, {"op": "replace", "path": "active", "value": False})
    assert generic.put(path, {**body, "title": "y"}).json["active"] is False
    removed = generic.patch(path, {"op": "remove", "path": "active"})
    assert "active" not in removed.json
    assert generic.put(path, {**body, "title": "z"}).json["active"] is False
    assert generic.put(path, {**body, "active": True}).json["active"] is True


def test_put_removes_what_it_does_not_name_and_ignores_what_it_may_not_write(generic: Pushing) -> None:
    user = generic.user("ada", title="x", **{ENTERPRISE: {"department": "R&D"}})
    body = {"schemas": [USER], "id": "another", "userName": "ada", "meta": {"created": "2000-01-01T00:00:00Z"}}
    answer = generic.put(f"/Users/{user['id']}", body)
    assert (answer.json["id"], answer.json["meta"]["created"]) == (user["id"], user["meta"]["created"])
    assert (answer.json.get("title"), answer.json["schemas"]) == (None, [USER])
    assert generic.put("/Users/unknown", body).status_code == 404


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"attributes": "userName"}, {"schemas", "id", "userName"}),
        ({"attributes": "name.givenName,emails.value"}, {"schemas", "id", "name", "emails"}),
        ({"attributes": f"{USER}:title"}, {"schemas", "id", "title"}),
        ({"attributes": f"{ENTERPRISE}:department"}, {"schemas", "id", ENTERPRISE}),
        ({"attributes": "meta.version"}, {"schemas", "id", "meta"}),
        ({"attributes": "shoeSize"}, {"schemas", "id"}),
        (
            {"excludedAttributes": "id,schemas,meta,emails,name,groups"},
            {"schemas", "id", "userName", "title", "active", ENTERPRISE},
        ),
        (
            {"excludedAttributes": f"name.givenName,meta,{ENTERPRISE}"},
            {"schemas", "id", "userName", "title", "active", "emails", "name", "groups"},
        ),
    ],
)
def test_projection_keeps_what_was_asked_for(generic: Pushing, parameters: dict[str, str], expected: set[str]) -> None:
    user = generic.user(
        "ada",
        title="x",
        name={"givenName": "Ada", "familyName": "L"},
        emails=[{"value": "ada@acme.example", "type": "work"}],
        **{ENTERPRISE: {"department": "R&D", "division": "D"}},
    )["id"]
    generic.group("Admins", user)
    read = generic.get(f"/Users/{user}", query_string=parameters).json
    assert set(read) == expected
    listed = generic.get("/Users", query_string=parameters).json["Resources"][0]
    assert listed == read
    patched = generic.patch(f"/Users/{user}", {"op": "add", "path": "title", "value": "x"}, query_string=parameters)
    assert patched.json == read


def test_projection_reaches_into_values(generic: Pushing) -> None:
    user = generic.user("ada", name={"givenName": "A", "familyName": "L"}, emails=[{"value": "a@b.c", "type": "work"}])[
        "id"
    ]
    kept = generic.get(f"/Users/{user}", query_string={"attributes": "name.givenName,emails.value"}).json
    assert (kept["name"], kept["emails"]) == ({"givenName": "A"}, [{"value": "a@b.c"}])
    dropped = generic.get(f"/Users/{user}", query_string={"excludedAttributes": "name.givenName,emails.value"}).json
    assert (dropped["name"], dropped["emails"]) == ({"familyName": "L"}, [{"type": "work"}])


def test_sorting_orders_before_paging(generic: Pushing) -> None:
    for name in ("bob", "Carol", "alice"):
        generic.user(name)
    names = _names(generic, sortBy="userName", count="2")
    assert names == ["alice", "bob"]
    assert _names(generic, sortBy="userName", sortOrder="descending") == ["Carol", "bob", "alice"]


def test_root_search_holds_both_kinds_and_posted_searches_work_too(generic: Pushing) -> None:
    user = generic.user("ada", displayName="Ada")["id"]
    group = generic.group("Admins", user)["id"]
    everything = generic.get("/").json
    assert {one["id"] for one in everything["Resources"]} == {user, group}
    search = {
        "schemas": [SEARCH],
        "filter": 'displayName sw "A"',
        "sortBy": "displayName",
        "attributes": ["displayName"],
    }
    for path, expected in (("/.search", ["Ada", "Admins"]), ("/Groups/.search", ["Admins"])):
        found = generic.post(path, search).json
        assert found["schemas"] == [LIST_RESPONSE]
        assert [one["displayName"] for one in found["Resources"]] == expected
    only_users = generic.post("/.search", {"schemas": [SEARCH], "filter": "userName pr"}).json
    assert [one["id"] for one in only_users["Resources"]] == [user]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"', ["ada"]),
        ('schemas ne "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"', ["bob"]),
        ('meta.resourceType eq "User"', ["ada", "bob"]),
        ('meta.version eq "W/\\"1\\""', ["ada", "bob"]),
        ("emails.type eq null", ["bob"]),
        ("emails.type ne null", ["ada"]),
        ('emails[type eq "work" and not (primary eq true)]', []),
        ('emails[value co "acme" and primary pr]', ["ada"]),
        ('emails[type ne "home" or value eq null]', ["ada", "bob"]),
        ('manager eq "x" or title sw "Bo"', None),
        (f'{ENTERPRISE}:manager.value eq "m1"', ["ada"]),
        (f"{ENTERPRISE}:manager pr", ["ada"]),
        (f'{ENTERPRISE}:manager ne "x"', ["ada", "bob"]),
        ('name eq null and userName ne "x"', ["ada", "bob"]),
        ("groups pr", ["ada"]),
        ('groups.type eq "direct" and not (groups.value eq "x")', ["ada"]),
        ('x509Certificates.value eq "YQ=="', ["bob"]),
        ("active eq true and externalId eq null", ["ada", "bob"]),
        ('externalId ne "x" and externalId co ""', []),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName EQ "ADA"', ["ada"]),
    ],
)
def test_filters_beyond_the_contract(generic: Pushing, text: str, expected: list[str] | None) -> None:
    emails = [{"value": "ada@acme.example", "type": "work", "primary": True}]
    ada = generic.user("ada", emails=emails, **{ENTERPRISE: {"manager": {"value": "m1"}}})
    generic.user("bob", emails=[{"value": "bob@home.example"}], x509Certificates=[{"value": "YQ=="}])
    generic.group("Admins", ada["id"])
    answer = generic.filter("/Users", text, sortBy="userName")
    if expected is None:
        assert answer.status_code == 400
    else:
        assert [one["userName"] for one in answer.json["Resources"]] == expected, answer.text


def test_bulk_creates_users_then_their_group_and_reports_each(generic: Pushing) -> None:
    operations = [
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "g",
            "data": {"schemas": [GROUP], "displayName": "Admins", "members": [{"value": "bulkId:u"}]},
        },
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"schemas": [USER], "userName": "ada"}},
        {"method": "POST", "path": "/Users", "bulkId": "d", "data": {"schemas": [USER], "userName": "ADA"}},
    ]
    answer = generic.post("/Bulk", {"schemas": [BULK], "Operations": operations})
    assert [one["status"] for one in answer.json["Operations"]] == ["201", "201", "409"]
    group = answer.json["Operations"][0]["location"].rpartition("/")[2]
    user = answer.json["Operations"][1]["location"].rpartition("/")[2]
    assert generic.member_ids(group) == [user]


def test_bulk_patches_replaces_and_deletes_and_one_failure_leaves_the_rest(generic: Pushing) -> None:
    user, group = generic.user("ada")["id"], generic.group("Admins")["id"]
    add = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "members", "value": [{"value": user}]}]}
    title = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "x"}]}
    operations = [
        {"method": "PATCH", "path": f"/Groups/{group}", "data": add},
        {"method": "PATCH", "path": f"/Users/{user}", "data": title},
        {"method": "DELETE", "path": "/Users/unknown"},
        {"method": "PUT", "path": f"/Users/{user}", "data": {"schemas": [USER], "userName": "ada", "title": "y"}},
        {"method": "DELETE", "path": f"/Groups/{group}", "version": 'W/"1"'},
        {"method": "DELETE", "path": f"/Groups/{group}", "version": 'W/"2"'},
    ]
    answer = generic.post("/Bulk", {"schemas": [BULK], "Operations": operations})
    assert [one["status"] for one in answer.json["Operations"]] == ["200", "200", "404", "200", "412", "204"]
    assert generic.get(f"/Users/{user}").json["title"] == "y"
    stopped = generic.post("/Bulk", {"schemas": [BULK], "failOnErrors": 1, "Operations": operations[2:4]})
    assert [one["status"] for one in stopped.json["Operations"]] == ["404"]


def test_head_trailing_slash_and_lower_case_parameters_work(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    head = generic.send("HEAD", f"/Users/{user}")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", 'W/"1"')
    assert generic.get(f"/Users/{user}/").json["id"] == user
    assert generic.get("/Users/").json["totalResults"] == 1
    assert generic.get("/users").json["totalResults"] == 1
    assert generic.get("").json["totalResults"] == 1
    assert generic.get("/Users", query_string={"startindex": "2"}).json["startIndex"] == 2


def test_total_is_right_on_every_page_and_past_the_end(generic: Pushing) -> None:
    for number in range(5):
        generic.user(f"user{number}")
    for start, count, size in ((1, 2, 2), (5, 2, 1), (6, 2, 0), (100, 10, 0), (1, 0, 0), (1, 5, 5)):
        page = generic.get("/Users", query_string={"startIndex": start, "count": count}).json
        assert (page["totalResults"], page["itemsPerPage"], len(page["Resources"])) == (5, size, size)


def test_user_answered_204_nowhere_and_deleted_without_body(generic: Pushing) -> None:
    answer = generic.delete(f"/Users/{generic.user('ada')['id']}")
    assert (answer.status_code, answer.data) == (204, b"")


def _names(pushing: Pushing, **parameters: str) -> list[str]:
    return [one["userName"] for one in pushing.get("/Users", query_string=parameters).json["Resources"]]

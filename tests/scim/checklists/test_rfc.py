"""The requirements of RFC 7644 (rows 15 to 43); RFC 7643 is in test_rfc_schemas.py, RFC 9865 in test_rfc_cursors.py."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import pytest

from app.rules.ids import Prefix
from app.store.directories import DirectoryToken
from tests.scim.application import (
    BASE_URL,
    ENTERPRISE,
    GROUP,
    LIST_RESPONSE,
    PATCH_OP,
    SCIM,
    USER,
    Installation,
    Pushing,
)
from tests.scim.checklists.origins import rfc
from tests.scim.checklists.reading import ids, names, refused

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
ADA = {"schemas": [USER], "userName": "ada"}


@pytest.fixture
def other(installation: Installation) -> Pushing:
    """A directory of another organization."""
    return installation.directory("okta")


@rfc("7644 2")
def test_rfc_15_request_without_a_token_is_told_how_to_authenticate(generic: Pushing) -> None:
    for path in ("/Users", "/Groups", "/Schemas"):
        answer: Any = generic.http.get(f"{generic.path}{path}")
        refused(answer, 401)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="SCIM"'
    assert "?" not in generic.base_url


@rfc("7644 3.1")
def test_rfc_16_unknown_query_parameters_are_ignored(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    for path in ("/Users?shoeSize=42", f"/Users/{user}?_=1", '/Users?filter=userName+eq+"ada"&x=y&'):
        assert generic.get(path).status_code == 200
    assert generic.delete(f"/Users/{user}?why=left").status_code == 204


@rfc("7644 3.3")
def test_rfc_17_created_resource_comes_back_with_its_location(generic: Pushing) -> None:
    answer = generic.post("/Users", {**ADA, "id": "mine", "groups": [{"value": "x"}]})
    assert answer.status_code == 201
    assert answer.headers["Location"] == answer.json["meta"]["location"]
    assert answer.json == generic.get(f"/Users/{answer.json['id']}").json
    refused(generic.post("/Users", ADA), 409, "uniqueness")


@rfc("7644 3.4.1")
def test_rfc_18_resource_is_read_by_id_or_not_found(generic: Pushing) -> None:
    user = generic.user("ada")
    assert generic.get(f"/Users/{user['id']}").json == user
    for path in ("/Users/unknown", f"/Groups/{user['id']}", "/Robots/1"):
        refused(generic.get(path), 404)


@rfc("7644 3.4.2")
def test_rfc_19_query_answers_a_list_with_a_total(generic: Pushing) -> None:
    user = generic.user("ada")
    listed = generic.get("/Users").json
    assert (listed["schemas"], listed["totalResults"], listed["Resources"]) == ([LIST_RESPONSE], 1, [user])
    nothing = generic.filter("/Users", 'userName eq "nobody"')
    assert (nothing.status_code, nothing.json["schemas"], nothing.json["totalResults"]) == (200, [LIST_RESPONSE], 0)


@rfc("7644 3.4.2.1")
def test_rfc_20_query_of_the_root_covers_every_type(generic: Pushing) -> None:
    user = generic.user("ada", displayName="Ada", title="x")["id"]
    group = generic.group("Admins", user)["id"]
    assert set(ids(generic.get("/"))) == {user, group}
    assert ids(generic.filter("/", 'displayName sw "A"', sortBy="displayName")) == [user, group]
    assert ids(generic.filter("/", 'title eq "x"')) == [user]
    assert ids(generic.filter("/", 'meta.resourceType eq "Group"')) == [group]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('title eq "b" or title eq "a" and userName eq "bob"', ["bob", "carol"]),
        ('(title eq "b" or title eq "a") and userName eq "bob"', ["bob"]),
        ('not (title eq "a") and userName ne "carol"', ["bob"]),
        ('title pr and not (userName sw "c")', ["ada", "bob"]),
        ('userName co "a" and userName ew "L"', ["carol"]),
        ('userName gt "ada" and userName le "bob"', ["bob"]),
        ('userName ge "bob" and userName lt "carol"', ["bob"]),
        ('emails[type eq "work" and value co "acme"]', ["ada"]),
        ('emails[type eq "home"] or externalId eq "X"', ["bob", "carol"]),
        ('externalId eq "x"', []),
        ("active eq true and (title pr)", ["ada", "bob", "carol"]),
    ],
)
@rfc("7644 3.4.2.2")
def test_rfc_21_filter_grammar_and_precedence(generic: Pushing, text: str, expected: list[str]) -> None:
    generic.user("ada", title="a", emails=[{"value": "ada@acme.example", "type": "work"}])
    generic.user("bob", title="b", emails=[{"value": "bob@acme.example", "type": "home"}])
    generic.user("carol", title="b", externalId="X")
    assert names(generic, filter=text, sortBy="userName") == expected


@pytest.mark.parametrize(
    "text", ['active gt "true"', 'userName is "x"', 'x509Certificates.value lt "YQ=="', "userName"]
)
@rfc("7644 3.4.2.2")
def test_rfc_21_filter_that_makes_no_sense_is_invalid(generic: Pushing, text: str) -> None:
    refused(generic.filter("/Users", text), 400, "invalidFilter")


@rfc("7644 3.4.2.3")
def test_rfc_22_sorting_ascends_by_default_ignores_case_and_puts_missing_last(generic: Pushing) -> None:
    for name, title in (("bob", "y"), ("Carol", None), ("alice", "X")):
        generic.user(name, title=title)
    assert names(generic, sortBy="userName") == ["alice", "bob", "Carol"]
    assert names(generic, sortBy="userName", count="2") == ["alice", "bob"]
    assert names(generic, sortBy="userName", sortOrder="descending") == ["Carol", "bob", "alice"]
    assert names(generic, sortBy="title") == ["alice", "bob", "Carol"]
    assert names(generic, sortBy="title", sortOrder="descending") == ["Carol", "bob", "alice"]


@rfc("7644 3.4.2.4")
def test_rfc_23_odd_page_numbers_mean_the_nearest_sensible_ones(generic: Pushing) -> None:
    for number in range(3):
        generic.user(f"user{number}")
    for start, count, first, size in ((0, 2, 1, 2), (-5, 2, 1, 2), (1, -1, 1, 0), (2, 0, 2, 0), (3, 5, 3, 1)):
        page = generic.get(f"/Users?startIndex={start}&count={count}").json
        assert (page["startIndex"], page["itemsPerPage"], len(page["Resources"])) == (first, size, size)
        assert page["totalResults"] == 3


@rfc("7644 3.4.2.5, 3.9")
def test_rfc_24_wanted_attributes_count_wherever_a_resource_is_answered(generic: Pushing) -> None:
    wanted, unwanted = {"attributes": "title"}, {"excludedAttributes": "id,meta,active,title"}
    body = {**ADA, "title": "x"}
    posted = generic.post("/Users", body, query_string=wanted)
    path = f"/Users/{posted.json['id']}"
    title = {"op": "replace", "path": "title", "value": "x"}
    search = {"schemas": [SEARCH], "attributes": ["title"]}
    answers = [posted.json, generic.get(path, query_string=wanted).json]
    answers += [generic.put(path, body, query_string=wanted).json, generic.patch(path, title, query_string=wanted).json]
    answers += generic.get("/Users", query_string=wanted).json["Resources"]
    answers += generic.post("/Users/.search", search).json["Resources"]
    assert answers == [{"schemas": [USER], "id": posted.json["id"], "title": "x"}] * 6
    assert set(generic.get(path, query_string=unwanted).json) == {"schemas", "id", "userName"}


@rfc("7644 3.4.3")
def test_rfc_25_search_may_be_posted(generic: Pushing) -> None:
    user = generic.user("ada", displayName="Ada")["id"]
    group = generic.group("Admins", user)["id"]
    search = {
        "schemas": [SEARCH],
        "filter": 'displayName sw "A"',
        "sortBy": "displayName",
        "count": 10,
        "startIndex": 1,
    }
    for path, expected in (("/.search", [user, group]), ("/Groups/.search", [group]), ("/Users/.search", [user])):
        found = generic.post(path, search)
        assert (found.json["schemas"], ids(found)) == ([LIST_RESPONSE], expected)


@rfc("7644 3.5.1")
def test_rfc_26_put_replaces_what_it_may_write_and_never_creates(generic: Pushing) -> None:
    user = generic.user("ada", title="x", **{ENTERPRISE: {"department": "R&D"}})
    body = {**ADA, "id": "another", "meta": {"created": "2000-01-01T00:00:00Z"}, "nickName": "n"}
    answer = generic.put(f"/Users/{user['id']}", body)
    assert (answer.json["id"], answer.json["meta"]["created"]) == (user["id"], user["meta"]["created"])
    assert (answer.json.get("title"), answer.json["nickName"], answer.json["schemas"]) == (None, "n", [USER])
    refused(generic.put("/Users/unknown", body), 404)
    assert generic.get("/Users").json["totalResults"] == 1


@rfc("7644 3.5.2")
def test_rfc_27_patch_needs_its_schema_and_is_all_or_nothing(generic: Pushing) -> None:
    user = generic.user("ada")
    path, title = f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "x"}
    assert generic.send("PATCH", path, {"schemas": [USER], "Operations": [title]}).status_code == 400
    assert generic.send("PATCH", path, {"schemas": [PATCH_OP]}).status_code == 400
    assert generic.patch(path, title, {"op": "replace", "path": "userName", "value": ""}).status_code == 400
    assert generic.get(path).json == user
    answer = generic.patch(path, title)
    assert (answer.status_code, answer.json) == (200, generic.get(path).json)


@rfc("7644 3.5.2")
def test_rfc_27_patch_that_asks_for_attributes_answers_200_even_where_204_is_the_rule(entra: Pushing) -> None:
    group = entra.group("Admins")["id"]
    rename = {"op": "replace", "path": "displayName", "value": "Owners"}
    asked = entra.patch(f"/Groups/{group}", rename, query_string={"attributes": "displayName"})
    assert (asked.status_code, asked.json["displayName"]) == (200, "Owners")
    assert entra.patch(f"/Groups/{group}", rename).status_code == 204


@rfc("7644 3.5.2.1")
def test_rfc_28_adding_what_is_there_keeps_the_version_and_the_date(generic: Pushing) -> None:
    email = {"value": "ada@acme.example", "type": "work"}
    user = generic.user("ada", emails=[email], title="x")
    path = f"/Users/{user['id']}"
    for path_and_value in (
        {"path": "emails", "value": [email]},
        {"path": "title", "value": "x"},
        {"value": {"title": "x"}},
    ):
        assert generic.patch(path, {"op": "add", **path_and_value}).json == user
    assert generic.put(path, {**ADA, "emails": [email], "title": "x"}).json == user
    group = generic.group("Admins", user["id"])
    again = {"op": "add", "path": "members", "value": [{"value": user["id"], "display": "another name"}]}
    assert generic.patch(f"/Groups/{group['id']}", again).json == group


@rfc("7644 3.5.2.2")
def test_rfc_29_remove_needs_a_target_that_may_go(generic: Pushing) -> None:
    user = generic.user("ada", title="x", emails=[{"value": "a", "type": "work"}, {"value": "b", "type": "home"}])["id"]
    refused(generic.patch(f"/Users/{user}", {"op": "remove"}), 400, "noTarget")
    for path in ("userName", "groups"):
        refused(generic.patch(f"/Users/{user}", {"op": "remove", "path": path}), 400, "mutability")
    left = generic.patch(f"/Users/{user}", {"op": "remove", "path": 'emails[type eq "home"]'}).json
    assert left["emails"] == [{"value": "a", "type": "work"}]
    assert "title" not in generic.patch(f"/Users/{user}", {"op": "remove", "path": "title"}).json


@rfc("7644 3.5.2.3")
def test_rfc_30_replace_of_what_is_absent_adds_it(generic: Pushing) -> None:
    """A filter that matches nothing creates its entry, against the RFC, because Entra needs it (E10)."""
    path = f"/Users/{generic.user('ada')['id']}"
    assert generic.patch(path, {"op": "replace", "path": "title", "value": "x"}).json["title"] == "x"
    created = generic.patch(path, {"op": "replace", "path": 'emails[type eq "work"].value', "value": "a@acme.example"})
    assert created.json["emails"] == [{"type": "work", "value": "a@acme.example"}]
    unmatched = {"op": "replace", "path": 'emails[type ne "work"].value', "value": "b@acme.example"}
    refused(generic.patch(path, unmatched), 400, "noTarget")


@rfc("7644 3.5.2")
def test_rfc_31_new_primary_value_clears_the_others(generic: Pushing) -> None:
    emails = [{"value": "a@acme.example", "primary": True}, {"value": "b@acme.example"}]
    path = f"/Users/{generic.user('ada', emails=emails)['id']}"
    added = {"op": "add", "path": "emails", "value": [{"value": "c@acme.example", "primary": True}]}
    assert [one.get("primary", False) for one in generic.patch(path, added).json["emails"]] == [False, False, True]
    moved = {"op": "replace", "path": 'emails[value eq "b@acme.example"].primary', "value": True}
    assert [one.get("primary", False) for one in generic.patch(path, moved).json["emails"]] == [False, True, False]


@rfc("7644 3.6")
def test_rfc_32_deleted_resource_is_gone_everywhere_and_frees_its_names(generic: Pushing) -> None:
    user = generic.user("ada", externalId="1")["id"]
    group = generic.group("Admins", user)["id"]
    answer = generic.delete(f"/Users/{user}")
    assert (answer.status_code, answer.data) == (204, b"")
    patch = generic.patch(f"/Users/{user}", {"op": "replace", "path": "title", "value": "x"})
    for gone in (
        generic.get(f"/Users/{user}"),
        generic.put(f"/Users/{user}", ADA),
        patch,
        generic.delete(f"/Users/{user}"),
    ):
        refused(gone, 404)
    assert (ids(generic.filter("/Users", 'userName eq "ada"')), generic.member_ids(group)) == ([], [])
    assert generic.user("ada", externalId="1")["id"] != user


@rfc("7644 3.7, 3.7.2")
def test_rfc_33_bulk_creates_users_before_their_group_and_reports_each(generic: Pushing) -> None:
    group = {"schemas": [GROUP], "displayName": "Admins", "members": [{"value": "bulkId:u"}]}
    operations = [
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": group},
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": ADA},
        {"method": "POST", "path": "/Users", "bulkId": "d", "data": {**ADA, "userName": "ADA"}},
    ]
    answer = generic.post("/Bulk", {"schemas": [BULK], "Operations": operations}).json["Operations"]
    assert [one["status"] for one in answer] == ["201", "201", "409"]
    assert ["location" in one for one in answer] == [True, True, False]
    group_id, user = (one["location"].rpartition("/")[2] for one in answer[:2])
    assert generic.member_ids(group_id) == [user]


@rfc("7644 3.7, 3.7.3, 3.7.4")
def test_rfc_33_bulk_goes_on_after_failures_until_there_are_too_many(generic: Pushing) -> None:
    user, group = generic.user("ada")["id"], generic.group("Admins")["id"]
    add = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "members", "value": [{"value": user}]}]}
    title = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "x"}]}
    operations = [
        {"method": "PATCH", "path": f"/Groups/{group}", "data": add},
        {"method": "PATCH", "path": f"/Users/{user}", "data": title},
        {"method": "DELETE", "path": "/Users/unknown"},
        {"method": "PUT", "path": f"/Users/{user}", "data": {**ADA, "title": "y"}},
        {"method": "DELETE", "path": f"/Groups/{group}", "version": 'W/"1"'},
        {"method": "DELETE", "path": f"/Groups/{group}", "version": 'W/"2"'},
    ]
    answer = generic.post("/Bulk", {"schemas": [BULK], "Operations": operations}).json["Operations"]
    assert [one["status"] for one in answer] == ["200", "200", "404", "200", "412", "204"]
    assert all("location" in one for one in answer)
    assert generic.get(f"/Users/{user}").json["title"] == "y"
    stopped = generic.post("/Bulk", {"schemas": [BULK], "failOnErrors": 1, "Operations": operations[2:4]})
    assert [one["status"] for one in stopped.json["Operations"]] == ["404"]
    refused(generic.post("/Bulk", {"schemas": [BULK], "Operations": operations[2:3] * 1_001}), 413)


@pytest.mark.parametrize("accept", [SCIM, "application/json", "*/*", f"{SCIM}, application/json;q=0.5"])
@rfc("7644 3.8")
def test_rfc_34_bodies_are_utf_8_json_whichever_type_is_accepted(generic: Pushing, accept: str) -> None:
    answer = generic.post("/Users", {**ADA, "title": "Ärztin"}, headers={"Accept": accept})
    assert (answer.status_code, answer.content_type) == (201, SCIM)
    assert "Ärztin".encode() in answer.data


@rfc("7644 3.11")
def test_rfc_35_me_is_not_implemented_and_says_so(generic: Pushing) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        refused(generic.send(method, "/Me", ADA if method in ("PUT", "PATCH") else None), 501)


@rfc("7644 3.12")
def test_rfc_36_error_has_its_schema_status_as_text_type_and_detail(generic: Pushing) -> None:
    refused(generic.post("/Users", {"schemas": [USER]}), 400, "invalidValue")
    refused(generic.filter("/Users", "("), 400, "invalidFilter")
    refused(generic.send("POST", "/Users", data=b"{", content_type=SCIM), 400, "invalidSyntax")
    refused(generic.get("/Users/unknown"), 404)


@rfc("7644 3.13")
def test_rfc_37_version_stands_right_before_the_endpoint(generic: Pushing) -> None:
    assert re.fullmatch(rf"{BASE_URL}/scim/[A-Za-z0-9]+/v2", generic.base_url)
    assert generic.user("ada")["meta"]["location"].startswith(f"{generic.base_url}/Users/")
    assert generic.http.get(f"{generic.path.replace('/v2', '/v1')}/Users").status_code == 404


@rfc("7644 3.14")
def test_rfc_38_versions_guard_writes_that_name_one_and_spare_reads(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    group = generic.group("Admins", user)["id"]
    path, title = f"/Users/{user}", {"op": "replace", "path": "title", "value": "x"}
    rename = {"op": "replace", "path": "displayName", "value": "x"}
    stale = {"If-Match": 'W/"7"'}
    for answer in (
        generic.patch(path, title, headers=stale),
        generic.put(path, ADA, headers=stale),
        generic.delete(path, headers=stale),
        generic.patch(f"/Groups/{group}", rename, headers=stale),
    ):
        refused(answer, 412)
    unchanged = generic.get(path, headers={"If-None-Match": 'W/"1"'})
    assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", 'W/"1"')
    fresh = generic.patch(path, title, headers={"If-Match": 'W/"1"'})
    assert (fresh.status_code, fresh.headers["ETag"], fresh.json["meta"]["version"]) == (200, 'W/"2"', 'W/"2"')
    assert generic.get(path, headers={"If-None-Match": 'W/"1"'}).status_code == 200
    assert generic.patch(path, {**title, "value": "y"}).status_code == 200
    assert generic.delete(path, headers={"If-Match": "*"}).status_code == 204


@rfc("7644 4")
def test_rfc_39_discovery_ignores_paging_and_sorting_and_refuses_filters(generic: Pushing) -> None:
    for path, total in (("/Schemas", 3), ("/ResourceTypes", 2)):
        listed = generic.get(f"{path}?startIndex=2&count=1&sortBy=id").json
        assert (listed["totalResults"], len(listed["Resources"])) == (total, total)
        refused(generic.get(f"{path}?filter=id+pr"), 403)
    refused(generic.get("/ServiceProviderConfig?filter=patch+pr"), 403)


@rfc("7644 5, 7.8")
def test_rfc_40_user_names_compare_by_normal_form_and_lower_case(generic: Pushing) -> None:
    user = generic.user("jose\u0301@acme.example")["id"]
    refused(generic.post("/Users", {**ADA, "userName": "JOS\u00c9@acme.example"}), 409, "uniqueness")
    assert ids(generic.filter("/Users", 'userName eq "jos\u00e9@acme.example"')) == [user]


@rfc("7644 6")
def test_rfc_41_directories_share_nothing(generic: Pushing, other: Pushing) -> None:
    mine, theirs = generic.user("ada", externalId="1")["id"], other.user("ada", externalId="1")["id"]
    assert generic.group("Admins")["id"] != other.group("Admins")["id"]
    assert (ids(generic.get("/Users")), ids(other.get("/Users"))) == ([mine], [theirs])
    refused(generic.get(f"/Users/{theirs}"), 404)
    refused(generic.get("/Users", headers={"Authorization": f"Bearer {other.token}"}), 401)


@pytest.mark.parametrize("ending", ["revoked_at", "expires_at"])
@rfc("7644 7.2, 7.4")
def test_rfc_42_token_is_random_kept_as_a_digest_and_ends(
    installation: Installation, generic: Pushing, ending: str
) -> None:
    secret = "scim_" + installation.ports.randomness.token()
    assert len(secret) >= len("scim_") + 43  # 256 bits
    with installation.transactions.writing() as unit:
        row = DirectoryToken(
            id=unit.id(Prefix.TOKEN),
            directory_id=generic.directory.id,
            digest=installation.ports.sealing.digest(secret),
            label="second",
            hint=secret[-4:],
            created_at=unit.now,
            **{ending: unit.now - timedelta(seconds=1)},
        )
        unit.session.add(row)
        assert secret not in row.digest
    refused(generic.get("/Users", headers={"Authorization": f"Bearer {secret}"}), 401)
    assert generic.get("/Users").status_code == 200


@rfc("7644 7.5.2")
def test_rfc_43_logs_keep_no_filter_and_a_search_need_not_stand_in_the_address(
    generic: Pushing, caplog: pytest.LogCaptureFixture
) -> None:
    address = "ada.lovelace@acme.example"
    text = f'userName eq "{address}"'
    with caplog.at_level(logging.DEBUG, logger="doorward"):
        generic.filter("/Users", text)
        generic.filter("/Users", f"{text} and (")
        found = generic.post("/Users/.search", {"schemas": [SEARCH], "filter": text})
    assert found.status_code == 200
    assert address not in caplog.text

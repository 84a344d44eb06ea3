"""The requirements of RFC 7643 (rows 1 to 14): what a resource looks like, and what is said about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.store.mirror_tables import DirectoryUser
from tests.scim.application import BASE_URL, ENTERPRISE, GROUP, USER, Installation, Pushing
from tests.scim.checklists.origins import rfc
from tests.scim.checklists.reading import ids, refused

ADA = {"schemas": [USER], "userName": "ada"}


@pytest.fixture
def other(installation: Installation) -> Pushing:
    """A directory of another organization."""
    return installation.directory("okta")


@rfc("7643 3")
def test_rfc_1_schemas_hold_what_the_resource_uses_once(generic: Pushing) -> None:
    sent = {"schemas": [USER, USER, ENTERPRISE, "urn:example:foreign"], ENTERPRISE: {"department": "R&D"}}
    assert generic.post("/Users", {**ADA, **sent}).json["schemas"] == [USER, ENTERPRISE]
    assert generic.post("/Users", {"schemas": [USER, ENTERPRISE], "userName": "bob"}).json["schemas"] == [USER]
    assert generic.group("Admins")["schemas"] == [GROUP]


@rfc("7643 3")
def test_rfc_1_body_that_names_no_schema_is_read_as_the_core_one_and_answered_with_it(generic: Pushing) -> None:
    """More tolerant than the RFC, which wants them named: there is only one that can be meant."""
    for body in ({"schemas": [], "userName": "ada"}, {"userName": "bob"}):
        answer = generic.post("/Users", body)
        assert (answer.status_code, answer.json["schemas"]) == (201, [USER])


@rfc("7643 3.1")
def test_rfc_2_id_comes_from_the_server_and_is_never_given_twice(generic: Pushing) -> None:
    users = [generic.user(name, id="bulkId")["id"] for name in ("ada", "bob")]
    group = generic.group("Admins", id=users[0])["id"]
    generic.delete(f"/Users/{users[0]}")
    again = generic.user("ada")["id"]
    assert len({*users, group, again}) == 4
    assert "bulkId" not in {*users, group}


@rfc("7643 3.1")
def test_rfc_3_external_id_belongs_to_the_directory_and_counts_its_case(generic: Pushing, other: Pushing) -> None:
    user = generic.user("ada", externalId="Object-1")["id"]
    assert ids(other.filter("/Users", 'externalId eq "Object-1"')) == []
    assert other.user("ada", externalId="Object-1")["id"] != user
    assert ids(generic.filter("/Users", 'externalId eq "Object-1"')) == [user]
    assert ids(generic.filter("/Users", 'externalId eq "object-1"')) == []
    assert "externalId" not in generic.user("bob")


@rfc("7643 3.1")
def test_rfc_4_meta_is_the_servers_and_the_clients_is_ignored(generic: Pushing) -> None:
    meta = {
        "created": "2000-01-01T00:00:00Z",
        "resourceType": "Robot",
        "location": "https://evil.example",
        "version": "x",
    }
    answer = generic.post("/Users", {**ADA, "meta": meta})
    read = answer.json["meta"]
    assert (read["resourceType"], read["version"]) == ("User", 'W/"1"')
    assert read["created"] == read["lastModified"] != meta["created"]
    assert read["location"] == f"{generic.base_url}/Users/{answer.json['id']}" == answer.headers["Content-Location"]
    path, body = f"/Users/{answer.json['id']}", {**ADA, "title": "x"}
    later = [generic.get(path), generic.put(path, body), generic.patch(path, {"op": "remove", "path": "title"})]
    assert {one.headers["Location"] for one in later} == {read["location"]}
    assert [one.headers["ETag"] for one in later] == ['W/"1"', 'W/"2"', 'W/"3"']
    changed = later[-1].json["meta"]
    assert changed["created"] == read["created"] < changed["lastModified"]


@rfc("7643 2.2, 7")
def test_rfc_5_characteristics_of_the_schema_are_honoured(generic: Pushing) -> None:
    user = generic.user("Ada", groups=[{"value": "x"}], externalId="MiXed")
    assert (user["userName"], user["externalId"], user.get("groups")) == ("Ada", "MiXed", None)
    always = generic.get(f"/Users/{user['id']}?attributes=userName").json
    assert set(always) == {"schemas", "id", "userName"}
    refused(generic.post("/Users", {**ADA, "userName": "ADA"}), 409, "uniqueness")
    refused(generic.patch(f"/Users/{user['id']}", {"op": "replace", "path": "groups", "value": []}), 400, "mutability")


@rfc("7643 2.3.5")
def test_rfc_6_times_are_xsd_date_times_and_compare_as_times(generic: Pushing) -> None:
    created = generic.user("ada")["meta"]["created"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", created)
    east = datetime.fromisoformat(created).astimezone(UTC) + timedelta(hours=9)
    shifted = east.replace(tzinfo=None).isoformat() + "+09:00"
    for operator, found in (("ge", 1), ("le", 1), ("gt", 0), ("lt", 0)):
        assert generic.filter("/Users", f'meta.created {operator} "{shifted}"').json["totalResults"] == found


@rfc("7643 2.3.7")
def test_rfc_7_references_can_be_resolved(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    group = generic.group("Admins", user)
    for resource_id, reference in (
        (user, group["members"][0]["$ref"]),
        (group["id"], generic.get(f"/Users/{user}").json["groups"][0]["$ref"]),
        (user, generic.get(f"/Users/{user}").json["meta"]["location"]),
    ):
        answer = generic.get(reference.removeprefix(BASE_URL).removeprefix(generic.path))
        assert (answer.status_code, answer.json["id"]) == (200, resource_id)


@rfc("7643 2.4")
def test_rfc_8_two_primary_values_are_refused(generic: Pushing) -> None:
    emails = [{"value": "a@acme.example", "primary": True}, {"value": "b@acme.example", "primary": True}]
    refused(generic.post("/Users", {**ADA, "emails": emails}), 400, "invalidValue")


@rfc("7643 2.4")
def test_rfc_8_repeated_type_and_value_come_back_once(generic: Pushing) -> None:
    email = {"value": "a@acme.example", "type": "work"}
    assert generic.user("ada", emails=[email, email])["emails"] == [email]


@rfc("7643 2.5")
def test_rfc_9_null_the_empty_list_and_silence_are_one_state(generic: Pushing) -> None:
    users = [
        generic.user("a", title=None, emails=[], name=None),
        generic.user("b"),
        generic.user("c", emails=None, roles=[]),
    ]
    assert len({frozenset(user) for user in users}) == 1
    assert generic.filter("/Users", "emails pr or title pr or name pr").json["totalResults"] == 0
    path = f"/Users/{generic.user('d', title='x')['id']}"
    assert "title" not in generic.put(path, {"schemas": [USER], "userName": "d", "title": None}).json


@rfc("7643 4.1.1")
def test_rfc_10_user_name_is_not_empty_unique_and_case_insensitive(generic: Pushing) -> None:
    for name in ("", "  ", None):
        refused(generic.post("/Users", {**ADA, "userName": name}), 400, "invalidValue")
    user = generic.user("Ada")["id"]
    refused(generic.post("/Users", {**ADA, "userName": "aDA"}), 409, "uniqueness")
    assert ids(generic.filter("/Users", 'userName eq "ADA"')) == [user]
    refused(generic.patch(f"/Users/{user}", {"op": "replace", "path": "userName", "value": ""}), 400, "invalidValue")


@rfc("7643 4.1.1")
def test_rfc_11_password_is_kept_nowhere_and_comes_back_nowhere(installation: Installation, generic: Pushing) -> None:
    secret = "t1meMa$heen"
    posted = generic.post("/Users", {**ADA, "password": secret})
    path = f"/Users/{posted.json['id']}"
    answers = [posted, generic.put(path, {**ADA, "password": secret}), generic.get(f"{path}?attributes=password")]
    answers += [generic.patch(path, {"op": "replace", "path": "password", "value": secret}), generic.get("/Users")]
    assert not [answer.text for answer in answers if secret in answer.text]
    with installation.transactions.reading() as unit:
        stored = unit.session.scalars(select(DirectoryUser.document).where(DirectoryUser.id == posted.json["id"])).one()
    assert secret not in stored


@rfc("7643 4.1.2")
def test_rfc_12_groups_of_a_user_follow_from_the_groups_and_are_not_written(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    group = generic.group("Admins", user)["id"]
    listed = [{"value": group, "$ref": f"{generic.base_url}/Groups/{group}", "display": "Admins", "type": "direct"}]
    assert generic.get(f"/Users/{user}").json["groups"] == listed
    assert generic.put(f"/Users/{user}", {**ADA, "groups": []}).json["groups"] == listed
    generic.patch(f"/Groups/{group}", {"op": "remove", "path": "members"})
    assert "groups" not in generic.get(f"/Users/{user}").json


@rfc("7643 5")
def test_rfc_13_configuration_is_complete_and_readable_without_a_token(generic: Pushing) -> None:
    answer = generic.http.get(f"{generic.path}/ServiceProviderConfig")
    config: Any = answer.json
    assert answer.status_code == 200
    features = {name: one["supported"] for name, one in config.items() if isinstance(one, dict) and "supported" in one}
    on = dict.fromkeys(("patch", "bulk", "filter", "sort", "etag"), True)
    assert features == {**on, "changePassword": False}
    assert (config["bulk"]["maxOperations"], config["bulk"]["maxPayloadSize"]) == (1_000, 1_048_576)
    assert config["filter"]["maxResults"] == 1_000
    (scheme,) = config["authenticationSchemes"]
    assert (scheme["type"], bool(scheme["name"]), bool(scheme["description"])) == ("oauthbearertoken", True, True)
    for method, path in (("GET", "/ResourceTypes"), ("GET", "/Schemas"), ("POST", "/ServiceProviderConfig")):
        assert generic.http.open(f"{generic.path}{path}", method=method).status_code == 401


@rfc("7643 6, 7")
def test_rfc_14_resource_types_and_schemas_describe_what_there_is(generic: Pushing) -> None:
    types = {one["id"]: one for one in generic.get("/ResourceTypes").json["Resources"]}
    assert {name: (one["endpoint"], one["schema"]) for name, one in types.items()} == {
        "User": ("/Users", USER),
        "Group": ("/Groups", GROUP),
    }
    assert types["User"]["schemaExtensions"] == [{"schema": ENTERPRISE, "required": False}]
    described = {one["name"] for one in generic.get(f"/Schemas/{USER}").json["attributes"]}
    assert {"userName", "name", "emails", "active", "groups", "x509Certificates"} <= described
    assert "password" not in described
    (members,) = [one for one in generic.get(f"/Schemas/{GROUP}").json["attributes"] if one["name"] == "members"]
    kinds = {one["name"]: one.get("canonicalValues") for one in members["subAttributes"]}
    assert kinds == {"value": None, "$ref": None, "type": ["User"]}

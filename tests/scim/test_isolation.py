"""A directory sees nothing of another one: ids, tokens, filters, members, and what is deleted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from tests.scim.application import BASE_URL, ENTERPRISE, ERROR, GROUP, PATCH_OP, USER, Installation, Pushing
from tests.scim.fire.population import whole


@pytest.fixture
def other(installation: Installation) -> Pushing:
    """A directory of another organization."""
    return installation.directory("okta")


def test_ids_of_another_directory_are_unknown(generic: Pushing, other: Pushing) -> None:
    user, group = other.user("ada@acme.example")["id"], other.group("Admins")["id"]
    replace = {"op": "replace", "path": "displayName", "value": "x"}
    for path, body in ((f"/Users/{user}", {"userName": "x"}), (f"/Groups/{group}", {"displayName": "x"})):
        answers = [generic.get(path), generic.put(path, body), generic.patch(path, replace), generic.delete(path)]
        assert [answer.status_code for answer in answers] == [404] * 4
    assert other.get(f"/Users/{user}").status_code == 200
    assert other.get(f"/Groups/{group}").status_code == 200


def test_names_are_unique_within_a_directory_only(generic: Pushing, other: Pushing) -> None:
    for pushing in (generic, other):
        pushing.user("ada@acme.example", externalId="1")
        pushing.group("Admins")


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "ada@acme.example"',
        'userName sw "ada"',
        'title eq "Boss"',
        'emails.value eq "ada@acme.example"',
        "id pr",
    ],
)
def test_filters_find_nothing_of_another_directory(generic: Pushing, other: Pushing, text: str) -> None:
    other.user("ada@acme.example", title="Boss", emails=[{"value": "ada@acme.example"}])
    assert generic.filter("/Users", text).json["totalResults"] == 0
    assert other.filter("/Users", text).json["totalResults"] == 1
    assert generic.get("/").json["totalResults"] == 0


def test_users_of_another_directory_cannot_be_members(generic: Pushing, other: Pushing) -> None:
    stranger = other.user("ada@acme.example")["id"]
    group = generic.group("Admins", stranger)["id"]
    generic.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": stranger}]})
    generic.put(f"/Groups/{group}", {"schemas": [GROUP], "displayName": "A", "members": [{"value": stranger}]})
    assert generic.member_ids(group) == []


def test_members_of_another_directorys_group_cannot_be_removed(generic: Pushing, other: Pushing) -> None:
    user = other.user("ada@acme.example")["id"]
    group = other.group("Admins", user)["id"]
    assert generic.patch(f"/Groups/{group}", {"op": "remove", "path": "members"}).status_code == 404
    assert other.member_ids(group) == [user]


def test_token_of_another_directory_is_refused(generic: Pushing, other: Pushing) -> None:
    answer = generic.get("/Users", headers={"Authorization": f"Bearer {other.token}"})
    assert (answer.status_code, answer.json["schemas"]) == (401, [ERROR])


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer scim_unknown", "scim_unknown", "Bearer a\x80b"]
)
def test_missing_or_wrong_token_answers_401_in_scims_form(generic: Pushing, header: str) -> None:
    for method, path in (
        ("GET", "/Users"),
        ("POST", "/Users"),
        ("GET", "/nowhere"),
        ("POST", "/Bulk"),
        ("GET", "/Schemas"),
    ):
        answer = generic.send(method, path, headers={"Authorization": header})
        assert (answer.status_code, answer.json["status"], answer.json["schemas"]) == (401, "401", [ERROR])
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="SCIM"'


def test_unknown_key_answers_404_whatever_the_token(generic: Pushing) -> None:
    for path in ("/Users", "/ServiceProviderConfig"):
        headers = {"Authorization": f"Bearer {generic.token}"}
        answer = generic.http.get(f"/scim/unknown/v2{path}", headers=headers)
        assert (answer.status_code, (answer.json or {})["schemas"]) == (404, [ERROR])


def test_locations_come_from_the_configured_base_url_not_from_the_host_header(generic: Pushing) -> None:
    answer = generic.post("/Users", {"schemas": [USER], "userName": "ada"}, headers={"Host": "evil.example"})
    assert answer.headers["Location"].startswith(f"{BASE_URL}/scim/{generic.directory.key}/v2/Users/")


BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
Ids = tuple[str, str]


@pytest.fixture
def foreign(other: Pushing) -> Ids:
    """A user and the group they are in, of another directory."""
    user = other.user("ada@acme.example", externalId="1", **{ENTERPRISE: {"manager": {"value": "boss"}}})["id"]
    return user, other.group("Admins", user, externalId="2")["id"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_every_route_with_an_id_knows_none_of_another_directory(
    generic: Pushing, other: Pushing, foreign: Ids, method: str
) -> None:
    """Word for word what an id of nobody is answered, so that nothing tells that it exists elsewhere."""
    before = whole(other)
    nobody = "00000000-0000-0000-0000-000000000000"
    bodies: dict[str, Any] = {
        "PUT": {"userName": "eve", "displayName": "Eve"},
        "PATCH": {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "displayName", "value": "Eve"}]},
    }
    conditions: list[dict[str, str]] = [{}, {"If-Match": "*"}, {"If-None-Match": "*"}]
    for path, headers in product(("/Users/{}", "/Groups/{}", "/users/{}/", "/Groups/{}?attributes=id"), conditions):
        expected = generic.send(method, path.format(nobody), bodies.get(method), headers=headers)
        for resource_id in foreign:  # a group's id under /Users too
            answer = generic.send(method, path.format(resource_id), bodies.get(method), headers=headers)
            assert answer.status_code == expected.status_code == 404, (path, headers)
            assert answer.text.replace(resource_id, nobody) == expected.text
            assert "ETag" not in answer.headers
    assert whole(other) == before
    assert whole(generic) == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_bulk_paths_know_no_id_of_another_directory(
    generic: Pushing, other: Pushing, foreign: Ids, method: str, kind: str
) -> None:
    before = whole(other)
    data: dict[str, Any] = {
        "PUT": {"schemas": [USER if kind == "User" else GROUP], "userName": "eve", "displayName": "Eve"},
        "PATCH": {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "displayName", "value": "Eve"}]},
    }
    operation = {"method": method, "path": f"/{kind}s/{foreign[kind == 'Group']}"}
    operation |= {"data": data[method]} if method in data else {}
    for path in ("/{}", f"{other.base_url}/{{}}", f"/../../{other.directory.key}/v2/{{}}"):
        body = {**operation, "path": path.format(operation["path"].removeprefix("/"))}
        answer = generic.post("/Bulk", {"schemas": [BULK], "Operations": [body]})
        outcomes = [one["status"] for one in answer.json.get("Operations", [{"status": answer.json.get("status")}])]
        assert outcomes in (["404"], ["400"]), answer.text
        assert outcomes == ["404"] or path != "/{}"
    assert whole(other) == before
    assert whole(generic) == []


def _member(user: str) -> dict[str, Any]:
    return {"op": "add", "path": "members", "value": [{"value": user}]}


#: How a group can be told who is in it: (client, its group, a stranger) -> the request.
MEMBERS: dict[str, Callable[[Pushing, str, str], Any]] = {
    "post": lambda client, _, user: client.group("New", user),
    "put": lambda client, group, user: client.put(
        f"/Groups/{group}", {"schemas": [GROUP], "displayName": "Own", "members": [{"value": user}]}
    ),
    "patch add": lambda client, group, user: client.patch(f"/Groups/{group}", _member(user)),
    "patch replace": lambda client, group, user: client.patch(f"/Groups/{group}", {**_member(user), "op": "replace"}),
    "patch without path": lambda client, group, user: client.patch(
        f"/Groups/{group}", {"op": "add", "value": {"members": [user]}}
    ),
    "bulk post": lambda client, _, user: client.post(
        "/Bulk",
        {
            "schemas": [BULK],
            "Operations": [
                {
                    "method": "POST",
                    "path": "/Groups",
                    "bulkId": "g",
                    "data": {"schemas": [GROUP], "displayName": "New", "members": [{"value": user}]},
                }
            ],
        },
    ),
    "bulk patch": lambda client, group, user: client.post(
        "/Bulk",
        {
            "schemas": [BULK],
            "Operations": [
                {
                    "method": "PATCH",
                    "path": f"/Groups/{group}",
                    "data": {"schemas": [PATCH_OP], "Operations": [_member(user)]},
                }
            ],
        },
    ),
}


@pytest.mark.parametrize("write", MEMBERS.values(), ids=MEMBERS)
def test_no_way_of_naming_members_takes_in_a_user_of_another_directory(
    generic: Pushing, other: Pushing, foreign: Ids, write: Callable[[Pushing, str, str], Any]
) -> None:
    before = whole(other)
    group = generic.group("Own")["id"]
    for stranger in foreign:
        write(generic, group, stranger)
        for one in generic.get("/Groups").json["Resources"]:
            assert one["members"] == []
            if one["id"] != group:
                generic.delete(f"/Groups/{one['id']}")
    assert whole(other) == before


def test_removing_by_the_id_of_a_stranger_leaves_them_in_their_own_group(
    generic: Pushing, other: Pushing, foreign: Ids
) -> None:
    before = whole(other)
    group = generic.group("Own", generic.user("bob")["id"])["id"]
    generic.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{foreign[0]}"]'})
    generic.patch(f"/Groups/{group}", {"op": "remove", "path": "members", "value": [{"value": foreign[0]}]})
    assert len(generic.member_ids(group)) == 1
    assert whole(other) == before


#: Filters that find something of the other directory, had they been asked there.
FILTERS = [
    'id eq "{user}"',
    'id eq "{group}"',
    'id sw "{user}"',
    'externalId eq "1"',
    'externalId eq "2"',
    'meta.resourceType eq "User"',
    'userName eq "ada@acme.example" or displayName eq "Admins"',
    'groups.value eq "{group}"',
    'groups eq "{group}"',
    'groups[value eq "{group}"]',
    'members eq "{user}"',
    'members.value sw "{user}"',
    'members[value eq "{user}" and type eq "User"]',
    "members pr",
    "groups pr",
    f'{ENTERPRISE}:manager.value eq "boss"',
    'not (id eq "x")',
    'id eq "x" or id pr',
    'not (userName eq "x" and externalId eq "y")',
]


@pytest.mark.parametrize("endpoint", ["/", "/Users", "/Groups"])
def test_no_search_finds_anything_by_ids_and_values_of_another_directory(
    generic: Pushing, other: Pushing, foreign: Ids, endpoint: str
) -> None:
    found = 0
    for text in [one.format(user=foreign[0], group=foreign[1]) for one in FILTERS]:
        body = {"schemas": [SEARCH], "filter": text}
        for answer in (generic.filter(endpoint, text), generic.post(f"{endpoint.rstrip('/')}/.search", body)):
            # An endpoint whose kind has no such attribute refuses the filter, for everyone alike.
            assert answer.status_code in (200, 400), answer.text
            assert answer.json.get("totalResults", 0) == 0, text
        found += other.filter(endpoint, text).json.get("totalResults", 0) > 0
    assert found >= (len(FILTERS) if endpoint == "/" else 6)


def test_a_users_groups_and_a_groups_members_are_those_of_the_directory_alone(
    generic: Pushing, other: Pushing, foreign: Ids
) -> None:
    user = generic.user("ada@acme.example", externalId="1")["id"]
    group = generic.group("Admins", user, externalId="2")["id"]
    assert [one["value"] for one in generic.get(f"/Users/{user}").json["groups"]] == [group]
    assert [one["value"] for one in other.get(f"/Users/{foreign[0]}").json["groups"]] == [foreign[1]]
    generic.delete(f"/Users/{user}")
    assert other.member_ids(foreign[1]) == [foreign[0]]


ROUTES = [
    *product(["GET", "POST"], ["", "/", "/Users", "/Groups", "/.search", "/Users/.search", "/Groups/.search", "/Bulk"]),
    *product(["GET", "HEAD", "PUT", "PATCH", "DELETE"], ["/Users/{user}", "/Groups/{group}"]),
    *product(["GET"], ["/Me", "/Schemas", f"/Schemas/{USER}", "/ResourceTypes", "/ResourceTypes/User", "/nowhere"]),
]


def test_a_token_opens_no_route_of_another_directory(generic: Pushing, other: Pushing, foreign: Ids) -> None:
    before = whole(other)
    headers = {"Authorization": f"Bearer {generic.token}"}
    for method, path in ROUTES:
        where = f"{other.path}{path.format(user=foreign[0], group=foreign[1])}"
        answer = generic.http.open(where, method=method, headers=headers, json={"userName": "eve"})
        assert answer.status_code == 401, (method, path)
        assert foreign[0] not in answer.text
    assert whole(other) == before

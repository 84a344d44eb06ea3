"""A directory sees nothing of another one: ids, tokens, filters, members, and what is deleted."""

from __future__ import annotations

import pytest

from tests.scim.application import BASE_URL, ERROR, GROUP, USER, Installation, Pushing


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

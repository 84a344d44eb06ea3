"""The protocol beyond the line each requirement has in the checklists: `active`, projection, filters, HEAD."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from app.rules.directories import Mirrored, ResourceKind
from scim import mapping
from scim.answers import resource_json
from scim.projection import Projection
from tests.scim.application import ENTERPRISE, USER, Pushing


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
        ('boss eq "x" or title sw "Bo"', None),
        ('manager eq "m1" or title sw "Bo"', ["ada"]),
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


def test_head_answers_as_get_does_without_the_body(generic: Pushing) -> None:
    user = generic.user("ada")["id"]
    head, read = generic.send("HEAD", f"/Users/{user}"), generic.get(f"/Users/{user}")
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", 'W/"1"')
    assert head.headers["Content-Type"] == read.headers["Content-Type"]


@pytest.mark.parametrize("kind", ResourceKind)
def test_meta_of_an_answer_is_that_of_the_model(kind: ResourceKind) -> None:
    """It is written out in answers, for speed."""
    at = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)
    stored = Mirrored(kind=kind, id="1", document='{"id":"1"}', version=7, created_at=at, modified_at=at)
    meta = orjson.loads(resource_json("https://id.test/scim/x/v2", stored, Projection()))["meta"]
    assert meta.pop("location") == f"https://id.test/scim/x/v2/{kind.value}s/1"
    assert meta == mapping.meta_of(stored)

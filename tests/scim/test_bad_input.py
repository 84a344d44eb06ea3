"""What nobody should send: a 4xx in SCIM's own form that names what is wrong, nothing written, never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scim.application import ERROR, PATCH_OP, SCIM, USER, Pushing

ADA = {"schemas": [USER], "userName": "ada@acme.example"}


def refused(answer: Any, status: int, scim_type: str | None = None) -> str:
    """Assert a refusal in SCIM's form; returns its detail."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == SCIM
    assert (answer.json["schemas"], answer.json["status"]) == ([ERROR], str(status))
    assert answer.json.get("scimType") == scim_type
    detail: str = answer.json.get("detail", "")
    assert detail.endswith(".")
    assert "Input should be" not in detail
    return detail


@pytest.mark.parametrize(
    ("data", "scim_type"),
    [
        (b"", "invalidSyntax"),
        (b"{", "invalidSyntax"),
        (b"\xff\xfe", "invalidSyntax"),
        (b"[]", "invalidSyntax"),
        (b'"text"', "invalidSyntax"),
        (b"null", "invalidSyntax"),
        (b'{"schemas": ["x"], "userName": "ada"}', "invalidSyntax"),
        (b'{"userName": "a\\u0000b"}', "invalidValue"),
        (b'{"userName": "ada", "x\\u0000": 1}', "invalidValue"),
        (b'{"userName": "a\\ud800b"}', "invalidValue"),
        (b'{"userName": ' + b"[" * 30 + b"]" * 30 + b"}", "invalidSyntax"),
        (b'{"userName": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "invalidSyntax"),
        (b'{"userName": NaN}', "invalidSyntax"),
    ],
)
def test_body_that_is_no_resource_is_refused(generic: Pushing, data: bytes, scim_type: str) -> None:
    refused(generic.send("POST", "/Users", data=data, content_type=SCIM), 400, scim_type)
    assert generic.get("/Users").json["totalResults"] == 0


@pytest.mark.parametrize(
    "attributes",
    [
        {"userName": ""},
        {"userName": "  "},
        {"userName": None},
        {"userName": 7},
        {"userName": ["ada"]},
        {"userName": "x" * 3_000},
        {"userName": "\U0001f600" * 600},
        {"externalId": "x" * 3_000},
        {"title": "x" * 20_000},
        {"active": "maybe"},
        {"emails": "ada@acme.example"},
        {"emails": [{"value": {"a": 1}}]},
        {"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
        {"emails": [{"value": f"{number}@acme.example"} for number in range(501)]},
        {"name": "Ada"},
        {"x509Certificates": [{"value": "a"}]},
    ],
)
def test_attribute_that_does_not_fit_is_refused(generic: Pushing, attributes: dict[str, Any]) -> None:
    name = next(iter(attributes))
    detail = refused(generic.post("/Users", {**ADA, **attributes}), 400, "invalidValue")
    assert name in detail or "primary" in detail
    assert generic.get("/Users").json["totalResults"] == 0


def test_missing_user_name_is_refused(generic: Pushing) -> None:
    assert "userName" in refused(generic.post("/Users", {"schemas": [USER]}), 400, "invalidValue")


def test_unknown_attributes_are_ignored(generic: Pushing) -> None:
    assert "shoeSize" not in generic.user("ada@acme.example", shoeSize=42)


def test_body_over_the_cap_answers_413_naming_the_limit(generic: Pushing) -> None:
    body = json.dumps({**ADA, "title": "x" * 1_100_000})
    for path in ("/Users", "/Bulk", "/nowhere"):
        detail = refused(generic.send("POST", path, data=body, content_type=SCIM), 413)
        assert "1,048,576" in detail


def test_wrong_content_type_answers_415(generic: Pushing) -> None:
    detail = refused(generic.send("POST", "/Users", data="<user/>", content_type="application/xml"), 415)
    assert detail == (
        "The content type must be application/scim+json or application/json, and 'application/xml' was sent."
    )
    accepted = generic.send("POST", "/Users", data=json.dumps(ADA), content_type="application/json; charset=utf-8")
    assert accepted.status_code == 201


@pytest.mark.parametrize("content_type", ["scim_secret/x", "x" * 500, "application/" + "x" * 500, "ada@acme.example/x"])
def test_content_type_that_could_be_anything_is_not_told_back(generic: Pushing, content_type: str) -> None:
    detail = refused(generic.send("POST", "/Users", data="{}", content_type=content_type), 415)
    assert "and another one was sent" in detail


@pytest.mark.parametrize(
    "text",
    [
        "",
        "userName",
        "userName eq",
        'userName eq "x',
        'userName is "x"',
        'shoeSize eq "42"',
        'password eq "secret"',
        'active gt "true"',
        "active eq 7",
        'meta.created gt "yesterday"',
        'userName eq "a\\u0000b"',
        'title eq "a\\ud800b"',
        'emails[value eq "a\\u0000b"]',
        'emails[type eq "work"',
        "userName eq " + '"' + "x" * 4_000 + '"',
        "(" * 60 + 'userName eq "x"' + ")" * 60,
        "not (" * 40 + "title pr" + ")" * 40,
        'meta.location eq "https://acme.example"',
        'meta.created gt "0001-01-01T00:00:00+14:00"',
    ],
)
def test_filter_that_cannot_be_evaluated_is_refused(generic: Pushing, text: str) -> None:
    refused(generic.filter("/Users", text), 400, "invalidFilter")


@pytest.mark.parametrize(
    "parameters",
    [
        {"count": "many"},
        {"startIndex": "1.5"},
        {"filter": 'userName eq "\0"'},
        {"sortBy": "a\0"},
        {"sortBy": "shoeSize"},
        {"sortBy": "name"},
        {"sortBy": "userName", "sortOrder": "sideways"},
        {"attributes": "userName", "excludedAttributes": "title"},
        {"startIndex": "1", "cursor": "x"},
    ],
)
def test_search_parameter_that_makes_no_sense_is_refused(generic: Pushing, parameters: dict[str, str]) -> None:
    answer = generic.get("/Users", query_string=parameters)
    assert 400 <= answer.status_code < 500 or (answer.status_code == 501 and "cursor" in parameters)
    assert answer.json["schemas"] == [ERROR]


@pytest.mark.parametrize(
    "parameters",
    [
        {"startIndex": "99999999999999999999", "count": "99999999999999999999"},
        {"startIndex": "-5", "count": "-1"},
        {"startIndex": "0", "count": "0", "filter": 'userName eq "x"'},
        {"startindex": "2", "COUNT": "1"},
        {"unknown": "parameter"},
    ],
)
def test_odd_paging_is_understood(generic: Pushing, parameters: dict[str, str]) -> None:
    generic.user("ada@acme.example")
    answer = generic.get("/Users", query_string=parameters)
    assert (answer.status_code, answer.json["totalResults"]) == (200, 0 if "filter" in parameters else 1)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "userName", "value": ""},
        {"op": "replace", "path": "userName", "value": "x" * 3_000},
        {"op": "remove", "path": "userName"},
        {"op": "remove"},
        {"op": "fly", "path": "title", "value": "x"},
        {"op": "add", "path": "title"},
        {"op": "replace", "path": "id", "value": "x"},
        {"op": "replace", "path": "groups", "value": []},
        {"op": "replace", "path": "emails[", "value": "x"},
        {"op": "replace", "path": "emails", "value": "x"},
        {"op": "replace", "path": "active", "value": "maybe"},
        {"op": "add", "path": 'emails[type eq "a\\u0000b"].value', "value": "x"},
        {"op": "add", "path": "emails", "value": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
        {"op": "add", "path": "a" * 5_000, "value": 1, "extra": "["},
        "replace",
    ],
)
def test_user_patch_that_cannot_be_applied_is_refused_and_writes_nothing(generic: Pushing, operation: Any) -> None:
    user = generic.user("ada@acme.example", emails=[{"value": "ada@acme.example"}])
    answer = generic.patch(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "x"}, operation)
    if isinstance(operation, dict) and str(operation.get("path")).startswith("aaa"):
        assert answer.status_code == 200  # an attribute nobody declares is ignored, however long
    else:
        refused(answer, 400, answer.json["scimType"])
        assert generic.get(f"/Users/{user['id']}").json == user


@pytest.mark.parametrize(
    "body", [[], {}, {"Operations": {}}, {"Operations": [{"op": "add"}] * 1_001}, {"schemas": [PATCH_OP]}]
)
def test_malformed_user_patch_body_is_refused(generic: Pushing, body: Any) -> None:
    user = generic.user("ada@acme.example")["id"]
    answer = generic.send("PATCH", f"/Users/{user}", body)
    refused(answer, 400, answer.json["scimType"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere/at/all", 404),
        ("GET", "/Robots", 404),
        ("GET", "/Users/%00", 404),
        ("GET", "/Users/..%2f..%2fetc", 404),
        ("GET", "/Users/" + "x" * 3_000, 404),
        ("PUT", "/Users", 405),
        ("POST", "/Users/some-id", 405),
        ("DELETE", "/Schemas", 405),
        ("OPTIONS", "/Users", 405),
        ("TRACE", "/Users", 405),
        ("GET", "/Me", 501),
        ("GET", "/ResourceTypes/Robot", 404),
        ("GET", "/Schemas/urn:x", 404),
        ("GET", "/Schemas?filter=id+pr", 403),
    ],
)
def test_path_or_method_that_is_not_there_is_refused_in_scims_form(
    generic: Pushing, method: str, path: str, status: int
) -> None:
    answer = generic.send(method, path)
    if method == "OPTIONS" and answer.status_code == 200:
        assert "GET" in answer.headers["Allow"]
        return
    detail = refused(answer, status)
    if status == 405:
        assert "this method; it supports " in detail
        assert all(allowed in detail for allowed in answer.headers["Allow"].split(", "))

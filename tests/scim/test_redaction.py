"""What a request record shows of paths, bodies and changes: the shape of everything, the value of nothing personal."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from app.rules.directories import DirectoryGroupRecord, DirectoryUserRecord, MembershipOutcome
from scim.changes import group_changes, user_changes
from scim.redacted_bodies import LONGEST_BODY, redacted_body
from scim.redaction import redacted_attribute, redacted_filter, redacted_path

UUID = "2819c223-7f76-453a-919d-413861904646"
URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.mark.parametrize(
    ("path", "query", "shown"),
    [
        (
            "/Users",
            {"filter": 'userName eq "ada@x"', "startIndex": "1", "count": "2"},
            '/Users?filter=userName eq "…"&startIndex=1&count=2',
        ),
        (f"/Users/{UUID}", {"excludedAttributes": "members,x y"}, f"/Users/{UUID}?excludedAttributes=members,…"),
        ("/Users/ada@acme.test", {}, "/Users/…"),
        ("/Users/ada", {}, "/Users/…"),
        ("/ada@acme.test", {}, "/…"),
        ("/User", {"aadOptscim062020": ""}, "/User?aadOptscim062020"),
        ("/Groups/.search", {}, "/Groups/.search"),
        (f"/Schemas/{URN}", {}, f"/Schemas/{URN}"),
        ("/ResourceTypes/ada@x", {}, "/ResourceTypes/…"),
        ("/Users", {"user": "ada", "a@b": "c", "cursor": "x"}, "/Users?user=…&…&cursor=…"),
        ("/Users", {"count": "ada", "sortOrder": "ada@x", "sortBy": "name.givenName"},
         "/Users?count=…&sortOrder=…&sortBy=name.givenName"),
        ("", {}, ""),
    ],
)  # fmt: skip
def test_path_keeps_endpoints_ids_and_attribute_names(path: str, query: dict[str, str], shown: str) -> None:
    assert redacted_path(path, query) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('userName Eq "ada"', 'userName Eq "…"'),
        ('emails[type eq "work"].value eq "a@b"', 'emails[type eq "work"].value eq "…"'),
        ('emails[type eq "a@b"]', 'emails[type eq "…"]'),
        ('(name.givenName sw "A\\"d") and not (active eq true)', '(name.givenName sw "…") and not (active eq true)'),
        ("externalId eq jyoung", "externalId eq …"),
        ("externalId eq John Smith", "externalId eq … …"),
        ("title pr or phoneNumbers.value co 555", "title pr or phoneNumbers.value co …"),
        (f'id eq "{UUID}" and members eq "{UUID}"', f'id eq "{UUID}" and members eq "{UUID}"'),
        (f'externalId eq "{UUID}"', 'externalId eq "…"'),
        (f'{URN}:manager eq "{UUID}"', f'{URN}:manager eq "{UUID}"'),
        (f'members[value eq "{UUID}"]', f'members[value eq "{UUID}"]'),
        (f'emails[value eq "{UUID}"]', 'emails[value eq "…"]'),
        ('roles[primary eq "True"]', 'roles[primary eq "True"]'),
        ('"ada@acme.test', '"…"'),
        ("ada lovelace", "… …"),
        ("", ""),
    ],
)
def test_filter_keeps_attributes_and_operators(text: str, shown: str) -> None:
    assert redacted_filter(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("name.givenName", "name.givenName"),
        ('addresses[type eq "work"].locality', 'addresses[type eq "work"].locality'),
        ('emails[value eq "a@b"].ada@x', 'emails[value eq "…"]…'),
        ('emails[value eq "a@b"', 'emails[value eq "…"'),
        ("ada@acme.test", "…"),
    ],
)
def test_attribute_path_keeps_its_names(text: str, shown: str) -> None:
    assert redacted_attribute(text) == shown


def test_long_path_is_cut() -> None:
    shown = redacted_path("/Users", {"attributes": ",".join(["name"] * 500)})

    assert shown.endswith("…")
    assert len(shown) < 1_100


def redacted(body: Any) -> Any:
    """A body as the record shows it, read back."""
    shown = redacted_body(json.dumps(body).encode())
    assert shown is not None
    return json.loads(shown)


def test_user_keeps_keys_booleans_and_kinds_and_loses_every_value() -> None:
    shown = redacted(
        {
            "schemas": [URN, "ada@x"],
            "userName": "ada@acme.test",
            "externalId": UUID,
            "password": "hunter2",
            "active": True,
            "title": None,
            "emails": [{"value": "ada@acme.test", "type": "work", "primary": "True"}, {"value": "x", "type": "a@b"}],
            URN: {"employeeNumber": 701, "manager": {"value": UUID, "displayName": "Grace"}},
            "ada@acme.test": "a key",
        }
    )

    assert shown == {
        "schemas": [URN, "…"],
        "userName": "…",
        "externalId": "…",
        "password": "…",
        "active": True,
        "title": None,
        "emails": [{"value": "…", "type": "work", "primary": "True"}, {"value": "…", "type": "…"}],
        URN: {"employeeNumber": "… (number)", "manager": {"value": UUID, "displayName": "…"}},
        "…": "…",
    }


def test_operations_keep_op_path_and_ids_of_members() -> None:
    operations = [
        {"op": "Add", "path": "members", "value": [{"$ref": None, "value": UUID, "display": "Ada"}]},
        {"op": "Remove", "path": f'members[value eq "{UUID}"]'},
        {"op": "replace", "value": {'emails[type eq "work"].value': "a@b", "active": "False"}},
        {"op": "replace", "path": "externalId", "value": UUID},
        {"op": "replace", "path": f"{URN}:manager", "value": UUID},
        {"op": "replace", "path": "password", "value": {"hunter": True}},
    ]

    shown = redacted({"Operations": operations})["Operations"]

    assert shown[0] == {"op": "Add", "path": "members", "value": [{"$ref": None, "value": UUID, "display": "…"}]}
    assert shown[1] == operations[1]
    assert shown[2] == {"op": "replace", "value": {'emails[type eq "work"].value': "…", "active": "False"}}
    assert [one["value"] for one in shown[3:]] == ["…", UUID, "…"]


def test_bulk_and_search_bodies_are_read_like_what_is_in_them() -> None:
    bulk = {"failOnErrors": 1, "Operations": [{"method": "PUT", "path": "/Users/ada@x", "data": {"members": [UUID]}}]}
    search = {"filter": 'userName eq "ada"', "attributes": ["name", "ada@x"], "count": 5, "sortOrder": "descending"}

    assert redacted(bulk) == {
        "failOnErrors": 1,
        "Operations": [{"method": "PUT", "path": "/Users/…", "data": {"members": [UUID]}}],
    }
    assert redacted(search) == {**search, "filter": 'userName eq "…"', "attributes": ["name", "…"]}


def test_body_is_capped_with_a_mark_and_long_lists_are_counted() -> None:
    many = redacted({"members": [{"value": UUID}] * 1_500})["members"]
    long = redacted_body(json.dumps({f"attribute{number:040}": "x" for number in range(200)}).encode())
    keys = redacted({f"a{number}": "x" for number in range(500)})

    assert (len(many), many[-1]) == (21, "… 1,480 more")
    assert (len(keys), keys["…"]) == (201, "… 300 more")
    assert long is not None
    assert len(long) == LONGEST_BODY
    assert long.endswith("characters in all)")


def test_what_is_not_json_or_too_deep_is_told_but_not_shown() -> None:
    assert redacted_body(b" ") is None
    assert redacted_body(b"name=ada") == "(not JSON, 8 bytes)"
    assert redacted_body(b"[" * 40 + b"]" * 40) == "[" * 12 + '"…"' + "]" * 12
    assert redacted_body(b'{"a":' * 40 + b"1" + b"}" * 40) == '{"a":' * 12 + '"…"' + "}" * 12


def user(**document: Any) -> DirectoryUserRecord:
    return DirectoryUserRecord("ada", None, True, "ada@acme.test", "Ada", json.dumps(document), "[]")


def test_changes_of_a_user_are_names_of_attributes_and_never_values() -> None:
    before = user(schemas=[], userName="ada", name={"givenName": "A", "familyName": "L"}, emails=[{"value": "a"}])
    after = user(
        schemas=[URN],
        userName="ada",
        name={"givenName": "B", "familyName": "L"},
        emails=[{"value": "b"}],
        **{URN: {"department": "R&D"}},
    )

    assert user_changes(None, after) == {"created": True, "active": True}
    assert user_changes(before, before) == {}
    assert user_changes(before, after) == {"attributes": ["department", "emails", "name.givenName"]}
    assert user_changes(before, replace(before, active=False)) == {"active": False}


def test_changes_of_a_group_are_counts_and_whether_it_was_renamed() -> None:
    before = DirectoryGroupRecord("Staff", "staff", None, "{}")
    moved = MembershipOutcome(added=["a", "b"], removed=["c"])

    assert group_changes(None, before, MembershipOutcome(added=["a"])) == {"created": True, "added": 1}
    assert group_changes(before, before, MembershipOutcome()) == {}
    assert group_changes(before, replace(before, display_name="All"), moved) == {
        "renamed": True,
        "added": 2,
        "removed": 1,
    }

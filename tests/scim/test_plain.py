"""The short way of reading a user's body and PATCH gives what the library gives, text for text; the rest it leaves."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from scim2_models import Context, PatchOp
from scim2_server.utils import load_default_resource_types, parametrize

from scim import mapping
from scim.plain import PlainPatch, in_order, plain_patch, plain_user
from scim.provider import model_of, provider
from tests.scim.application import ENTERPRISE, GROUP, PATCH_OP, USER

USER_TYPE = load_default_resource_types()["User"]
EMAIL = {"type": "work", "value": "ada@acme.example", "primary": True}
PLAIN: list[dict[str, Any]] = [
    {"schemas": [USER], "userName": "ada"},
    {"schemas": [USER], "USERNAME": "ada", "externalId": "1", "active": "False", "displayname": "Ada"},
    {"schemas": [USER, ENTERPRISE], "userName": "ada", ENTERPRISE: {"department": "R&D", "employeeNumber": "7"}},
    {"schemas": [USER, ENTERPRISE], "userName": "ada", ENTERPRISE: {}, "roles": [], "title": None},
    {"schemas": [USER], "name": {"givenName": "A", "FamilyName": "L"}, "userName": "ada", "emails": [EMAIL]},
    {"schemas": [USER], "userName": "ada", "id": "x", "meta": {"resourceType": "User"}, "groups": []},
    {"schemas": [USER], "userName": "ada", "addresses": [{"type": "work", "locality": "Berlin", "primary": False}]},
    {"schemas": [USER, ENTERPRISE], "userName": "ada", ENTERPRISE: {"manager": {"value": "m"}}},
]
LEFT: list[Any] = [
    [],
    {"userName": "ada"},
    {"schemas": [GROUP], "userName": "ada"},
    {"schemas": [USER], "userName": ""},
    {"schemas": [USER], "userName": 1},
    {"schemas": [USER], "userName": "ada", "nonsense": "x"},
    {"schemas": [USER], "userName": "ada", "profileUrl": "https://x.example"},
    {"schemas": [USER], "userName": "ada", "USERNAME": "eve"},
    {"schemas": [USER], "userName": "ada", "emails": [EMAIL, {**EMAIL, "value": "eve@acme.example"}]},
    {"schemas": [USER], "userName": "ada", "emails": [{}]},
    {"schemas": [USER], "userName": "ada", "active": "maybe"},
    {"schemas": [USER], "userName": "ada", f"{USER}:title": "x"},
    {"schemas": [USER], "userName": "ada", "title": []},
    {"schemas": [USER], "userName": "ada", "active": []},
    {"schemas": [USER], "userName": "ada", "name": {"givenName": []}},
    {"schemas": [USER], "userName": "ada", "groups": "junk"},
    {"schemas": [USER], "userName": "ada", "meta": "junk"},
    {"schemas": [USER], "userName": "ada", "id": 7},
    {"schemas": [USER], "userName": "ada", "USERNAME": None},
]


def by_the_library(body: dict[str, Any]) -> str:
    with provider():
        resource = model_of(USER_TYPE).model_validate(body, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
        return mapping.user_record(resource, "an-id").document


@pytest.mark.parametrize("body", PLAIN, ids=range(len(PLAIN)))
def test_plain_body_is_stored_as_the_library_would_have_it(body: dict[str, Any]) -> None:
    document = plain_user(body)
    assert document is not None
    stored = orjson.dumps(in_order({"active": True, **document, "id": "an-id"})).decode()
    assert stored == by_the_library(body)


@pytest.mark.parametrize("body", LEFT, ids=range(len(LEFT)))
def test_body_with_anything_else_is_left_to_the_library(body: Any) -> None:
    assert plain_user(body) is None


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "active", "value": False},
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": "displayName", "value": "Ada L"},
        {"op": "add", "path": "name.givenName", "value": "Ada"},
        {"op": "add", "path": f"{ENTERPRISE}:department", "value": "R&D"},
        {"op": "replace", "path": f"{USER}:title", "value": "Engineer"},
        {"op": "replace", "value": {"title": "x", "name.familyName": "L", f"{ENTERPRISE}:division": "D"}},
    ],
    ids=range(7),
)
@pytest.mark.parametrize("body", PLAIN[:5], ids=range(5))
def test_plain_patch_does_what_the_library_would_do(body: dict[str, Any], operation: dict[str, Any]) -> None:
    before = by_the_library(body)
    message = {"schemas": [PATCH_OP], "Operations": [operation]}
    patch = plain_patch(message)
    assert isinstance(patch, PlainPatch)
    with provider():
        resource = model_of(USER_TYPE).model_validate(orjson.loads(before))
        model = parametrize(PatchOp, model_of(USER_TYPE))
        model.model_validate(message, scim_ctx=Context.RESOURCE_PATCH_REQUEST).patch(resource)
        expected = mapping.user_record(resource, "an-id", says_active=False).document
    assert orjson.dumps(patch.apply(orjson.loads(before))).decode() == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "title"},
        {"op": "add", "path": "emails", "value": [EMAIL]},
        {"op": "add", "path": 'emails[type eq "work"].value', "value": "x"},
        {"op": "replace", "path": "id", "value": "x"},
        {"op": "replace", "path": "userName", "value": ""},
        {"op": "replace", "path": "active", "value": 1},
        {"op": "replace", "path": "name", "value": {"givenName": "x"}},
        {"op": "move", "path": "title", "value": "x"},
        {"op": "replace", "value": "x"},
        {"op": "replace", "path": "title"},
    ],
    ids=range(10),
)
def test_patch_of_anything_else_is_left_to_the_library(operation: dict[str, Any]) -> None:
    assert plain_patch({"schemas": [PATCH_OP], "Operations": [operation]}) is None
    assert plain_patch({"schemas": [PATCH_OP], "Operations": []}) is None
    assert plain_patch({"Operations": [{"op": "replace", "path": "title", "value": "x"}]}) is None

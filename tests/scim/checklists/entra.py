"""Bodies and readings that the tests of Entra and of its validator share."""

from __future__ import annotations

from typing import Any

from tests.scim.application import ENTERPRISE, GROUP, USER, Pushing

MANAGER = f"{ENTERPRISE}:manager"
#: What Entra lists beside the core schema when it creates a group.
MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


def entra_user(user_name: str, **attributes: Any) -> dict[str, Any]:
    """A user as Entra posts one."""
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": f"object-{user_name}",
        "userName": user_name,
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": f"{user_name}@testuser.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
        "roles": [],
        **attributes,
    }


def entra_group(display_name: str) -> dict[str, Any]:
    """A group as Entra posts one: without members."""
    return {
        "schemas": [GROUP, MICROSOFT_GROUP],
        "externalId": f"object-{display_name}",
        "displayName": display_name,
        "meta": {"resourceType": "Group"},
    }


def created(pushing: Pushing, endpoint: str, body: dict[str, Any]) -> str:
    """Post a body; the id that came back."""
    answer = pushing.post(endpoint, body)
    assert answer.status_code == 201, answer.text
    resource_id: str = answer.json["id"]
    return resource_id


def found(pushing: Pushing, endpoint: str, text: str, **parameters: Any) -> list[Any]:
    """What a filter finds, once the list around it was checked."""
    answer = pushing.filter(endpoint, text, **parameters)
    assert answer.status_code == 200, answer.text
    resources: list[Any] = answer.json["Resources"]
    assert answer.json["totalResults"] == len(resources)
    return resources


def ids(pushing: Pushing, endpoint: str, text: str, **parameters: Any) -> list[str]:
    """The ids of what a filter finds."""
    return [one["id"] for one in found(pushing, endpoint, text, **parameters)]


def manager_of(user: dict[str, Any]) -> Any:
    """The manager as answered, or None."""
    return user.get(ENTERPRISE, {}).get("manager")

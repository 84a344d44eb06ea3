"""Who is pushed: the same users and groups for every target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

HOST = "acme.test"
SMALL_GROUP = 10
_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True)
class Population:
    """What stands in a target before the measurement: ids of the users by number, and of a small and a large group."""

    users: list[str]
    small: str
    large: str


def user_name(number: int) -> str:
    """The userName and address of a user."""
    return f"user{number:06d}@{HOST}"


def user_body(number: int, *, display_name: str | None = None) -> dict[str, Any]:
    """A user as Okta or Entra push one: fifteen attributes, enterprise extension included."""
    return {
        "schemas": [_USER, _ENTERPRISE],
        "userName": user_name(number),
        "externalId": f"00u{number:012d}",
        "name": {"givenName": "Given", "familyName": f"Family {number}", "formatted": f"Given Family {number}"},
        "displayName": display_name or f"Given Family {number}",
        "title": "Engineer",
        "preferredLanguage": "en-US",
        "emails": [{"value": user_name(number), "type": "work", "primary": True}],
        "phoneNumbers": [{"value": f"+1555{number:07d}", "type": "work"}],
        "active": True,
        _ENTERPRISE: {"employeeNumber": f"{number}", "department": "Research", "costCenter": "4130"},
    }


def group_body(name: str, members: list[str]) -> dict[str, Any]:
    """A group with members."""
    return {"schemas": [_GROUP], "displayName": name, "members": [{"value": user_id} for user_id in members]}

"""A morning of pushes, as the record of a directory shows it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.rules.ids import Prefix
from app.rules.scim_requests import ScimRequestRecord
from app.services import directory_tokens, scim_requests
from app.services.unit_of_work import UnitOfWork

USER = "2819c223-7f76-453a-919d-413861904646"
GROUP = "e9e30dba-f08f-4109-8486-d5c6a331660a"
LOOK_UP = {"method": "GET", "path": '/Users?filter=userName eq "…"&startIndex=1&count=100', "resource": "User"}
CREATED = {
    "method": "POST",
    "path": "/Users",
    "status": 201,
    "resource": "User",
    "resource_id": USER,
    "changes": {"created": True, "active": True},
    "body": '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"…","name":{"givenName":"…",'
    '"familyName":"…"},"emails":[{"value":"…","type":"work","primary":true}],"active":true}',
}
#: What a morning of pushes looks like, oldest first; each after the one before by that many seconds.
REQUESTS: tuple[tuple[int, dict[str, Any]], ...] = (
    (
        0,
        {
            "method": "GET",
            "path": "/User?startIndex=1&count=2",
            "status": 404,
            "detail": "There is no endpoint 'User'. Users are at /Users, groups at /Groups.",
        },
    ),
    (
        40,
        {
            "method": "GET",
            "path": "/Users?startIndex=1&count=2",
            "status": 401,
            "token_id": None,
            "detail": "The bearer token is not valid for this directory: paste a current one.",
        },
    ),
    (600, LOOK_UP),
    *((1, request) for _ in range(5) for request in (LOOK_UP, CREATED)),
    (
        2,
        {
            "method": "PATCH",
            "path": f"/Users/{USER}",
            "resource": "User",
            "resource_id": USER,
            "changes": {"attributes": ["department", "emails", "manager", "name.familyName"]},
            "deviations": ("manager_as_string", "primary_empty"),
            "body": '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":'
            '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"…"}]}',
        },
    ),
    (
        5,
        {
            "method": "POST",
            "path": "/Users",
            "status": 409,
            "resource": "User",
            "detail": "Another user of this directory already has this userName. Find it with a filter on userName and"
            " update it, or give this user another userName in the attribute mapping.",
        },
    ),
    (
        9,
        {
            "method": "PATCH",
            "path": f"/Groups/{GROUP}",
            "resource": "Group",
            "resource_id": GROUP,
            "changes": {"renamed": True, "added": 38, "removed": 1},
            "unknown_members": ("0f6b6a54-5b1c-4b63-9b0f-1d7c0b6a2c11", "c5d2a3e0-9a3a-4a58-8b0e-6f6f0b0d2f10"),
            "unknown_members_total": 2,
            "duration_us": 14_200,
        },
    ),
    (3, {"method": "DELETE", "path": f"/Users/{USER}", "status": 204, "resource": "User", "resource_id": USER,
         "changes": {"deleted": True}}),
)  # fmt: skip


def add_requests(unit: UnitOfWork, organization_id: str, directory_id: str) -> None:
    """A morning of pushes, the last one just now."""
    token = directory_tokens.all_of(unit, organization_id, directory_id)[0]
    at = unit.now - timedelta(seconds=sum(seconds for seconds, _ in REQUESTS))
    for number, (seconds, request) in enumerate(REQUESTS):
        at += timedelta(seconds=seconds)
        values: dict[str, Any] = {
            "token_id": token.id,
            "status": 200,
            "duration_us": 640 + 173 * (number % 7),
            **request,
        }
        record = ScimRequestRecord(id=unit.id(Prefix.SCIM_REQUEST), directory_id=directory_id, at=at, **values)
        scim_requests.write(unit, record)

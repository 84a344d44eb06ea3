"""A bulk request on record: every operation with what it changed, and one record of the whole."""

from __future__ import annotations

from typing import Any

import pytest

from app.rules.scim_requests import ScimRequestRecord
from tests.scim.application import GROUP, USER, Installation, Pushing
from tests.scim.test_door import recorded

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
NOBODY = "2819c223-7f76-453a-919d-413861904646"


def bulk(pushing: Pushing, *operations: dict[str, Any]) -> None:
    answer = pushing.post("/Bulk", {"schemas": [BULK], "Operations": list(operations)})
    assert answer.status_code == 200, answer.text


def creation(name: str) -> dict[str, Any]:
    return {"method": "POST", "path": "/Users", "bulkId": name, "data": {"schemas": [USER], "userName": name}}


def seen(one: ScimRequestRecord) -> tuple[str, str, int]:
    return one.method, one.path, one.status


def test_single_operation_is_recorded_beside_the_whole(installation: Installation, generic: Pushing) -> None:
    ada = generic.user("ada")["id"]

    bulk(generic, {"method": "DELETE", "path": f"/Users/{ada}"})

    _, deletion, whole = recorded(installation, generic)
    assert seen(deletion) == ("DELETE", f"/Bulk/Users/{ada}", 204)
    assert (deletion.resource_id, deletion.changes) == (ada, {"deleted": True})
    assert (seen(whole), whole.changes) == (("POST", "/Bulk", 200), {"operations": 1, "failed": 0})


def test_operation_that_fails_is_counted_in_the_record_of_the_whole(
    installation: Installation, generic: Pushing
) -> None:
    bulk(generic, creation("ada"), {"method": "DELETE", "path": f"/Users/{NOBODY}"}, creation("bob"))

    *operations, whole = recorded(installation, generic)
    assert [seen(one) for one in operations] == [("POST", "/Bulk/Users", 201)] * 2
    assert all(one.changes == {"created": True, "active": True} for one in operations)
    assert whole.changes == {"operations": 3, "failed": 1}
    assert whole.detail == f"This directory has no User with the id {NOBODY}."


def test_leniency_towards_one_operation_is_noted_of_the_whole_alone(
    installation: Installation, generic: Pushing
) -> None:
    ada = generic.user("ada")["id"]
    group = {"schemas": [GROUP], "displayName": "Admins", "members": [ada]}
    bulk(generic, {"method": "POST", "path": "/Groups", "bulkId": "g", "data": group}, creation("bob"))

    _, *operations, whole = recorded(installation, generic)
    assert [one.deviations for one in operations] == [(), ()]
    assert whole.deviations == ("member_as_string",)


@pytest.mark.parametrize("path", ["/Users/canary@acme.example", "/canary@acme.example/x", "/Users/bulkId:canary"])
def test_bulk_path_that_names_somebody_is_on_no_record(installation: Installation, generic: Pushing, path: str) -> None:
    bulk(generic, {"method": "DELETE", "path": path})

    assert "canary" not in repr(recorded(installation, generic))

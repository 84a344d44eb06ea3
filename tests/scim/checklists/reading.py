"""How the tests of the checklists read answers: the ids of a list, names in their order, a refusal in SCIM's form."""

from __future__ import annotations

from typing import Any

from tests.scim.application import ERROR, Pushing


def ids(answer: Any) -> list[str]:
    """The ids of a list, in its order."""
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json["Resources"]]


def names(pushing: Pushing, **parameters: str) -> list[str]:
    """The userNames that a query of the users answers, in its order."""
    return [one["userName"] for one in pushing.get("/Users", query_string=parameters).json["Resources"]]


def refused(answer: Any, status: int, scim_type: str | None = None) -> None:
    """Assert a refusal with everything RFC 7644 3.12 asks for."""
    assert (answer.status_code, answer.json["schemas"], answer.json["status"]) == (status, [ERROR], str(status))
    assert answer.json.get("scimType") == scim_type
    assert answer.json["detail"]

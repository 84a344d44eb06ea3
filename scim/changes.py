"""What a request record says that a push changed: names of attributes and numbers of members, never values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from app.rules.directories import DirectoryGroupRecord, DirectoryUserRecord, MembershipOutcome
from scim.redaction import is_schema

#: What a deleted resource's record says.
DELETED: Mapping[str, Any] = {"deleted": True}


def user_changes(before: DirectoryUserRecord | None, after: DirectoryUserRecord) -> dict[str, Any]:
    """What a push changed of a user: the names of attributes, and `active` where it is another than before."""
    if before is None:
        return {"created": True, "active": after.active}
    changes: dict[str, Any] = {}
    if before.document != after.document:
        changes["attributes"] = sorted(_differing(orjson.loads(before.document), orjson.loads(after.document)))
    if before.active is not after.active:
        changes["active"] = after.active
        changes["attributes"] = [name for name in changes.get("attributes", ()) if name != "active"]
    return {name: value for name, value in changes.items() if value != []}


def group_changes(
    before: DirectoryGroupRecord | None, after: DirectoryGroupRecord, outcome: MembershipOutcome
) -> dict[str, Any]:
    """What a push changed of a group: how many members came and went, and whether it has another name."""
    changes: dict[str, Any] = {"created": True} if before is None else {}
    if before is not None and before.display_name != after.display_name:
        changes["renamed"] = True
    if outcome.added:
        changes["added"] = len(outcome.added)
    if outcome.removed:
        changes["removed"] = len(outcome.removed)
    return changes


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Names of attributes that differ: sub-attributes of plain objects by themselves, extensions without their URN."""
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new or name == "schemas":
            continue
        if isinstance(old, dict | None) and isinstance(new, dict | None):
            prefix = "" if is_schema(name) else f"{name}."
            old, new = old or {}, new or {}
            yield from (prefix + part for part in old.keys() | new.keys() if old.get(part) != new.get(part))
        else:
            yield name

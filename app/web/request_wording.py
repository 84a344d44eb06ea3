"""Sentences for recorded SCIM requests: what one changed, and what was understood although no RFC says so."""

from __future__ import annotations

from collections.abc import Iterator

from app.rules.directories import ResourceKind
from app.rules.scim_requests import ScimRequestRecord
from app.web.presentation import Explained
from app.web.wording import count

_MOST_NAMES = 8
_NOUNS = {ResourceKind.USER.value: "the user", ResourceKind.GROUP.value: "the group"}
_DEVIATIONS = {
    "manager_as_string": "The manager came as plain text instead of an object; it was read as the manager's id.",
    "manager_empty": "The manager came empty; that was read as “no manager”.",
    "primary_empty": "“primary” came as an empty text; it was left out.",
    "member_as_string": "Members came as plain ids instead of objects; each was read as the id of a user.",
}


def deviation(code: str) -> Explained:
    """What came, and how it was understood."""
    return Explained(code, _DEVIATIONS.get(code, "This is not in the RFCs and was understood anyway."))


def changed(record: ScimRequestRecord) -> str:
    """What a request changed, as one sentence without a full stop; "" where it could change nothing."""
    if not record.is_write or record.is_refused:
        return ""
    parts = list(_parts(record))
    text = ", ".join(parts) if parts else "changed nothing"
    return text[0].upper() + text[1:]


def _parts(record: ScimRequestRecord) -> Iterator[str]:
    changes, noun = record.changes, _NOUNS.get(record.resource or "", "it")
    if changes.get("deleted"):
        yield f"deleted {noun}"
    if changes.get("created"):
        yield f"created {noun}" + (" as inactive" if changes.get("active") is False else "")
    elif "active" in changes:
        yield f"{'activated' if changes['active'] else 'deactivated'} {noun}"
    if changes.get("renamed"):
        yield f"renamed {noun}"
    for key, verb in (("added", "added"), ("removed", "removed")):
        if changes.get(key):
            yield f"{verb} {count(changes[key], 'member', 'members')}"
    if changes.get("attributes"):
        yield f"changed {_names(changes['attributes'])}"
    if "operations" in changes:
        failed = changes.get("failed", 0)
        yield count(changes["operations"], "operation", "operations") + (f", {failed} of them failed" if failed else "")


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"

"""Sentences for recorded SCIM requests: what one changed, with which token it came, and what was understood although
no RFC says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus

from app.rules.directories import ResourceKind
from app.rules.scim_requests import ScimRequestRecord
from app.services.directory_access import NOTHING_BROUGHT
from app.services.overview.directories import shown
from app.services.rows import DirectoryToken
from app.web.presentation.scim_requests import Explained
from app.web.wording import count

_MOST_NAMES = 8
_NOUNS = {ResourceKind.USER.value: "the user", ResourceKind.GROUP.value: "the group"}
_DEVIATIONS = {
    "manager_as_string": "The manager came as plain text instead of an object; it was read as the manager's id.",
    "manager_as_list": "The manager came in a list of one; the entry was read as the manager.",
    "manager_without_urn": "“manager” came without the URN of the enterprise schema; it was read as that manager.",
    "manager_empty": "The manager came empty; that was read as “no manager”.",
    "primary_empty": "“primary” came as an empty text; it was left out.",
    "member_as_string": "Members came as plain ids instead of objects; each was read as the id of a user.",
    "entry_without_list": "A list of values came as a single value; it was read as a list of one.",
    "entry_twice": "The same value came twice with the same type; it was kept once.",
    "foreign_schemas": "Schemas of SCIM 1 were listed; they were read as those of SCIM 2.0.",
    "no_operations": "The list of operations was empty; nothing was changed.",
    "filter_value_unquoted": "The value of the filter came without quotation marks; it was read as text.",
    "text_json": "The body came as text/json; it was read as JSON.",
}


def deviation(code: str) -> Explained:
    """What came, and how it was understood."""
    return Explained(code, _DEVIATIONS.get(code, "This is not in the RFCs and was understood anyway."))


def token_of(record: ScimRequestRecord, token: DirectoryToken | None, *, now: datetime) -> str:
    """The token a request came with, as it may be shown; "none" or "unknown token" of one that was refused for that,
    else "".
    """
    if token is not None:
        ended = _ended(token, at=record.at, now=now)
        return f"{shown(token)} {token.label}".strip() + (f" ({ended})" if ended else "")
    if record.status != HTTPStatus.UNAUTHORIZED:
        return ""
    return "none" if record.detail == NOTHING_BROUGHT else "unknown token"


def token_note(record: ScimRequestRecord, told: str) -> str:
    """Why a token was refused, beyond what the client was told; `told` is what `token_of` says."""
    if record.status != HTTPStatus.UNAUTHORIZED:
        return ""
    notes = {"none": "It came without a token.", "unknown token": "It came with a token this directory never had."}
    return notes.get(told, f"It came with the token {told}.")


def _ended(token: DirectoryToken, *, at: datetime, now: datetime) -> str:
    """Whether a token had ended when a request came with it, or has since."""
    ends = (("revoked", token.revoked_at), ("expired", token.expires_at))
    for word, end in ends:
        if end is not None and end <= now:
            return word if end <= at else f"{word} since"
    return ""


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

"""The audit log: what an entry holds, and how entries are filtered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change or refusal: who, what, before, after, why, from where.

    `outcome` is `done` or `refused`. `proof` names who could still get in after a change that tightened something.
    `network_address` is where the request came from, None for what no request asked for and for entries of before.
    `position` is its place in the organization's chain, None while it waits to be sealed; it is no part of the entry.
    """

    id: str
    organization_id: str
    at: datetime
    actor_kind: str
    actor_id: str | None
    actor_label: str
    action: str
    outcome: str
    subject: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str | None
    proof: Mapping[str, Any]
    network_address: str | None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """What people call somebody or something: `text` as it was typed, and the `ids` of whatever has that name or id."""

    text: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to show; the conditions add up.

    `actor` is whoever did it, `subject` what it was done to. `action` is the beginning of an action, such
    as `role.`; `since` is included and `until` is not.
    """

    actor_kind: str | None = None
    actor: Called | None = None
    action: str | None = None
    subject: Called | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = AuditFilter()
OUTCOMES = ("done", "refused")

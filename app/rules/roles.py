"""Roles and the one that counts: groups, mappings, grants and the default make a single effective role, with its
reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.errors import InvalidInputError

ADMIN = "admin"
MEMBER = "member"
ADMIN_PRIORITY = 1_000_000
MEMBER_PRIORITY = 0
_SLUG = re.compile(r"[a-z][a-z0-9-]{0,62}")


class RoleSource(StrEnum):
    MAPPED = "mapped"
    GRANTED = "granted"
    DEFAULT = "default"
    HELD = "held"


class GroupSource(StrEnum):
    """Where a group comes from: the directory (its SCIM id) or a sign-in (the value that was sent)."""

    DIRECTORY = "directory"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class GroupRef:
    source: GroupSource
    ref: str


@dataclass(frozen=True, slots=True)
class MappingRule:
    """Everyone in `group` gets `role`."""

    id: str
    group: GroupRef
    role: str


@dataclass(frozen=True, slots=True)
class EffectiveRole:
    """The role that counts, where it comes from, and the mapping that won where one did."""

    role: str
    source: RoleSource
    mapping_id: str | None = None


@dataclass(frozen=True, slots=True)
class RolePolicy:
    """What the organization has set: priorities by role, mappings, the default role, and whose groups count."""

    priorities: Mapping[str, int]
    mappings: tuple[MappingRule, ...]
    default_role: str
    groups_from: GroupSource


def effective_role(*, groups: frozenset[GroupRef], granted: str | None, policy: RolePolicy) -> EffectiveRole:
    """The highest-priority mapped role, else the granted one, else the default.

    A mapped role outranks a granted one, also when it is lower. Groups from the source that does not count are passed
    over.
    """
    applying = [rule for rule in policy.mappings if rule.group in groups and rule.group.source is policy.groups_from]
    known = [rule for rule in applying if rule.role in policy.priorities]
    if known:
        winner = max(known, key=lambda rule: (policy.priorities[rule.role], rule.id))
        return EffectiveRole(winner.role, RoleSource.MAPPED, winner.id)
    if granted is not None and granted in policy.priorities:
        return EffectiveRole(granted, RoleSource.GRANTED)
    return EffectiveRole(policy.default_role, RoleSource.DEFAULT)


def read_slug(text: str) -> str:
    """A role's slug: a lower-case letter, then letters, digits and hyphens, 63 at most. Raises InvalidInputError."""
    if not _SLUG.fullmatch(text):
        raise InvalidInputError(
            "A role's slug is lower-case letters, digits and hyphens, starting with a letter.", field="slug"
        )
    return text


def read_priority(number: int) -> int:
    """A priority between the two built-in roles. Raises InvalidInputError."""
    if not MEMBER_PRIORITY < number < ADMIN_PRIORITY:
        raise InvalidInputError(f"A priority is between 1 and {ADMIN_PRIORITY - 1}.", field="priority")
    return number


def judge_default_role(slug: str) -> Decision:
    """The default role may not be admin: everybody who comes would be one."""
    if slug == ADMIN:
        return Refused(
            Code.DEFAULT_ROLE_ADMIN, "The default role may not be admin: everyone who signs in would be one."
        )
    return Allowed()

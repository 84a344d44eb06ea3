"""Roles and the one that counts: groups, mappings, grants and the default make a single effective role, with its
reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.errors import InvalidInputError

ADMIN = "admin"
MEMBER = "member"
ADMIN_PRIORITY = 1_000_000
MEMBER_PRIORITY = 0
MAX_SLUG = 63
_SLUG = re.compile(rf"[a-z][a-z0-9-]{{0,{MAX_SLUG - 1}}}")


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


def slug_of(name: str) -> str:
    """The slug that suggests itself for a name: "Éditeur en chef" becomes "editeur-en-chef"; "" where none does."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    hyphened = re.sub(r"[^a-z0-9]+", "-", plain)
    return re.sub(r"^[^a-z]+", "", hyphened)[:MAX_SLUG].rstrip("-")


def read_priority(number: int) -> int:
    """A priority below that of admin, which is always the highest. Raises InvalidInputError."""
    if not MEMBER_PRIORITY <= number < ADMIN_PRIORITY:
        raise InvalidInputError(f"A priority is between {MEMBER_PRIORITY} and {ADMIN_PRIORITY - 1}.", field="priority")
    return number


def judge_default_role(slug: str) -> Decision:
    """The default role may not be admin: everybody who comes would be one."""
    if slug == ADMIN:
        return Refused(
            Code.DEFAULT_ROLE_ADMIN, "The default role may not be admin: everyone who signs in would be one."
        )
    return Allowed()


def judge_rename(slug: str) -> Decision:
    """Admin keeps its name, so that everybody knows who may do everything; other roles may be called anything."""
    if slug == ADMIN:
        return Refused(Code.ROLE_BUILT_IN, "The role admin is built in and keeps its name.")
    return Allowed()


def judge_priority(slug: str) -> Decision:
    """Admin keeps the highest priority: a role above it could take the organization's administrators away."""
    return ADMIN_ON_TOP if slug == ADMIN else Allowed()


def judge_deletion(slug: str, *, default_role: str) -> Decision:
    """The built-in roles stay, and so does the default one: everybody without another role has it."""
    if slug in {ADMIN, MEMBER}:
        return Refused(Code.ROLE_BUILT_IN, f"The role {slug} is built in and cannot be deleted.")
    if slug == default_role:
        return Refused(
            Code.ROLE_IS_DEFAULT, "This is the default role.", fix="Choose another default role first, then delete it."
        )
    return Allowed()


ADMIN_ON_TOP = Refused(Code.ROLE_BUILT_IN, "The role admin is built in and always has the highest priority.")

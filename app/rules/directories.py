"""Directory users and groups as plain records: their fields, the address rule, and what a membership change names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter

from app.rules.domains import normalize_address
from app.rules.errors import InvalidInputError


class ResourceKind(StrEnum):
    """What the mirror holds; the value is SCIM's meta.resourceType."""

    USER = "User"
    GROUP = "Group"


@dataclass(frozen=True, slots=True)
class DirectoryEndpoint:
    """Where a push arrives: a directory recognised by its key and token, as a value that needs no session."""

    id: str
    organization_id: str
    key: str
    name: str
    provider: str


#: How long before its end a token is warned about.
TOKEN_EXPIRES_SOON = timedelta(days=14)
#: How long the use of a revoked or expired token is worth a warning.
TOKEN_REFUSED_LATELY = timedelta(days=30)


class TokenStanding(StrEnum):
    """What is to be said of a token."""

    WORKS = "works"
    EXPIRES_SOON = "expires_soon"
    EXPIRED = "expired"
    REVOKED = "revoked"


def token_standing(*, expires_at: datetime | None, revoked_at: datetime | None, now: datetime) -> TokenStanding:
    """Whether a token works, and whether it is about to stop."""
    if revoked_at is not None:
        return TokenStanding.REVOKED
    if expires_at is None or expires_at - now > TOKEN_EXPIRES_SOON:
        return TokenStanding.WORKS
    return TokenStanding.EXPIRES_SOON if expires_at > now else TokenStanding.EXPIRED


@dataclass(frozen=True, slots=True)
class Address:
    """One email of a directory user, as pushed."""

    value: str
    type: str = ""
    primary: bool = False


def choose_address(addresses: Sequence[Address], *, user_name: str) -> str | None:
    """The address a directory user is known by: primary, else work, else the first, else userName if it is one.

    In its one spelling, since members are compared that way. None when there is none: such a user is in the
    mirror and no member.
    """
    for address in _by_preference(addresses):
        known = _normalized(address.value)
        if known is not None:
            return known
    return _normalized(user_name)


def _by_preference(addresses: Sequence[Address]) -> list[Address]:
    """Primary ones first, then those of type work, then as they came; the sort is stable."""
    return sorted(addresses, key=lambda address: (not address.primary, address.type.lower() != "work"))


def _normalized(text: str) -> str | None:
    """The one spelling of an address, or None for what is not one; whether its host is verified is asked elsewhere."""
    try:
        return normalize_address(text)
    except InvalidInputError:
        return None


#: Paths whose values tell users apart, which identity providers match by: an equality finds them by an index. The
#: others would cost every push a row each, and are found by a walk over the directory.
_INDEXED = frozenset(
    {
        "displayName",
        "emails.value",
        "enterprise:employeeNumber",
        "enterprise:manager.value",
        "entitlements.value",
        "ims.value",
        "nickName",
        "phoneNumbers.value",
        "profileUrl",
        "roles.value",
        "x509Certificates.value",
    }
)


def is_indexed(path: str) -> bool:
    """Whether an equality finds values of this attribute path by an index."""
    return path in _INDEXED


@dataclass(frozen=True, slots=True)
class DirectoryUserRecord:
    """A pushed user as the mirror keeps it.

    `user_name_key` and `external_id` are comparison forms. `document` is the resource as JSON text, with id and
    schemas, without meta and groups. `active` is the state that counts; the document may be silent about it.
    `search_keys` are the values that filters and sorting find, as JSON: [[path, entry, lead, key], ...].
    """

    user_name_key: str
    external_id: str | None
    active: bool
    email: str | None
    name: str
    document: str
    search_keys: str


@dataclass(frozen=True, slots=True)
class DirectoryGroupRecord:
    """A pushed group as the mirror keeps it; its members are rows of their own, never part of `document`."""

    display_name: str
    display_key: str
    external_id: str | None
    document: str


_MATTERS_TO_MEMBERSHIP = attrgetter("active", "email", "name", "external_id")


def matters_to_membership(before: DirectoryUserRecord, after: DirectoryUserRecord) -> bool:
    """Whether membership and roles have to be worked out again for a user that changed from one state to the other."""
    return bool(_MATTERS_TO_MEMBERSHIP(before) != _MATTERS_TO_MEMBERSHIP(after))


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """What one request does to the members of a group: drop all or keep them, then add and remove by name.

    `added` and `removed` never share an id. The order of operations has already been worked in.
    """

    keeps_others: bool = True
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether it leaves every group as it is."""
        return self.keeps_others and not self.added and not self.removed

    def then_add(self, ids: Iterable[str]) -> MembershipChange:
        """Followed by an add."""
        named = frozenset(ids)
        return MembershipChange(self.keeps_others, self.added | named, self.removed - named)

    def then_remove(self, ids: Iterable[str]) -> MembershipChange:
        """Followed by a removal of named members."""
        named = frozenset(ids)
        removed = self.removed | named if self.keeps_others else frozenset()
        return MembershipChange(self.keeps_others, self.added - named, removed)

    def then_replace(self, ids: Iterable[str]) -> MembershipChange:
        """Followed by a replacement of all members; no ids empties the group."""
        return MembershipChange(keeps_others=False, added=frozenset(ids))


@dataclass(frozen=True, slots=True)
class Reference:
    """The other side of a membership: the group of a user, with its name, or a user in a group."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """One resource as it stands in the mirror, ready to be answered.

    `references` are the groups of a user or the members of a group; None when they were not looked up.
    """

    kind: ResourceKind
    id: str
    document: str
    version: int
    created_at: datetime
    modified_at: datetime
    references: tuple[Reference, ...] | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Which member a user is, and why they are none or do not follow in full."""

    member_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PushedUser:
    """A living user as they are answered, as they were last pushed, and which member they are."""

    answered: Mirrored
    record: DirectoryUserRecord
    link: Link


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of a search begins: beside the resource with this id, whose sort key is `key` (None: it has none).

    A page that looks back ends there instead.
    """

    id: str
    key: str | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class MirrorPage:
    """One page of a search. `total` counts every match; None where nobody counted, which only a cursor allows."""

    total: int | None
    resources: tuple[Mirrored, ...] = ()
    next: Position | None = None
    previous: Position | None = None


@dataclass(frozen=True, slots=True)
class MembershipOutcome:
    """What became of a membership change: the users that came and went."""

    added: Collection[str] = field(default=())
    removed: Collection[str] = field(default=())

    @property
    def changed(self) -> bool:
        """Whether the group is different now."""
        return bool(self.added or self.removed)

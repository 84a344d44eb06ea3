"""Typed identifiers with a readable prefix (`org_`, `conn_`, ...): make them from random bytes and recognise them."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NewType

OrganizationId = NewType("OrganizationId", str)
DomainId = NewType("DomainId", str)
MemberId = NewType("MemberId", str)
RoleId = NewType("RoleId", str)
MappingId = NewType("MappingId", str)
ConnectionId = NewType("ConnectionId", str)
RevisionId = NewType("RevisionId", str)
DirectoryId = NewType("DirectoryId", str)
TokenId = NewType("TokenId", str)
FlowId = NewType("FlowId", str)
SessionId = NewType("SessionId", str)
ScimRequestId = NewType("ScimRequestId", str)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_BODY_LENGTH = 26
RANDOM_BITS = 80
_RANDOM_SHIFTS = range(RANDOM_BITS - 10, -1, -10)


class Prefix(StrEnum):
    """What an identifier names; the value is what stands before the underscore."""

    ORGANIZATION = "org"
    DOMAIN = "dom"
    MEMBER = "mem"
    ROLE = "role"
    MAPPING = "map"
    CONNECTION = "conn"
    REVISION = "rev"
    DIRECTORY = "dir"
    TOKEN = "tok"  # noqa: S105 (a prefix, not a secret)
    KEY = "key"
    FLOW = "flow"
    SESSION = "ses"
    EVENT = "evt"
    AUDIT = "aud"
    SIGN_IN = "sin"
    MAIL = "mail"
    LINK = "lnk"  # one-time and setup links
    CODE = "code"
    SCIM_REQUEST = "req"
    ALARM = "alm"
    FACTOR = "fac"
    INVITATION = "inv"
    KEY_PAIR = "pair"


def make_id(prefix: Prefix, number: int) -> str:
    """An identifier that sorts by its number, as 26 Crockford base32 digits.

    The number is 48 bits of Unix milliseconds above RANDOM_BITS random ones, so that ids made later sort later and
    indexes grow at their right edge.
    """
    pairs = [_PAIRS[(number >> shift) & 1023] for shift in _RANDOM_SHIFTS]
    return f"{prefix.value}_{_moment(number >> RANDOM_BITS)}{''.join(pairs)}"


@lru_cache(maxsize=64)
def _moment(milliseconds: int) -> str:
    """The first ten digits, which many identifiers have in common."""
    return "".join(_PAIRS[(milliseconds >> shift) & 1023] for shift in range(40, -1, -10))


def first_id(prefix: Prefix, at: datetime) -> str:
    """The smallest identifier that could have been made at that time."""
    return make_id(prefix, max(0, int(at.timestamp() * 1000)) << RANDOM_BITS)


def just_behind(id_: str) -> str:
    """The smallest text that sorts behind an identifier: no other one is in between."""
    return f"{id_}{_ALPHABET[0]}"


def made_at(id_: str) -> datetime:
    """When an identifier was made, to the millisecond, by the clock of whoever made it."""
    number = 0
    for digit in id_.partition("_")[2]:
        number = number << 5 | _ALPHABET.index(digit)
    return datetime.fromtimestamp((number >> RANDOM_BITS) / 1000, UTC)


def is_id(text: str, prefix: Prefix) -> bool:
    """Whether `text` has the form of an identifier of that kind; says nothing about whether it exists."""
    head, underscore, body = text.partition("_")
    return head == prefix.value and bool(underscore) and len(body) == _BODY_LENGTH and set(body) <= set(_ALPHABET)

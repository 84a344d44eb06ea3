"""ExternalIdentity: the one shape every sign-in protocol produces, and what it produces instead: a Rejection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class GroupsState(StrEnum):
    """Groups are present, empty or unknown; unknown changes nothing, empty does."""

    PRESENT = "present"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ReceivedGroups:
    """Groups as one sign-in reported them."""

    state: GroupsState
    values: frozenset[str] = frozenset()

    @classmethod
    def of(cls, values: frozenset[str]) -> ReceivedGroups:
        """Groups that were reported, possibly none."""
        return cls(GroupsState.PRESENT if values else GroupsState.EMPTY, values)


UNKNOWN_GROUPS = ReceivedGroups(GroupsState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ProviderSession:
    """The session at an identity provider that a sign-in rests on, by what a logout knows it by.

    `subject` is the NameID or `sub`, `index` the SessionIndex or `sid`; `qualifiers` are what else tells one subject
    from another. `hint` is what the protocol hands back to have it ended, such as an ID token: a secret.
    """

    issuer: str
    subject: str
    index: str | None = None
    qualifiers: Mapping[str, str] = field(default_factory=dict)
    hint: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """Who the identity provider says signed in, after every check the protocol knows.

    `issuer` and `subject` together are the stable key inside one connection. `subject_is_stable` is False when the
    subject is only an address (a non-persistent NameID without an immutable attribute). `email` is trimmed and
    lower-cased,
    not yet compared with the organization's domains. `replay_key`, unique within the connection, is remembered until
    `replay_until` (UTC). `session` is there where a logout could name it. `received` holds the attributes as they
    came, for the test sign-in's page only.
    `signed_with` are the fingerprints of the certificates that verified it, where the protocol has any.
    """

    issuer: str
    subject: str
    email: str
    name: str
    groups: ReceivedGroups
    replay_key: str
    replay_until: datetime
    subject_is_stable: bool = True
    authenticated_at: datetime | None = None
    session_until: datetime | None = None
    session: ProviderSession | None = None
    received: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signed_with: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why what an identity provider sent was not accepted.

    `name` is from the protocol's closed list (saml/rejections.py, oidc/rejections.py). `sentence` is for the
    person at the browser, `expected` and `received` for the administrator (never an assertion or a token), `fix` says
    what
    to change and where.
    """

    name: str
    sentence: str
    expected: str = ""
    received: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Unverified:
    """A rejection of what nothing shows to come from the identity provider: anybody may have sent it."""

    rejection: Rejection


@dataclass(frozen=True, slots=True)
class Stray:
    """A rejection of the provider's answer to a request that this browser has not sent, or too long ago."""

    rejection: Rejection


#: What becomes of an answer that no sign-in of this browser waits for.
Unasked = ExternalIdentity | Rejection | Unverified | Stray

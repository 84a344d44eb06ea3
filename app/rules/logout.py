"""Signing out at an identity provider, and because of one: which of our sessions end when one of theirs has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from app.rules.identity import ProviderSession, Rejection

if TYPE_CHECKING:
    from app.rules.connections import Revision

Answer = TypeVar("Answer", covariant=True)

#: How long after signing out here one may still go on to sign out at the identity provider, and come back from there.
SIGN_OUT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class EndedThere:
    """An identity provider says that sessions there have ended, after every check the protocol knows.

    `subject` is whose, None where only `indexes` say which; without indexes all of that subject's. `qualifiers` are
    what else the subject is named by. `replay_key`, unique within the connection, is remembered until `replay_until`
    (UTC). `request_id` is what an answer refers to, `relay_state` what goes back with it.
    """

    issuer: str
    subject: str | None
    indexes: frozenset[str]
    replay_key: str
    replay_until: datetime
    qualifiers: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    relay_state: str = ""

    def ends(self, session: ProviderSession) -> bool:
        """Whether this session of ours rests on one of those that have ended.

        A qualifier that one side leaves out says nothing. A session that came without an index cannot be told from the
        subject's others, so that it ends with any of them.
        """
        if session.issuer != self.issuer or self.subject not in {None, session.subject}:
            return False
        if any(session.qualifiers.get(name, value) != value for name, value in self.qualifiers.items()):
            return False
        if not self.indexes:
            return self.subject is not None
        return session.index in self.indexes or (session.index is None and self.subject is not None)


class SignOutOutcome(StrEnum):
    """What an identity provider made of our wish to sign somebody out there."""

    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class SignOut:
    """One sign-out that may go on to the identity provider. `handle` travels through it (RelayState, state) and is not
    a secret; `request_id` is the SAML LogoutRequest's ID.
    """

    handle: str
    request_id: str
    at: datetime


#: Verifies what an identity provider says of a logout, outside any transaction: it may fetch keys.
VerifyLogout = Callable[["Revision", datetime], EndedThere | Rejection]
#: Verifies what it answers to the request with this id.
VerifyReturn = Callable[["Revision", str, datetime], SignOutOutcome | Rejection]


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Sessions were ended, as many as there were; `revision` is for whoever has to answer."""

    revision: Revision
    told: EndedThere


@dataclass(frozen=True, slots=True)
class LogoutRefused:
    """What an identity provider said of a logout was not believed, and nothing ended. `reference` names the record an
    administrator can read, "" where there is none.
    """

    rejection: Rejection
    reference: str = ""


class WayOut(Protocol[Answer]):
    """What a protocol's routes hand logouts to; the web layer implements it, `Answer` is its response type."""

    def told(self, connection_id: str, *, protocol: str, verify: VerifyLogout) -> LoggedOut | LogoutRefused:
        """An identity provider says that sessions there have ended: verify, and end ours. Raises NotFoundError."""
        ...

    def returned(self, connection_id: str, *, protocol: str, handle: str, verify: VerifyReturn) -> Answer:
        """The browser comes back from signing out there. It is signed out here whatever it brings."""
        ...

    def refused(self, refused: LogoutRefused) -> Answer:
        """The page that says so."""
        ...

    def leave(self, url: str | None) -> Answer:
        """Send the browser on to `url`, or where there is none to the page that says that it is signed out."""
        ...

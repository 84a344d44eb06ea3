"""Who could sign in on the first day of a connection's settings: each person, by which way in, and the one thing that
would make them ready.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from itertools import product

from app.rules.lockout import Guests, WayIn


class Reason(StrEnum):
    """Why somebody is ready, or is not."""

    PROVEN = "proven"
    SEEN = "seen"
    LISTED = "listed"
    GUEST = "guest"
    OTHER_DOMAIN = "other_domain"
    INVITED = "invited"
    NOT_IN_DIRECTORY = "not_in_directory"
    NEVER_SEEN = "never_seen"


@dataclass(frozen=True, slots=True)
class Traits:
    """What readiness follows from. People with the same traits are equally ready, so that they can be counted together.

    `proven`: came in through exactly these settings, by a test or a sign-in. `seen`: through other settings of the same
    connection, at an identity provider that these settings are known to lead to as well. `listed`: the active directory
    lists them as active.
    """

    is_member: bool
    at_verified_host: bool
    proven: bool
    seen: bool
    listed: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """What the answer depends on beside the person. `in_force` tells whether the settings are, or would follow."""

    guests: Guests
    has_directory: bool
    in_force: bool


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether somebody can sign in, as far as anybody knows. `way_in` is theirs, None where no way is open to them;
    `fix` is the one thing that would make them ready, "" for who is.
    """

    ready: bool
    way_in: WayIn | None
    reason: Reason
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which people: those who are ready, or are not (None: both), for one reason only, with a part of name or
    address.
    """

    ready: bool | None = None
    reason: Reason | None = None
    text: str = ""

    def takes(self, found: Readiness) -> bool:
        """Whether people who stand like this are among them."""
        return self.ready in {None, found.ready} and self.reason in {None, found.reason}


EVERYBODY = Filter()


def readiness(person: Traits, setting: Setting) -> Readiness:
    """How ready somebody is. Deactivated and suspended people are nobody's question here: they stay out on purpose."""
    if not person.at_verified_host:
        return _guest(person, setting)
    if not person.is_member:
        return _not(Reason.INVITED, _FROM_DIRECTORY if setting.has_directory else _ACCEPT, WayIn.SINGLE_SIGN_ON)
    for known, reason in (
        (person.proven, Reason.PROVEN),
        (person.seen, Reason.SEEN),
        (person.listed, Reason.LISTED),
    ):
        if known:
            return Readiness(True, WayIn.SINGLE_SIGN_ON, reason)
    if setting.has_directory:
        return _not(Reason.NOT_IN_DIRECTORY, _FROM_DIRECTORY, WayIn.SINGLE_SIGN_ON)
    return _not(Reason.NEVER_SEEN, _SIGN_IN if setting.in_force else _ASSIGN, WayIn.SINGLE_SIGN_ON)


def every_trait() -> Iterator[Traits]:
    """Every kind of person there can be."""
    return (Traits(*each) for each in product((False, True), repeat=len(fields(Traits))))


def number_of(person: Traits) -> int:
    """The traits as one number, for those who count people by them: one bit each, the first one lowest."""
    return sum(bool(has) << place for place, has in enumerate(astuple(person)))


_ACCEPT = "Have them accept the invitation."
_ALLOW_GUESTS = "Let guests sign in by email, or verify their domain."
_ASSIGN = "Assign the application to them at the identity provider; their first sign-in will show it."
_FROM_DIRECTORY = "Assign the application to them at the identity provider, so that the directory lists them."
_SIGN_IN = "Have them sign in once; if that fails, assign the application to them at the identity provider."


def _guest(person: Traits, setting: Setting) -> Readiness:
    if setting.guests is Guests.REFUSE:
        return _not(Reason.OTHER_DOMAIN, _ALLOW_GUESTS, None)
    if not person.is_member:
        return _not(Reason.INVITED, _ACCEPT, WayIn.EMAIL_CODE)
    return Readiness(True, WayIn.EMAIL_CODE, Reason.GUEST)


def _not(reason: Reason, fix: str, way_in: WayIn | None) -> Readiness:
    return Readiness(False, way_in, reason, fix)

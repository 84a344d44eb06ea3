"""What a connection relies on and that ends one day: when administrators are told of it, and in which words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: Days before the end at which administrators are told; then at the end, and each day after it.
MARKS = (90, 60, 30, 7, 1)
_DAY = timedelta(days=1)


class Expiring(StrEnum):
    """What may end: a certificate with which the identity provider signs, the secret that it gave us, or the
    certificate with which we sign and for which it encrypts.
    """

    SIGNING_CERTIFICATE = "signing_certificate"
    CLIENT_SECRET = "client_secret"  # noqa: S105 (a name, not a secret)
    OWN_CERTIFICATE = "own_certificate"


@dataclass(frozen=True, slots=True)
class Expiry:
    """One of them, which ends at `at` (aware, UTC). `renewal` says where it is renewed, in the provider's own words."""

    what: Expiring
    at: datetime
    renewal: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the last of those that stand in for each other ends: until then one of them is good. `count` is how many
    there are, `ended` how many of them have ended.
    """

    what: Expiring
    at: datetime
    count: int
    ended: int
    renewal: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What administrators were told last: that what ends at `at` has come to this mark."""

    at: datetime
    mark: int


@dataclass(frozen=True, slots=True)
class ExpiryWarning:
    """A deadline that is near or over, in whole sentences: what ends and when, what follows, and what to do."""

    what: Expiring
    at: datetime
    mark: int
    sentence: str
    meaning: str
    fix: str

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.mark <= 0


def deadlines(expiries: Iterable[Expiry], *, now: datetime) -> tuple[Deadline, ...]:
    """One deadline for each kind of thing that ends, the nearest first."""
    by_kind: dict[Expiring, list[Expiry]] = {}
    for expiry in expiries:
        by_kind.setdefault(expiry.what, []).append(expiry)
    found = (_deadline(several, now=now) for several in by_kind.values())
    return tuple(sorted(found, key=lambda deadline: (deadline.at, deadline.what)))


def mark_reached(at: datetime, *, now: datetime) -> int | None:
    """The latest mark that has passed: so many days before the end, from the end on minus the days since; None while
    the end is more than 90 days away.
    """
    left = at - now
    if left <= timedelta(0):
        return _begun_days(left)
    return min((mark for mark in MARKS if left <= mark * _DAY), default=None)


def mark_due(at: datetime, *, told: Told | None, now: datetime) -> int | None:
    """The mark that administrators are to be told of now: the latest one, unless they know of it or of a later one.

    Those that passed while nobody looked are skipped. Something new has an end of its own, of which nothing was told.
    """
    mark = mark_reached(at, now=now)
    if mark is None or (told is not None and told.at == at and told.mark <= mark):
        return None
    return mark


def warning(deadline: Deadline, *, connection: str, now: datetime) -> ExpiryWarning | None:
    """What is to be said of a deadline of the connection of that name; None while it is far away."""
    mark = mark_reached(deadline.at, now=now)
    if mark is None:
        return None
    is_over = mark <= 0
    meaning = _MEANINGS[deadline.what]
    return ExpiryWarning(
        what=deadline.what,
        at=deadline.at,
        mark=mark,
        sentence=f"{connection}: {_named(deadline)} {_when(deadline, now=now)}.",
        meaning=meaning.after if is_over else meaning.before,
        fix=" ".join(filter(None, (deadline.renewal, _FIXES[deadline.what]))),
    )


def _deadline(several: list[Expiry], *, now: datetime) -> Deadline:
    last = max(several, key=lambda expiry: expiry.at)
    ended = sum(expiry.at <= now for expiry in several)
    return Deadline(last.what, last.at, count=len(several), ended=ended, renewal=last.renewal)


def _named(deadline: Deadline) -> str:
    one, several = _NAMES[deadline.what]
    return f"the {one}" if deadline.count == 1 else f"the last of {deadline.count} {several}"


def _when(deadline: Deadline, *, now: datetime) -> str:
    """The verb with the day and how far away it is."""
    day, left = f"{deadline.at:%Y-%m-%d}", deadline.at - now
    if left > timedelta(0):
        return f"ends on {day}, in {_days(_begun_days(left))}"
    ago = -_begun_days(left)
    return f"ended on {day}" + (f", {_days(ago)} ago" if ago else "")


def _begun_days(left: timedelta) -> int:
    return -(-left // _DAY)


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What follows, as it is told before the end and after it."""

    before: str
    after: str


_NAMES = {
    Expiring.SIGNING_CERTIFICATE: (
        "signing certificate of the identity provider",
        "signing certificates of the identity provider",
    ),
    Expiring.CLIENT_SECRET: ("client secret", "client secrets"),
    Expiring.OWN_CERTIFICATE: ("certificate of Doorward", "certificates of Doorward"),
}
_MEANINGS = {
    Expiring.SIGNING_CERTIFICATE: _Meaning(
        before="Nothing stops that day by itself: Doorward goes on accepting what is signed with it. But identity "
        "providers change to another certificate about then, and from that moment on nobody can sign in until it is "
        "known here.",
        after="Sign-ins go on: Doorward still accepts what is signed with it, because its key was trusted when the "
        "connection was set up. They stop at the moment the identity provider changes to a certificate that is not "
        "known here.",
    ),
    Expiring.CLIENT_SECRET: _Meaning(
        before="From then on the identity provider refuses Doorward, and nobody can sign in through this connection.",
        after="If that day was entered right, the identity provider refuses Doorward: nobody can sign in through this "
        "connection until it has another one.",
    ),
    Expiring.OWN_CERTIFICATE: _Meaning(
        before="An identity provider that looks at dates refuses signed requests from then on, or no longer encrypts "
        "for it.",
        after="An identity provider that looks at dates refuses signed requests, or no longer encrypts for it.",
    ),
}
#: What to do here once it was renewed there, where that is the same at every provider.
_FIXES = {
    Expiring.SIGNING_CERTIFICATE: "",
    Expiring.CLIENT_SECRET: "Then edit the connection here to have the new secret and the day on which that one ends, "
    "test it and put it in force.",
    Expiring.OWN_CERTIFICATE: "Whoever runs Doorward replaces it in steps that shut nobody out: doorward organization "
    "certificate new, then sign, then retire.",
}

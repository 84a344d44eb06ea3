"""Metadata that is followed: what of it comes into force by itself, what waits for a person, and when it is read again.

What a revision was tested with stays. Certificates that appear at the address it names are trusted beside its own for
as long as they stand there; that one of its own is gone, or that the sign-on URL is another one, is told and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.rules.certificates import Certificate, read_certificates
from app.rules.connections import Revision, Settings

#: How long until the next look, where the document does not say; and the bounds of what it may say.
USUALLY = timedelta(hours=4)
SOONEST = timedelta(minutes=15)
LATEST = timedelta(hours=24)
_FIRST_RETRY = timedelta(minutes=5)
#: An unknown key makes metadata be read at once, but no more often than this, over all workers.
READ_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Published:
    """What an identity provider says of itself. `cache_for` and `valid_until` (UTC) are None where it does not say.

    `slo_url` is where logouts go, if it takes any, `slo_response_url` where answers to its own go, if elsewhere. They
    are not followed: nobody is kept from signing in by them.
    """

    entity_id: str
    sso_url: str
    certificates: tuple[Certificate, ...]
    cache_for: timedelta | None = None
    valid_until: datetime | None = None
    slo_url: str | None = None
    slo_response_url: str | None = None


#: Reads the metadata at a URL, outside any transaction. Raises InvalidInputError or UnreachableError with a sentence
#: for the administrator.
ReadMetadata = Callable[[str], Published]
#: Given a revision that follows metadata, the same with certificates that have newly appeared there; None where there
#: are none, or it was read a moment ago. Called outside any transaction.
FollowUp = Callable[[Revision, ReadMetadata], Revision | None]


@dataclass(frozen=True, slots=True)
class Stated:
    """The parts of metadata that a sign-in depends on."""

    sso_url: str
    certificates: tuple[Certificate, ...]

    def same_as(self, other: Stated) -> bool:
        """Whether both say the same; the order of certificates says nothing."""
        return self.sso_url == other.sso_url and set(self.certificates) == set(other.certificates)


@dataclass(frozen=True, slots=True)
class Untaken:
    """How metadata differs from settings in what nobody but a person takes over. `sso_url` is None where it is the
    same.
    """

    vanished: tuple[Certificate, ...]
    sso_url: str | None


def metadata_url(settings: Settings) -> str | None:
    """Where the metadata stands that settings follow; None where they follow none."""
    url: str | None = settings.get("idp", {}).get("metadata_url")
    return url


def stated_by(settings: Settings) -> Stated:
    """What settings say."""
    return Stated(settings["idp"]["sso_url"], read_certificates(settings["idp"]["certificates"]))


def own_certificates(settings: Settings) -> tuple[Certificate, ...]:
    """The certificates that stand in settings; none for a protocol that has none there."""
    return read_certificates(settings.get("idp", {}).get("certificates", ()))


def added(own: tuple[Certificate, ...], published: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    """Those published beside a revision's own."""
    known = {certificate.fingerprint for certificate in own}
    return tuple(certificate for certificate in published if certificate.fingerprint not in known)


def untaken(settings: Settings, stated: Stated) -> Untaken | None:
    """What is left for a person to take over; None where nothing is."""
    own = stated_by(settings)
    vanished = added(stated.certificates, own.certificates)
    if not vanished and stated.sso_url == own.sso_url:
        return None
    return Untaken(vanished, stated.sso_url if stated.sso_url != own.sso_url else None)


def with_taken(settings: Settings, stated: Stated) -> dict[str, object]:
    """The settings with what the metadata states."""
    certificates = [certificate.as_settings() for certificate in stated.certificates]
    return {**settings, "idp": {**settings["idp"], "sso_url": stated.sso_url, "certificates": certificates}}


def fault_of(settings: Settings, published: Published) -> str | None:
    """Why this is not followed, as a sentence; None where it is the provider of these settings."""
    pinned = settings["idp"]["entity_id"]
    if published.entity_id == pinned:
        return None
    return (
        f"It is the metadata of another identity provider: its entityID is {published.entity_id}, and not {pinned}. "
        "If that is meant, edit the connection."
    )


def next_read(published: Published, *, now: datetime) -> datetime:
    """When to look again: when the document says, within bounds, and before it ends."""
    wait = USUALLY if published.cache_for is None else published.cache_for
    if published.valid_until is not None:
        wait = min(wait, published.valid_until - now)
    return now + max(SOONEST, min(wait, LATEST))


def next_try(failures: int, *, now: datetime) -> datetime:
    """When to look again after so many failures in a row (1 for the first)."""
    return now + min(_FIRST_RETRY * (1 << min(failures - 1, 12)), USUALLY)

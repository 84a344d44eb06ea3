"""Certificates that an identity provider signs with: what they are, which are in use, which may be dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

#: A certificate that verified nothing for so long, while a newer one did, is no longer signed with.
IDLE_AFTER = timedelta(days=14)
#: Use is written down once in so long, so that it costs no write for each sign-in.
NOTED_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate whose key can verify signatures. `der` is base64 without line breaks, `not_after` RFC 3339 in UTC.

    An expired certificate is a certificate: providers keep signing with theirs, and its key was trusted by
    configuration, not by its dates. Whoever shows it warns.
    """

    der: str
    fingerprint: str
    not_after: str

    def as_settings(self) -> dict[str, str]:
        """As it stands in a revision."""
        return {"der": self.der, "fingerprint": self.fingerprint, "not_after": self.not_after}


@dataclass(frozen=True, slots=True)
class Use:
    """When a certificate first and last verified a sign-in, as far as that is on record; None: never."""

    first_at: datetime | None = None
    last_at: datetime | None = None


NEVER = Use()


def read_certificates(stored: Iterable[Mapping[str, Any]]) -> tuple[Certificate, ...]:
    """Certificates as they stand in a revision."""
    return tuple(Certificate(one["der"], one["fingerprint"], one["not_after"]) for one in stored)


def may_be_dropped(certificate: Certificate, uses: Mapping[Certificate, Use], *, now: datetime) -> bool:
    """Whether the provider has evidently gone over to a newer one of these certificates.

    `uses` are those of all certificates of a connection. One that is newer than all in use waits for its day, and is
    kept however little it is used. So is each of them while the record of their use is younger than what it is to show.
    """
    begun = min((use.first_at for use in uses.values() if use.first_at), default=now)
    used = uses[certificate].last_at
    if now - begun < IDLE_AFTER or (used is not None and now - used < IDLE_AFTER):
        return False
    return any(
        use.last_at is not None and now - use.last_at < IDLE_AFTER and other.not_after > certificate.not_after
        for other, use in uses.items()
    )

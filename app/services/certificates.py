"""Certificates of a connection: which are trusted, where each comes from, and when it was in use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.rules.certificates import NEVER, NOTED_EVERY, Certificate, Use, may_be_dropped
from app.rules.following import own_certificates
from app.services import connection_settings, following
from app.services.unit_of_work import UnitOfWork
from app.store import following as rows
from app.store.connections import Connection


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate. `is_followed`: it stands in the metadata beside the settings' own. `may_be_dropped`: it is one
    of the settings' own, and the provider signs with a newer one.
    """

    certificate: Certificate
    is_followed: bool
    use: Use
    may_be_dropped: bool


def of(unit: UnitOfWork, connection: Connection) -> tuple[CertificateFacts, ...]:
    """What sign-ins are verified with: by the revision in force, else by the latest."""
    revision = following.shown_revision(unit, connection)
    own, followed = own_certificates(revision.settings), connection_settings.followed_by(unit, revision)
    known = rows.uses(unit.session, connection.id, [certificate.fingerprint for certificate in (*own, *followed)])
    uses = {
        certificate: Use(row.first_used_at, row.last_used_at) if row is not None else NEVER
        for certificate in (*own, *followed)
        for row in (known.get(certificate.fingerprint),)
    }
    return tuple(
        CertificateFacts(
            certificate,
            is_followed=certificate in followed,
            use=use,
            may_be_dropped=certificate in own and may_be_dropped(certificate, uses, now=unit.now),
        )
        for certificate, use in uses.items()
    )


def note_use(unit: UnitOfWork, connection_id: str, fingerprints: Collection[str]) -> None:
    """Write down that these verified a sign-in, where that was not done today already."""
    if not fingerprints:
        return
    known = rows.uses(unit.session, connection_id, fingerprints)
    for fingerprint in sorted(fingerprints):
        row = known.get(fingerprint)
        if row is None or unit.now - row.last_used_at >= NOTED_EVERY:
            rows.note_use(unit.session, connection_id, fingerprint, now=unit.now)

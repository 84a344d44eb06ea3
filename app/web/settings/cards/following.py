"""Followed metadata and certificates on the card of a connection."""

from __future__ import annotations

from datetime import datetime

from app.rules.connections import ConnectionKind, Settings
from app.services.certificates import CertificateFacts
from app.services.following import Following
from app.web.moments import due_or_none, moment, moment_or_none
from app.web.presentation.following import CertificateRow, FollowedMetadata
from app.web.settings.cards.differences import differences_between
from app.web.settings.controls import control


def followed_metadata(
    facts: Following | None, kind: ConnectionKind, settings: Settings, *, now: datetime
) -> FollowedMetadata | None:
    """How the metadata is followed; None where the settings name none."""
    if facts is None:
        return None
    becoming = facts.becoming
    return FollowedMetadata(
        url=facts.url,
        last_read=moment_or_none(facts.read_at, now=now),
        next_read=due_or_none(facts.next_read_at, now=now),
        failing_since=moment_or_none(facts.failing_since, now=now),
        failure=facts.failure,
        differences=differences_between(kind, settings, becoming) if becoming is not None else (),
        has_moved=facts.untaken is not None and facts.untaken.sso_url is not None,
        take_over=control(facts.may_take_over),
    )


def certificate_rows(
    found: tuple[CertificateFacts, ...], following: Following | None, *, now: datetime
) -> tuple[CertificateRow, ...]:
    """Certificates in the order in which they are tried."""
    vanished = following.untaken.vanished if following is not None and following.untaken is not None else ()
    return tuple(_row(facts, is_vanished=facts.certificate in vanished, now=now) for facts in found)


def _row(facts: CertificateFacts, *, is_vanished: bool, now: datetime) -> CertificateRow:
    ends = datetime.fromisoformat(facts.certificate.not_after)
    return CertificateRow(
        fingerprint=facts.certificate.fingerprint,
        ends=moment(ends, now=now),
        has_ended=ends <= now,
        source=_source(facts, is_vanished=is_vanished),
        first_used=moment_or_none(facts.use.first_at, now=now),
        last_used=moment_or_none(facts.use.last_at, now=now),
        safe_to_drop=facts.may_be_dropped,
    )


def _source(facts: CertificateFacts, *, is_vanished: bool) -> str:
    if facts.is_followed:
        return "followed from the metadata"
    return "in the settings, no longer in the metadata" if is_vanished else "in the settings"

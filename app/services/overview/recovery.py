"""The organization's recovery codes as the settings page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.services import organizations, recovery
from app.services.unit_of_work import UnitOfWork
from app.store import figures, members


@dataclass(frozen=True, slots=True)
class RecoveryFacts:
    """`confirmed_at` is set only while the administrator who confirmed the set still is one."""

    total: int
    left: int
    made_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str


def read(unit: UnitOfWork, organization_id: str) -> RecoveryFacts:
    """How many codes there are and who has stored them."""
    organization = organizations.read(unit, organization_id)
    total, left, made = figures.recovery_codes(unit.session, organization_id)
    confirmed = recovery.state(unit, organization_id).confirmed
    by = members.present(unit.session, organization_id, organization.recovery_confirmed_by or "") if confirmed else None
    return RecoveryFacts(
        total=total,
        left=left,
        made_at=made,
        confirmed_at=organization.recovery_confirmed_at if by else None,
        confirmed_by=(by.name or by.email) if by else "",
    )

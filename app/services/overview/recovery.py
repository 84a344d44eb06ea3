"""The organization's recovery codes as the settings page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.rules.decisions import Decision
from app.rules.events import EventType
from app.services import organizations, recent_authentication, recovery
from app.services.unit_of_work import UnitOfWork
from app.store import audit, figures, members, recovery_drills


@dataclass(frozen=True, slots=True)
class RecoveryFacts:
    """`confirmed_at` is set only while the administrator who confirmed the set is still there; when they are not,
    `gone` is their address. `used_at` is when somebody last came in by recovery, whatever set there was, and
    `used_how` with what: a link of the host uses no code up. `drilled_at` is when a code last proved good.
    """

    total: int
    left: int
    made_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str
    gone: str
    used_at: datetime | None
    used_by: str
    used_how: str
    drilled_at: datetime | None
    drilled_by: str
    may_make: Decision


def read(unit: UnitOfWork, organization_id: str) -> RecoveryFacts:
    """How many codes there are, who has stored them, and when one last proved good."""
    organization = organizations.read(unit, organization_id)
    total, left, made = figures.recovery_codes(unit.session, organization_id)
    confirmed = recovery.state(unit, organization_id).confirmed
    confirmer = organization.recovery_confirmed_by or ""
    by = members.present(unit.session, organization_id, confirmer) if confirmed else None
    names = figures.names(unit.session, organization_id, [confirmer]) if confirmer and not confirmed else {}
    used = audit.latest(unit.session, organization_id, EventType.RECOVERY_USED)
    drills = recovery_drills.of(unit.session, organization_id)
    return RecoveryFacts(
        total=total,
        left=left,
        made_at=made,
        confirmed_at=organization.recovery_confirmed_at if by else None,
        confirmed_by=(by.name or by.email) if by else "",
        gone=names.get(confirmer, ""),
        used_at=used.at if used else None,
        used_by=used.actor_label if used else "",
        used_how=str(used.after.get("how", "")) if used else "",
        drilled_at=drills.good_at if drills else None,
        drilled_by=drills.good_by if drills else "",
        may_make=recent_authentication.judge(unit, EventType.RECOVERY_CODES_CREATED),
    )

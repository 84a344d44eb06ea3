"""How many members there are, and where their addresses are."""

from __future__ import annotations

from app.services import domains
from app.services.unit_of_work import UnitOfWork
from app.store import figures, organizations
from app.store.figures import People


def people(unit: UnitOfWork, organization_id: str) -> People:
    """The organization's members, counted; by every host it claims."""
    return figures.people(
        unit.session,
        organization_id,
        hosts=[domain.host for domain in domains.all_of(unit, organization_id)],
        verified=organizations.verified_hosts(unit.session, organization_id),
    )

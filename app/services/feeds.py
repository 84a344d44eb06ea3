"""What happened, for reading: the events of one organization, oldest first."""

from __future__ import annotations

from collections.abc import Sequence

from app.rules.errors import InvalidInputError
from app.services import organizations
from app.services.unit_of_work import UnitOfWork
from app.store import events as event_rows
from app.store.events import Event


def events(unit: UnitOfWork, organization_id: str, *, after: str, limit: int) -> Sequence[Event]:
    """Events after the one with the id `after`, "" for all; those that have their position, which takes a moment.

    Raises NotFoundError for the organization, InvalidInputError for an `after` that no feed of it has shown.
    """
    organizations.read(unit, organization_id)
    position = event_rows.position_of(unit.session, organization_id, after) if after else 0
    if position is None:
        raise InvalidInputError("There is no such event in this feed.", field="after")
    return event_rows.events_after(unit.session, organization_id, after=position, limit=limit)

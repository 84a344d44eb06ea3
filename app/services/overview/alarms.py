"""The alarms that nobody has dismissed, with the people they are about, as the settings page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.rules.mass_changes import Loss
from app.services import mass_changes, roles
from app.services.rows import MassChange, PersonRow
from app.services.unit_of_work import UnitOfWork
from app.store import figures

#: As many alarms, and as many people of each, stand on the page; the JSON API has all of them.
MOST_ALARMS = 5
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class LostFacts:
    """What one person lost; roles by name. A demoted person had `role_before` and has `role_after`."""

    id: str
    name: str
    email: str
    loss: Loss
    role_before: str
    role_after: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """One alarm: how many people it is about by now, of how many, between which moments, and the first of them."""

    id: str
    directory: str
    people: int
    managed: int
    began_at: datetime
    latest_at: datetime
    shown: tuple[LostFacts, ...]


@dataclass(frozen=True, slots=True)
class OpenAlarms:
    """The newest alarms that nobody has dismissed, newest first, and how many `older` ones there are."""

    newest: tuple[AlarmFacts, ...] = ()
    older: int = 0


def read(unit: UnitOfWork, organization_id: str) -> OpenAlarms:
    """The open alarms of an organization."""
    found = mass_changes.open_alarms(unit, organization_id, limit=MOST_ALARMS)
    if not found:
        return OpenAlarms()
    older = mass_changes.count_open_alarms(unit, organization_id) - len(found)
    directories = figures.names(unit.session, organization_id, [alarm.directory_id for alarm in found])
    names = {role.slug: role.name for role in roles.all_of(unit, organization_id)}
    return OpenAlarms(
        tuple(_alarm(unit, alarm, directories.get(alarm.directory_id, ""), names) for alarm in found), older=older
    )


def _alarm(unit: UnitOfWork, alarm: MassChange, directory: str, names: dict[str, str]) -> AlarmFacts:
    people = mass_changes.people(unit, alarm.organization_id, alarm.id, limit=MOST_SHOWN)
    return AlarmFacts(
        id=alarm.id,
        directory=directory,
        people=mass_changes.count_people(unit, alarm),
        managed=alarm.managed or 0,
        began_at=alarm.began_at,
        latest_at=alarm.latest_at,
        shown=tuple(_lost(person, names) for person in people),
    )


def _lost(person: PersonRow, names: dict[str, str]) -> LostFacts:
    return LostFacts(
        id=person.id,
        name=person.name or person.email,
        email=person.email,
        loss=Loss(person.loss),
        role_before=names.get(person.role_before, person.role_before),
        role_after=names.get(person.role_after, person.role_after),
        at=person.at,
    )

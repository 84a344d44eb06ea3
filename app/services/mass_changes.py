"""The mass-change alarm: a directory that takes much from many in a short time is told of, and never held up."""

from __future__ import annotations

from collections.abc import Sequence

from app.rules.directories import DirectoryEndpoint
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.mass_changes import WITHIN, Lost, is_mass_change, losses, may_be_mass_change
from app.services import alarms
from app.services.authority import Proposal
from app.services.unit_of_work import UnitOfWork
from app.store import mass_changes as rows
from app.store.mass_changes import Burst, MassChange, PersonRow


def watch(unit: UnitOfWork, directory: DirectoryEndpoint, settled: Proposal) -> None:
    """Note who lost something by what a push has settled, and raise an alarm when it has become too many.

    The organization is locked, so that two pushes cannot both be the one that raises it. A push in which nobody loses
    anything asks the database nothing.
    """
    lost = losses(settled.before.people, settled.settlement.people, priorities=settled.policy.roles.priorities)
    if lost:
        _note(unit, directory, lost)


def _note(unit: UnitOfWork, directory: DirectoryEndpoint, lost: Sequence[Lost]) -> None:
    """What comes within ten minutes of the latest loss belongs to the same burst, and extends its alarm in silence,
    until ten minutes after it was raised: a later wave is told of again.
    """
    burst = rows.going_on(unit.connection, directory.id, since=unit.now - WITHIN)
    if burst is None:
        burst = rows.begin(
            unit.connection,
            unit.id(Prefix.ALARM),
            organization_id=directory.organization_id,
            directory_id=directory.id,
            now=unit.now,
        )
    rows.extend(unit.connection, burst.id, lost, now=unit.now)
    if burst.raised_at is None or unit.now - burst.raised_at > WITHIN:
        _judge(unit, directory, burst)


def _judge(unit: UnitOfWork, directory: DirectoryEndpoint, burst: Burst) -> None:
    people = rows.people_since(unit.connection, burst.id, since=unit.now - WITHIN)
    if not may_be_mass_change(people):
        return
    managed = _managed(unit, directory, burst)
    if is_mass_change(people, managed=managed):
        _raise(unit, directory, burst, people=people, managed=managed)


def _managed(unit: UnitOfWork, directory: DirectoryEndpoint, burst: Burst) -> int:
    """How many people the directory managed when this began, counted once in ten minutes, however many pushes come."""
    since = unit.now - WITHIN
    if burst.managed is not None and burst.counted_at is not None and burst.counted_at > since:
        return burst.managed
    managed = rows.count_managed(unit.connection, directory.id, burst.id, since=since)
    rows.note_managed(unit.connection, burst.id, managed, now=unit.now)
    return managed


def _raise(unit: UnitOfWork, directory: DirectoryEndpoint, burst: Burst, *, people: int, managed: int) -> None:
    rows.raise_alarm(unit.connection, burst.id, people=people, now=unit.now)
    organization_id = directory.organization_id
    what = {"alarm": burst.id, "people": people, "managed": managed}
    alarms.mass_change(unit, organization_id, directory=directory.name, people=people, managed=managed)
    unit.event(organization_id, EventType.DIRECTORY_MASS_CHANGE_DETECTED, subject=directory.id, **what)
    unit.audit(organization_id, EventType.DIRECTORY_MASS_CHANGE_DETECTED, subject=directory.id, after=what)


def read(unit: UnitOfWork, organization_id: str, alarm_id: str) -> MassChange:
    """One alarm. Raises NotFoundError."""
    alarm = rows.alarm(unit.session, organization_id, alarm_id)
    if alarm is None:
        raise NotFoundError("There is no such alarm.")
    return alarm


def page(unit: UnitOfWork, organization_id: str, *, after: str, limit: int) -> Sequence[MassChange]:
    """Alarms, dismissed ones too, oldest first."""
    return rows.alarms(unit.session, organization_id, after=after, limit=limit)


def open_alarms(unit: UnitOfWork, organization_id: str, *, limit: int) -> Sequence[MassChange]:
    """Alarms that nobody has dismissed, newest first."""
    return rows.open_alarms(unit.session, organization_id, limit=limit)


def count_open_alarms(unit: UnitOfWork, organization_id: str) -> int:
    """How many alarms nobody has dismissed."""
    return rows.count_open_alarms(unit.session, organization_id)


def people(
    unit: UnitOfWork, organization_id: str, alarm_id: str, *, after: str = "", limit: int
) -> Sequence[PersonRow]:
    """Whom an alarm is about, in the order of their ids. Raises NotFoundError."""
    return rows.people(unit.session, read(unit, organization_id, alarm_id).id, after=after, limit=limit)


def count_people(unit: UnitOfWork, alarm: MassChange) -> int:
    """How many people an alarm is about by now."""
    return rows.count_people(unit.session, alarm.id)


def dismiss(unit: UnitOfWork, organization_id: str, alarm_id: str) -> MassChange:
    """An administrator has seen it: it leaves the page, and what the directory takes from now on counts anew."""
    unit.lock(organization_id)
    alarm = read(unit, organization_id, alarm_id)
    if alarm.dismissed_at is not None:
        return alarm
    alarm.dismissed_at, alarm.dismissed_by = unit.now, unit.actor.label
    what = {"alarm": alarm.id}
    unit.audit(organization_id, EventType.DIRECTORY_MASS_CHANGE_DISMISSED, subject=alarm.directory_id, after=what)
    unit.event(organization_id, EventType.DIRECTORY_MASS_CHANGE_DISMISSED, subject=alarm.directory_id, **what)
    return alarm

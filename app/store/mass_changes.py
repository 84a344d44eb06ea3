"""Tables and queries: who lost something through a directory lately, in bursts; those that were alarming are alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import cast

from sqlalchemy import ColumnElement, ForeignKey, Index, Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules.mass_changes import Lost
from app.store.database import Base
from app.store.members import MEMBERS
from app.store.mirror_tables import USERS
from app.store.prepared import Prepared


class MassChange(Base):
    """One burst of people who lost something through a directory; an alarm once it was raised, until it is dismissed.

    `people` and `managed` are those of the moment at which it was raised; before, `managed` is how many people the
    directory managed when they were last counted. `dismissed_by` is the label of whoever did.
    """

    __tablename__ = "mass_changes"
    __table_args__ = (Index("ix_mass_changes_directory_id_latest_at", "directory_id", "latest_at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    directory_id: Mapped[str] = mapped_column(ForeignKey("directories.id", ondelete="CASCADE"))
    began_at: Mapped[datetime]
    latest_at: Mapped[datetime]
    managed: Mapped[int | None]
    counted_at: Mapped[datetime | None]
    people: Mapped[int | None]
    raised_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]
    dismissed_by: Mapped[str | None]


class MassChangePerson(Base):
    """What one person lost in a burst, the latest of it.

    The member has no foreign key: the organization takes both along, and a push should not pay for the check.
    """

    __tablename__ = "mass_change_people"
    __table_args__ = (Index("ix_mass_change_people_mass_change_id_at", "mass_change_id", "at"),)
    mass_change_id: Mapped[str] = mapped_column(ForeignKey("mass_changes.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    loss: Mapped[str]
    role_before: Mapped[str]
    role_after: Mapped[str]


_CHANGES, _PEOPLE = cast(Table, MassChange.__table__), cast(Table, MassChangePerson.__table__)
_NAMES = tuple(column.name for column in _PEOPLE.c)


@dataclass(frozen=True, slots=True)
class Burst:
    """A burst as far as the next push has to know it."""

    id: str
    managed: int | None
    counted_at: datetime | None
    raised_at: datetime | None


def going_on(connection: Connection, directory_id: str, *, since: datetime) -> Burst | None:
    """The burst of this directory in which somebody lost something since then, unless its alarm was dismissed."""
    row = _GOING_ON.first(connection, {"directory": directory_id, "since": since})
    return Burst(*row) if row else None


_SINCE = bindparam("since", type_=_CHANGES.c.latest_at.type)
_GOING_ON = Prepared(
    select(*(_CHANGES.c[name] for name in Burst.__slots__))
    .where(
        _CHANGES.c.directory_id == bindparam("directory"),
        _CHANGES.c.latest_at > _SINCE,
        _CHANGES.c.dismissed_at.is_(None),
    )
    .order_by(_CHANGES.c.latest_at.desc())
)


def begin(connection: Connection, id_: str, *, organization_id: str, directory_id: str, now: datetime) -> Burst:
    """A new burst."""
    row = dict.fromkeys(_CHANGES.c.keys()) | {"id": id_, "organization_id": organization_id}
    _BEGIN.each_later(connection, [row | {"directory_id": directory_id, "began_at": now, "latest_at": now}])
    return Burst(id_, None, None, None)


_BEGIN = Prepared(insert(_CHANGES))


def extend(connection: Connection, burst_id: str, lost: Sequence[Lost], *, now: datetime) -> None:
    """Note what these people lost, each of them once."""
    _extend(connection.dialect.name).each_later(
        connection,
        [
            {
                "mass_change_id": burst_id,
                "member_id": person.member_id,
                "at": now,
                "loss": person.loss,
                "role_before": person.role_before,
                "role_after": person.role_after,
            }
            for person in lost
        ],
    )
    _GO_ON.each_later(connection, [{"burst": burst_id, "now": now}])


@cache
def _extend(dialect: str) -> Prepared:
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = make(_PEOPLE).values({name: bindparam(name) for name in _NAMES})
    keys = [column.name for column in _PEOPLE.primary_key]
    latest = {name: statement.excluded[name] for name in _NAMES if name not in keys}
    return Prepared(statement.on_conflict_do_update(index_elements=keys, set_=latest))


_NOW = bindparam("now", type_=_CHANGES.c.latest_at.type)
_GO_ON = Prepared(
    update(_CHANGES)
    .where(_CHANGES.c.id == bindparam("burst"), _CHANGES.c.latest_at < _NOW)  # who waited for the lock has an old clock
    .values(latest_at=_NOW)
)


def people_since(connection: Connection, burst_id: str, *, since: datetime) -> int:
    """How many people of this burst lost something since then."""
    return int(_PEOPLE_SINCE.rows(connection, {"burst": burst_id, "since": since})[0][0])


_OF_LATE = (_PEOPLE.c.mass_change_id == bindparam("burst"), _PEOPLE.c.at > bindparam("since", type_=_PEOPLE.c.at.type))
_PEOPLE_SINCE = Prepared(select(func.count()).select_from(_PEOPLE).where(*_OF_LATE))


def count_managed(connection: Connection, directory_id: str, burst_id: str, *, since: datetime) -> int:
    """How many active people the directory manages, those counted in whom this burst took out since then."""
    present = _PRESENT.rows(connection, {"directory": directory_id})[0][0]
    taken = _TAKEN_OUT.rows(connection, {"burst": burst_id, "since": since})[0][0]
    return int(present) + int(taken)


_PRESENT = Prepared(
    select(func.count(USERS.c.member_id.distinct()))
    .select_from(USERS.join(MEMBERS, MEMBERS.c.id == USERS.c.member_id))
    .where(USERS.c.directory_id == bindparam("directory"), USERS.c.deleted_at.is_(None), MEMBERS.c.state == "active")
)
_TAKEN_OUT = Prepared(
    select(func.count())
    .select_from(_PEOPLE.join(MEMBERS, MEMBERS.c.id == _PEOPLE.c.member_id))
    .where(*_OF_LATE, MEMBERS.c.state != "active")
)


def note_managed(connection: Connection, burst_id: str, managed: int, *, now: datetime) -> None:
    """Remember how many were managed, so that not every push counts them."""
    _NOTE_MANAGED.each_later(connection, [{"burst": burst_id, "managed": managed, "now": now}])


_NOTE_MANAGED = Prepared(
    update(_CHANGES)
    .where(_CHANGES.c.id == bindparam("burst"))
    .values(managed=bindparam("managed"), counted_at=bindparam("now"))
)


def raise_alarm(connection: Connection, burst_id: str, *, people: int, now: datetime) -> None:
    """From now on the burst is an alarm."""
    _RAISE.each_later(connection, [{"burst": burst_id, "people": people, "now": now}])


_RAISE = Prepared(
    update(_CHANGES)
    .where(_CHANGES.c.id == bindparam("burst"))
    .values(people=bindparam("people"), raised_at=bindparam("now"))
)


def alarm(session: Session, organization_id: str, alarm_id: str) -> MassChange | None:
    """One alarm of this organization, dismissed or not."""
    query = select(MassChange).where(MassChange.organization_id == organization_id, MassChange.id == alarm_id)
    return session.scalars(query.where(MassChange.raised_at.is_not(None))).one_or_none()


def alarms(session: Session, organization_id: str, *, after: str, limit: int) -> Sequence[MassChange]:
    """Alarms of this organization, dismissed ones too, oldest first."""
    query = select(MassChange).where(MassChange.organization_id == organization_id, MassChange.id > after)
    return session.scalars(query.where(MassChange.raised_at.is_not(None)).order_by(MassChange.id).limit(limit)).all()


def open_alarms(session: Session, organization_id: str, *, limit: int) -> Sequence[MassChange]:
    """Alarms that nobody has dismissed, newest first."""
    query = select(MassChange).where(*_open(organization_id)).order_by(MassChange.id.desc())
    return session.scalars(query.limit(limit)).all()


def count_open_alarms(session: Session, organization_id: str) -> int:
    """How many alarms nobody has dismissed."""
    return session.scalars(select(func.count()).select_from(MassChange).where(*_open(organization_id))).one()


def _open(organization_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        MassChange.organization_id == organization_id,
        MassChange.raised_at.is_not(None),
        MassChange.dismissed_at.is_(None),
    )


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person of a burst, with how they are called now. `id` is the member's."""

    id: str
    name: str
    email: str
    loss: str
    role_before: str
    role_after: str
    at: datetime


def people(session: Session, alarm_id: str, *, after: str = "", limit: int) -> Sequence[PersonRow]:
    """The people of an alarm, in the order of their ids."""
    query = (
        select(MEMBERS.c.id, MEMBERS.c.name, MEMBERS.c.email, *(_PEOPLE.c[name] for name in PersonRow.__slots__[3:]))
        .select_from(_PEOPLE.join(MEMBERS, MEMBERS.c.id == _PEOPLE.c.member_id))
        .where(_PEOPLE.c.mass_change_id == alarm_id, _PEOPLE.c.member_id > after)
    )
    return [PersonRow(*row) for row in session.execute(query.order_by(_PEOPLE.c.member_id).limit(limit))]


def count_people(session: Session, alarm_id: str) -> int:
    """How many people an alarm is about by now."""
    query = select(func.count()).select_from(_PEOPLE).where(_PEOPLE.c.mass_change_id == alarm_id)
    return session.scalars(query).one()


def forget(session: Session, *, quiet_since: datetime, dismissed_before: datetime) -> None:
    """Delete bursts that were no alarm and have ended, and alarms that were dismissed long ago."""
    quiet = MassChange.raised_at.is_(None) & (MassChange.latest_at < quiet_since)
    session.execute(delete(MassChange).where(or_(quiet, MassChange.dismissed_at < dismissed_before)))

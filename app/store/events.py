"""Tables and queries: the events that tell outside tools what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
)
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store import audit
from app.store.database import Base, unique_where
from app.store.prepared import Prepared

_WAITING = "position IS NULL"


class Event(Base):
    """One thing that happened to one subject, as outside tools read it.

    `number` is the order in which events were written; those of one organization are written under its lock, one
    transaction after the other. `position` is its place in the feed of its organization, 1 for the first and without
    gaps; None until `event_positions` gave it one, and until then nobody is shown it.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        unique_where("uq_events_organization_id_position", "organization_id", "position", where="position IS NOT NULL"),
        Index("ix_events_waiting", "number", sqlite_where=text(_WAITING), postgresql_where=text(_WAITING)),
    )
    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    id: Mapped[str]
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    type: Mapped[str]
    subject: Mapped[str]
    data: Mapped[Any] = mapped_column(JSON)
    position: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))


EVENTS = cast(Table, Event.__table__)


def write(connection: Connection, *, audited: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> None:
    """Write the news of a transaction, all of a kind at once: they must not cost more than the change they tell of."""
    audit.insert_later(connection, audited)
    _TOLD.each_later(connection, told)


#: Without the number, which the database gives, and the position, which comes later.
_TOLD = Prepared(
    insert(EVENTS)
    .values({name: bindparam(name) for name in ("id", "organization_id", "at", "type", "subject", "data")})
    .inline()
)


def events_after(session: Session, organization_id: str, *, after: int, limit: int) -> Sequence[Event]:
    """Events behind a position, in the order of their positions; 0 begins at the first."""
    query = select(Event).where(Event.organization_id == organization_id, Event.position > after)
    return session.scalars(query.order_by(Event.position).limit(limit)).all()


def position_of(session: Session, organization_id: str, event_id: str) -> int | None:
    """The place in the feed of an event of this organization; None for one that has no place, or is not there."""
    query = select(Event.position).where(Event.organization_id == organization_id, Event.id == event_id)
    return session.scalars(query).one_or_none()

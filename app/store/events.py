"""Tables and queries: the events that tell outside tools what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, ForeignKey, Index, Table, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store import audit
from app.store.database import Base
from app.store.prepared import Prepared


class Event(Base):
    """One thing that happened to one subject, as outside tools read it."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_organization_id_id", "organization_id", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    type: Mapped[str]
    subject: Mapped[str]
    data: Mapped[Any] = mapped_column(JSON)


def write(connection: Connection, *, audited: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> None:
    """Write the news of a transaction, all of a kind at once: they must not cost more than the change they tell of."""
    audit.insert_later(connection, audited)
    _TOLD.each_later(connection, told)


_TOLD = Prepared(insert(cast(Table, Event.__table__)))


def events_after(session: Session, organization_id: str, *, after: str, limit: int) -> Sequence[Event]:
    """Events, oldest first."""
    query = select(Event).where(Event.organization_id == organization_id, Event.id > after)
    return session.scalars(query.order_by(Event.id).limit(limit)).all()

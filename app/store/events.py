"""Tables and queries: the audit log and the events that tell outside tools what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, ForeignKey, Index, Table, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base
from app.store.prepared import Prepared


class AuditEntry(Base):
    """One change or refusal: who, what, before, after, why."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_organization_id_id", "organization_id", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    actor_label: Mapped[str]
    action: Mapped[str]
    outcome: Mapped[str]
    subject: Mapped[str | None]
    before: Mapped[Any] = mapped_column(JSON)
    after: Mapped[Any] = mapped_column(JSON)
    reason: Mapped[str | None]
    proof: Mapped[Any] = mapped_column(JSON)


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
    _AUDITED.each_later(connection, audited)
    _TOLD.each_later(connection, told)


_AUDITED = Prepared(insert(cast(Table, AuditEntry.__table__)))
_TOLD = Prepared(insert(cast(Table, Event.__table__)))


def latest(
    session: Session,
    organization_id: str,
    action: str,
    *,
    by: tuple[str, str] | None = None,
    since: datetime | None = None,
) -> AuditEntry | None:
    """The newest entry that tells that this was done; `by` is the kind and id of who has to have done it."""
    query = select(AuditEntry).where(AuditEntry.organization_id == organization_id, AuditEntry.action == action)
    if by is not None:
        query = query.where(AuditEntry.actor_kind == by[0], AuditEntry.actor_id == by[1])
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    return session.scalars(query.where(AuditEntry.outcome == "done").order_by(AuditEntry.id.desc()).limit(1)).first()


def audit_after(session: Session, organization_id: str, *, after: str, limit: int) -> Sequence[AuditEntry]:
    """Entries, oldest first."""
    query = select(AuditEntry).where(AuditEntry.organization_id == organization_id, AuditEntry.id > after)
    return session.scalars(query.order_by(AuditEntry.id).limit(limit)).all()


def events_after(session: Session, organization_id: str, *, after: str, limit: int) -> Sequence[Event]:
    """Events, oldest first."""
    query = select(Event).where(Event.organization_id == organization_id, Event.id > after)
    return session.scalars(query.order_by(Event.id).limit(limit)).all()

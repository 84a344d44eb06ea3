"""Tables and queries: the audit log and the events that tell outside tools what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base


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


def audit_after(session: Session, organization_id: str, *, after: str, limit: int) -> Sequence[AuditEntry]:
    """Entries, oldest first."""
    query = select(AuditEntry).where(AuditEntry.organization_id == organization_id, AuditEntry.id > after)
    return session.scalars(query.order_by(AuditEntry.id).limit(limit)).all()


def events_after(session: Session, organization_id: str, *, after: str, limit: int) -> Sequence[Event]:
    """Events, oldest first."""
    query = select(Event).where(Event.organization_id == organization_id, Event.id > after)
    return session.scalars(query.order_by(Event.id).limit(limit)).all()

"""Table and queries: guided setups of a connection that are under way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base


class ConnectionSetup(Base):
    """One setup. `id` is that of the connection it leads to: the identity provider is given addresses with it in them
    before it gives its own. `guide` is the name of a guide, `step` the one that it stands at, from 1 on.
    """

    __tablename__ = "connection_setups"
    __table_args__ = (Index("ix_connection_setups_organization_id_id", "organization_id", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    protocol: Mapped[str]
    guide: Mapped[str]
    step: Mapped[int]
    begun_at: Mapped[datetime] = mapped_column(index=True)
    begun_by: Mapped[str]


def all_of(session: Session, organization_id: str) -> Sequence[ConnectionSetup]:
    """Those of this organization, oldest first."""
    query = select(ConnectionSetup).where(ConnectionSetup.organization_id == organization_id)
    return session.scalars(query.order_by(ConnectionSetup.id)).all()


def count(session: Session, organization_id: str) -> int:
    """How many this organization has under way."""
    query = select(func.count()).select_from(ConnectionSetup)
    return session.scalar(query.where(ConnectionSetup.organization_id == organization_id)) or 0


def one(session: Session, organization_id: str, connection_id: str) -> ConnectionSetup | None:
    """One of this organization."""
    query = select(ConnectionSetup).where(ConnectionSetup.organization_id == organization_id)
    return session.scalars(query.where(ConnectionSetup.id == connection_id)).one_or_none()


def by_public_id(session: Session, connection_id: str) -> ConnectionSetup | None:
    """The one that an identity provider names in a URL."""
    return session.get(ConnectionSetup, connection_id)


def forget(session: Session, *, begun_before: datetime) -> None:
    """Delete those that nobody has finished in all that time."""
    session.execute(delete(ConnectionSetup).where(ConnectionSetup.begun_at < begun_before))

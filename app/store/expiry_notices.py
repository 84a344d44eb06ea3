"""Table and queries: what administrators were told of certificates and secrets that end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules.expiry import Expiring, Told
from app.store.connections import Connection
from app.store.database import Base


class ExpiryNotice(Base):
    """The latest mark that was told of one kind of thing of a connection: of that which ends at `ends_at`. Another end
    is another thing, of which nothing was told.
    """

    __tablename__ = "expiry_notices"
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime]
    mark: Mapped[int]
    told_at: Mapped[datetime]


def told(session: Session, connection_id: str) -> Mapping[Expiring, Told]:
    """What was told last, of each kind of thing."""
    rows = session.scalars(select(ExpiryNotice).where(ExpiryNotice.connection_id == connection_id))
    return {Expiring(row.what): Told(row.ends_at, row.mark) for row in rows}


def tell(session: Session, connection_id: str, what: Expiring, told: Told, *, now: datetime) -> None:
    """Remember that this was told."""
    row = ExpiryNotice(connection_id=connection_id, what=what, ends_at=told.at, mark=told.mark, told_at=now)
    session.merge(row)


def depended_on(session: Session) -> Sequence[Connection]:
    """The active connections of all organizations."""
    return session.scalars(select(Connection).where(Connection.state == "active").order_by(Connection.id)).all()

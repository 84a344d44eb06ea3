"""Table and queries: how often something was tried, by what and by whom as one digest."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base


class Tries(Base):
    """How many tries there were since `began_at`."""

    __tablename__ = "tries"
    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    began_at: Mapped[datetime] = mapped_column(index=True)


def of(session: Session, key: str) -> Tries | None:
    """The tries counted under this key, for reading only."""
    return session.get(Tries, key)


def count(session: Session, key: str, *, now: datetime, window: timedelta, by: int = 1) -> int:
    """One more, or so many, and how many that makes; a window that is over begins anew. One statement, so that none is
    lost and nobody has to wait.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    is_over = Tries.began_at <= now - window
    again = {
        "count": case((is_over, by), else_=Tries.count + by),
        "began_at": case((is_over, now), else_=Tries.began_at),
    }
    first = insert(Tries).values(key=key, count=by, began_at=now)
    counted = first.on_conflict_do_update(index_elements=["key"], set_=again).returning(Tries.count)
    return session.scalars(counted).one()


def forget(session: Session, *, before: datetime) -> None:
    """Delete what was counted long ago."""
    session.execute(delete(Tries).where(Tries.began_at < before))

"""Table and queries: the browsers in which each member has signed in, as digests of the cookie that binds sign-ins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, delete, exists, func, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from app.store.database import Base


class KnownBrowser(Base):
    """One browser of one member; `seen_at` is when they last signed in with it."""

    __tablename__ = "known_browsers"
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)


def of(session: Session, member_id: str, digest: str) -> KnownBrowser | None:
    """One browser of one member, if they have signed in with it."""
    return session.get(KnownBrowser, (member_id, digest))


def has_any(session: Session, member_id: str) -> bool:
    """Whether any browser of this member is known."""
    return bool(session.scalar(select(exists().where(KnownBrowser.member_id == member_id))))


def forget(session: Session, *, before: datetime) -> None:
    """Delete browsers with which nobody has signed in since, but for the latest of each member: whoever takes over what
    its owner has left alone for long must not be taken for the first one.
    """
    other = aliased(KnownBrowser)
    latest = select(func.max(other.seen_at)).where(other.member_id == KnownBrowser.member_id).scalar_subquery()
    old = delete(KnownBrowser).where(KnownBrowser.seen_at < before, KnownBrowser.seen_at < latest)
    session.execute(old, execution_options={"synchronize_session": False})

"""Tables and queries: the session at an identity provider behind one of ours, and sign-outs that may go on there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base
from app.store.sign_ins import SignInSession


class ProviderSessionRow(Base):
    """What a session was opened with, while it lives. `subject` and `index_digest` are what a logout finds it by; all
    of it is in `sealed`.
    """

    __tablename__ = "provider_sessions"
    __table_args__ = (
        Index("ix_provider_sessions_connection_id_subject", "connection_id", "subject"),
        Index("ix_provider_sessions_connection_id_index_digest", "connection_id", "index_digest"),
    )
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    subject: Mapped[str]
    index_digest: Mapped[str | None]
    sealed: Mapped[str]


class SignOutRow(Base):
    """A browser that is signed out here and may go on to sign out at the identity provider. `sealed` is the session
    there until it comes back, `outcome` what it brings.
    """

    __tablename__ = "sign_outs"
    handle: Mapped[str] = mapped_column(primary_key=True)
    browser_digest: Mapped[str]
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    request_id: Mapped[str]
    sealed: Mapped[str | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    outcome: Mapped[str | None]


def named(
    session: Session, connection_id: str, *, subject: str | None, index_digests: Sequence[str], now: datetime
) -> Sequence[tuple[SignInSession, ProviderSessionRow]]:
    """The living sessions of a connection with this subject; without one, those with one of these indexes."""
    rows = ProviderSessionRow
    which = rows.index_digest.in_(index_digests) if subject is None else rows.subject == subject
    query = (
        select(SignInSession, rows)
        .join(rows, rows.session_id == SignInSession.id)
        .where(rows.connection_id == connection_id, which)
        .where(SignInSession.ended_at.is_(None), SignInSession.expires_at > now, SignInSession.idle_ends_at > now)
    )
    return [(found, row) for found, row in session.execute(query.order_by(SignInSession.id)).all()]


def forget(session: Session, *, now: datetime) -> None:
    """Delete what belongs to sessions that are over, and sign-outs that are."""
    over = select(SignInSession.id).where(
        or_(SignInSession.ended_at.is_not(None), SignInSession.expires_at <= now, SignInSession.idle_ends_at <= now)
    )
    session.execute(delete(ProviderSessionRow).where(ProviderSessionRow.session_id.in_(over)))
    session.execute(delete(SignOutRow).where(SignOutRow.expires_at <= now))

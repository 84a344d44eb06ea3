"""Tables and queries: setup links, and the sessions they have opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base
from app.store.sign_ins import SignInFlow


class SetupLink(Base):
    """One link for somebody who is no member. `admin_id` is the administrator behind it, `maker_id` the key that made
    it for them, if one did; `note` says whom it is for and `email` where it was mailed. The link holds a token, the row
    its digest.
    """

    __tablename__ = "setup_links"
    __table_args__ = (
        Index("ix_setup_links_organization_id_id", "organization_id", "id"),
        Index("ix_setup_links_closed_at_expires_at", "closed_at", "expires_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    scope: Mapped[str]
    note: Mapped[str]
    email: Mapped[str | None]
    digest: Mapped[str] = mapped_column(unique=True)
    admin_id: Mapped[str]
    maker_kind: Mapped[str]
    maker_id: Mapped[str | None]
    maker_label: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_as: Mapped[str | None]


class SetupSession(Base):
    """A browser in which a setup link was opened. A table of its own: nothing that is about members' sessions sees it.
    The cookie holds the token, the row its digest.
    """

    __tablename__ = "setup_sessions"
    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    link_id: Mapped[str] = mapped_column(ForeignKey("setup_links.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


def one(session: Session, organization_id: str, link_id: str) -> SetupLink | None:
    """One link of this organization."""
    query = select(SetupLink).where(SetupLink.organization_id == organization_id)
    return session.scalars(query.where(SetupLink.id == link_id)).one_or_none()


def by_id(session: Session, link_id: str) -> SetupLink | None:
    """One link, of whichever organization, for what a browser was begun with."""
    return session.get(SetupLink, link_id)


def by_digest(session: Session, digest: str) -> SetupLink | None:
    """The link that holds this token."""
    return session.scalars(select(SetupLink).where(SetupLink.digest == digest)).one_or_none()


def page(session: Session, organization_id: str, *, after: str, limit: int) -> Sequence[SetupLink]:
    """Links of the organization in the order they were made, closed ones included."""
    query = select(SetupLink).where(SetupLink.organization_id == organization_id, SetupLink.id > after)
    return session.scalars(query.order_by(SetupLink.id).limit(limit)).all()


def latest(session: Session, organization_id: str, *, limit: int) -> Sequence[SetupLink]:
    """The latest of the organization, closed ones included, the newest first."""
    query = select(SetupLink).where(SetupLink.organization_id == organization_id)
    return session.scalars(query.order_by(SetupLink.id.desc()).limit(limit)).all()


def last_mailed_at(session: Session, organization_id: str, email: str) -> datetime | None:
    """When this organization last mailed a link to this address, whatever became of it."""
    query = select(SetupLink.created_at).where(SetupLink.organization_id == organization_id, SetupLink.email == email)
    return session.scalars(query.order_by(SetupLink.created_at.desc()).limit(1)).one_or_none()


def running(session: Session, *, now: datetime) -> Sequence[SetupLink]:
    """Every link, of whichever organization, that was not closed and has not expired."""
    query = select(SetupLink).where(SetupLink.closed_at.is_(None), SetupLink.expires_at > now)
    return session.scalars(query.order_by(SetupLink.id)).all()


def session_by_digest(session: Session, digest: str) -> tuple[SetupSession, SetupLink] | None:
    """The session with this token digest that was not ended, and the link that opened it."""
    query = select(SetupSession, SetupLink).join(SetupLink, SetupLink.id == SetupSession.link_id)
    row = session.execute(query.where(SetupSession.digest == digest, SetupSession.ended_at.is_(None))).one_or_none()
    return None if row is None else (row[0], row[1])


def end_sessions(session: Session, link_id: str, *, now: datetime) -> None:
    """End every session that this link has opened."""
    theirs = SetupSession.link_id == link_id, SetupSession.ended_at.is_(None)
    session.execute(update(SetupSession).where(*theirs).values(ended_at=now))


def last_test(session: Session, link_id: str, revision_id: str) -> SignInFlow | None:
    """The latest finished test of this revision that was made through this link, while it is kept."""
    query = select(SignInFlow).where(
        SignInFlow.setup_link_id == link_id,
        SignInFlow.revision_id == revision_id,
        SignInFlow.spent_at.is_not(None),
        SignInFlow.outcome.is_not(None),
    )
    return session.scalars(query.order_by(SignInFlow.spent_at.desc()).limit(1)).one_or_none()


def forget_sessions(session: Session, *, before: datetime) -> None:
    """Delete sessions that ended long enough ago."""
    session.execute(delete(SetupSession).where(SetupSession.expires_at < before))

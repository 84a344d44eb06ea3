"""Tables and queries: invitations, open and closed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base, unique_where
from app.store.members import Member


class Invitation(Base):
    """One person asked to become a member. `invited_by` is a member or a key, None for the operator; `closed_as` is
    what became of it. The link in the mail holds a token, the row its digest.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        unique_where("uq_invitations_open", "organization_id", "email", where="closed_at IS NULL"),
        Index("ix_invitations_email", "email"),
        Index("ix_invitations_organization_id_id", "organization_id", "id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    email: Mapped[str]
    role: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    invited_by: Mapped[str | None]
    inviter_kind: Mapped[str]
    inviter_label: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_as: Mapped[str | None]


def one(session: Session, organization_id: str, invitation_id: str) -> Invitation | None:
    """One invitation of this organization."""
    query = select(Invitation).where(Invitation.organization_id == organization_id)
    return session.scalars(query.where(Invitation.id == invitation_id)).one_or_none()


def by_id(session: Session, invitation_id: str) -> Invitation | None:
    """One invitation, of whichever organization, for a sign-in that began with its link."""
    return session.get(Invitation, invitation_id)


def by_digest(session: Session, digest: str) -> Invitation | None:
    """The invitation whose link holds this token."""
    return session.scalars(select(Invitation).where(Invitation.digest == digest)).one_or_none()


def open_for(session: Session, email: str, *, now: datetime) -> Sequence[Invitation]:
    """The open invitations for this address that have not expired, of whichever organizations."""
    query = select(Invitation).where(
        Invitation.email == email, Invitation.closed_at.is_(None), Invitation.expires_at > now
    )
    return session.scalars(query.order_by(Invitation.id)).all()


def last_sent_at(session: Session, organization_id: str, email: str) -> datetime | None:
    """When this organization last mailed an invitation to this address, whatever became of it."""
    query = select(Invitation.sent_at).where(Invitation.organization_id == organization_id, Invitation.email == email)
    return session.scalars(query.order_by(Invitation.sent_at.desc()).limit(1)).one_or_none()


def open_in(session: Session, organization_id: str, email: str) -> Invitation | None:
    """The open invitation of this organization for this address, expired or not."""
    query = select(Invitation).where(Invitation.organization_id == organization_id, Invitation.email == email)
    return session.scalars(query.where(Invitation.closed_at.is_(None))).one_or_none()


def page(session: Session, organization_id: str, *, after: str, limit: int) -> Sequence[Invitation]:
    """Invitations of the organization in the order they were made, closed ones included."""
    query = select(Invitation).where(Invitation.organization_id == organization_id, Invitation.id > after)
    return session.scalars(query.order_by(Invitation.id).limit(limit)).all()


def all_open(session: Session, organization_id: str, *, limit: int) -> Sequence[Invitation]:
    """Those that wait for an answer, expired or not, the latest first."""
    query = select(Invitation).where(Invitation.organization_id == organization_id, Invitation.closed_at.is_(None))
    return session.scalars(query.order_by(Invitation.id.desc()).limit(limit)).all()


def members_among(session: Session, organization_id: str, emails: Collection[str]) -> frozenset[str]:
    """Which of these addresses members of the organization have."""
    query = select(Member.email).where(Member.organization_id == organization_id, Member.email.in_(emails))
    return frozenset(session.scalars(query.where(Member.removed_at.is_(None))))


def answered_otherwise(session: Session, *, limit: int) -> Sequence[Invitation]:
    """Open invitations whose address is a member's of that organization by now."""
    query = select(Invitation).join(
        Member, (Member.email == Invitation.email) & (Member.organization_id == Invitation.organization_id)
    )
    found = query.where(Invitation.closed_at.is_(None), Member.removed_at.is_(None))
    return session.scalars(found.order_by(Invitation.id).limit(limit)).all()

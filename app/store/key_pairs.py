"""Table and queries: the key pairs with which an organization signs and decrypts at identity providers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.connections import Connection
from app.store.database import Base, unique_where


class KeyPairRow(Base):
    """One pair. An organization may have several at a time, so that a provider can be given the new one before the old
    one goes: all decrypt, one signs.
    """

    __tablename__ = "key_pairs"
    __table_args__ = (unique_where("uq_key_pairs_signs", "organization_id", where="signs"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    certificate: Mapped[str]
    sealed_private_key: Mapped[str]
    signs: Mapped[bool]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


def all_of(session: Session, organization_id: str) -> Sequence[KeyPairRow]:
    """The organization's pairs, oldest first."""
    query = select(KeyPairRow).where(KeyPairRow.organization_id == organization_id)
    return session.scalars(query.order_by(KeyPairRow.id)).all()


def organizations_without(session: Session) -> Sequence[str]:
    """The organizations that have a connection and no pair."""
    has_pair = select(KeyPairRow.id).where(KeyPairRow.organization_id == Connection.organization_id).exists()
    return session.scalars(select(Connection.organization_id).where(~has_pair).distinct()).all()

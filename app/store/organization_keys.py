"""Table and queries: the keys with which programs act for one organization."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Table, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.bearer_tokens import BearerToken
from app.store.database import Base


class OrganizationKey(BearerToken, Base):
    """A bearer token of the JSON API. It belongs to the organization, so it names its maker in words (`created_by`) and
    outlives them.
    """

    __tablename__ = "organization_keys"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    created_by: Mapped[str]


KEYS = cast(Table, OrganizationKey.__table__)


def by_digest(session: Session, digest: str) -> OrganizationKey | None:
    """The key with this digest, whosever it is and whatever its state."""
    return session.scalars(select(OrganizationKey).where(OrganizationKey.digest == digest)).one_or_none()


def all_of(session: Session, organization_id: str) -> Sequence[OrganizationKey]:
    """The organization's keys, revoked ones included, oldest first."""
    query = select(OrganizationKey).where(OrganizationKey.organization_id == organization_id)
    return session.scalars(query.order_by(OrganizationKey.id)).all()


def one(session: Session, organization_id: str, key_id: str) -> OrganizationKey | None:
    """One key of this organization."""
    query = select(OrganizationKey).where(
        OrganizationKey.organization_id == organization_id, OrganizationKey.id == key_id
    )
    return session.scalars(query).one_or_none()


def note_use(connection: Connection, key_id: str, *, now: datetime) -> None:
    """When a key was last used."""
    connection.execute(update(KEYS).where(KEYS.c.id == key_id).values(last_used_at=now))

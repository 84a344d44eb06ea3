"""Tables and queries: connections, their revisions, who proved them, whose identity is whose, and what was already
consumed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection as Bind
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules.identity import GroupsState
from app.store.database import Base, unique_where
from app.store.members import Member


class Connection(Base):
    """One link to an identity provider; at most one per organization is active."""

    __tablename__ = "connections"
    __table_args__ = (unique_where("uq_connections_active", "organization_id", where="state = 'active'"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    protocol: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    revision_in_force: Mapped[str | None]
    latest_revision: Mapped[str]


class ConnectionRevision(Base):
    """One set of settings of a connection; they never change once written. `setup_link_id` is the link through which
    they came, if they did; `number` counts those of a connection from 1 on, `made_by` is who edited, in words.
    """

    __tablename__ = "connection_revisions"
    id: Mapped[str] = mapped_column(primary_key=True)
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), index=True)
    settings: Mapped[Any] = mapped_column(JSON)
    sealed_secrets: Mapped[str]
    created_at: Mapped[datetime]
    setup_link_id: Mapped[str | None]
    number: Mapped[int] = mapped_column(server_default="1")
    made_by: Mapped[str] = mapped_column(server_default="")
    discarded_at: Mapped[datetime | None]


class Proof(Base):
    """That a member came in through exactly this revision, by a test or a sign-in: what activation and the guard ask
    for.
    """

    __tablename__ = "proofs"
    revision_id: Mapped[str] = mapped_column(
        ForeignKey("connection_revisions.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True, index=True)
    proven_at: Mapped[datetime]
    would_be_admin: Mapped[bool]
    issuer: Mapped[str]
    subject: Mapped[str]


class LinkedIdentity(Base):
    """(connection, issuer, subject) -> member: the stable key of a sign-in."""

    __tablename__ = "linked_identities"
    __table_args__ = (UniqueConstraint("connection_id", "issuer", "member_id"),)
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True)
    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), index=True)
    linked_at: Mapped[datetime]


class ConsumedAssertion(Base):
    """An assertion or ID token that was accepted once, until it could no longer be accepted anyway."""

    __tablename__ = "consumed_assertions"
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True)
    replay_key: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)


class FetchedDocument(Base):
    """Discovery documents and key sets, shared by all workers."""

    __tablename__ = "fetched_documents"
    key: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    fetched_at: Mapped[datetime]


def remember_document(session: Session, key: str, text: str, fetched_at: datetime) -> None:
    """Store a fetched document under its key, whoever else is storing it at the same moment."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"text": text, "fetched_at": fetched_at}
    statement = insert(FetchedDocument).values(key=key, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def all_of(session: Session, organization_id: str) -> Sequence[Connection]:
    """The organization's connections, oldest first."""
    query = select(Connection).where(Connection.organization_id == organization_id)
    return session.scalars(query.order_by(Connection.id)).all()


def one(session: Session, organization_id: str, connection_id: str) -> Connection | None:
    """One connection of this organization."""
    query = select(Connection).where(Connection.organization_id == organization_id, Connection.id == connection_id)
    return session.scalars(query).one_or_none()


def by_public_id(session: Session, connection_id: str) -> Connection | None:
    """The connection that an identity provider or browser names in a URL; what it may do is checked by the caller."""
    return session.get(Connection, connection_id)


def active(session: Session, organization_id: str) -> Connection | None:
    """The connection this organization requires, if any."""
    return session.scalars(_ACTIVE, {"organization": organization_id}).one_or_none()


_ACTIVE = select(Connection).where(
    Connection.organization_id == bindparam("organization"), Connection.state == "active"
)


def revision(session: Session, connection_id: str, revision_id: str) -> ConnectionRevision | None:
    """One revision of this connection."""
    query = select(ConnectionRevision).where(
        ConnectionRevision.connection_id == connection_id, ConnectionRevision.id == revision_id
    )
    return session.scalars(query).one_or_none()


def proof(session: Session, revision_id: str, member_id: str) -> Proof | None:
    """When this member proved this revision."""
    return session.get(Proof, (revision_id, member_id))


def latest_number(session: Session, connection_id: str) -> int:
    """How many revisions there have been."""
    query = select(func.max(ConnectionRevision.number)).where(ConnectionRevision.connection_id == connection_id)
    return session.scalars(query).one() or 0


def proven_by(session: Session | Bind, revision_id: str, member_ids: Collection[str]) -> frozenset[str]:
    """Which of these members (administrators: few) came in through this revision."""
    query = select(Proof.member_id).where(Proof.revision_id == revision_id, Proof.member_id.in_(member_ids))
    return frozenset(session.scalars(query))


def forget_person(connection: Bind, member_id: str) -> None:
    """Forget who a member is at every identity provider, that they have shown it, and the groups it sent."""
    connection.execute(delete(LinkedIdentity).where(LinkedIdentity.member_id == member_id))
    connection.execute(delete(Proof).where(Proof.member_id == member_id))
    unsaid = {"sign_in_groups": [], "sign_in_groups_state": GroupsState.UNKNOWN}
    connection.execute(update(Member).where(Member.id == member_id).values(unsaid))


def identity(session: Session, connection_id: str, *, issuer: str, subject: str) -> LinkedIdentity | None:
    """Whose identity this is within the connection."""
    return session.get(LinkedIdentity, (connection_id, issuer, subject))


def identity_of(session: Session, connection_id: str, member_id: str, *, issuer: str) -> LinkedIdentity | None:
    """The identity of this issuer that this member is linked to within the connection."""
    query = select(LinkedIdentity).where(
        LinkedIdentity.connection_id == connection_id,
        LinkedIdentity.issuer == issuer,
        LinkedIdentity.member_id == member_id,
    )
    return session.scalars(query).one_or_none()


def forget_documents(session: Session, *, before: datetime) -> None:
    """Delete documents that were fetched so long ago that nobody signs in by them; they count for an hour."""
    session.execute(delete(FetchedDocument).where(FetchedDocument.fetched_at < before))


def forget_consumed(session: Session, now: datetime) -> None:
    """Delete what can no longer be replayed."""
    session.execute(delete(ConsumedAssertion).where(ConsumedAssertion.until < now))

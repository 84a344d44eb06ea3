"""Tables and queries: the revisions of a connection, who came in through each, and when which of them was in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.connections import Connection, ConnectionRevision, Proof
from app.store.database import Base
from app.store.members import Member


class RevisionTerm(Base):
    """A time in which a revision was in force; `place` counts those of a connection, `until` is None for the present
    one. `begun_by` is who put it in force, in words, and `proof` the administrator who could get in then.
    """

    __tablename__ = "revision_terms"
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[str] = mapped_column(ForeignKey("connection_revisions.id", ondelete="CASCADE"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    begun_by: Mapped[str]
    proof: Mapped[Any] = mapped_column(JSON)


def of_connection(session: Session, connection_id: str) -> Sequence[ConnectionRevision]:
    """Every revision of this connection, oldest first."""
    query = select(ConnectionRevision).where(ConnectionRevision.connection_id == connection_id)
    return session.scalars(query.order_by(ConnectionRevision.number)).all()


def next_number(session: Session, connection_id: str) -> int:
    """The number of the revision that is made next."""
    query = select(func.max(ConnectionRevision.number)).where(ConnectionRevision.connection_id == connection_id)
    return (session.scalar(query) or 0) + 1


def terms(session: Session, connection_id: str) -> Sequence[RevisionTerm]:
    """When which revision was in force, earliest first."""
    query = select(RevisionTerm).where(RevisionTerm.connection_id == connection_id)
    return session.scalars(query.order_by(RevisionTerm.place)).all()


def begin_term(
    session: Session, connection: Connection, revision_id: str, *, by: str, proof: Mapping[str, str], now: datetime
) -> None:
    """Put a revision in force in the place of the one that is, if any."""
    end_term(session, connection, now=now)
    place = len(terms(session, connection.id)) + 1
    session.add(
        RevisionTerm(
            connection_id=connection.id,
            place=place,
            revision_id=revision_id,
            since=now,
            until=None,
            begun_by=by,
            proof=dict(proof),
        )
    )
    connection.revision_in_force = revision_id
    session.flush()


def end_term(session: Session, connection: Connection, *, now: datetime) -> None:
    """No revision is in force any more."""
    is_present = RevisionTerm.connection_id == connection.id, RevisionTerm.until.is_(None)
    session.execute(update(RevisionTerm).where(*is_present).values(until=now))
    connection.revision_in_force = None


@dataclass(frozen=True, slots=True)
class Proven:
    """How many active members came in through a revision, and when one of them last did."""

    people: int
    last_at: datetime | None


def proven(session: Session, connection_id: str) -> dict[str, Proven]:
    """By revision of this connection; one that nobody came in through has no entry."""
    query = (
        select(Proof.revision_id, func.count(), func.max(Proof.proven_at))
        .join(Member, Member.id == Proof.member_id)
        .join(ConnectionRevision, ConnectionRevision.id == Proof.revision_id)
        .where(ConnectionRevision.connection_id == connection_id, Member.state == "active", Member.removed_at.is_(None))
        .group_by(Proof.revision_id)
    )
    return {row[0]: Proven(int(row[1]), row[2]) for row in session.execute(query)}

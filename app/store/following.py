"""Tables and queries: what the metadata says that revisions follow, and when each certificate was in use."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CursorResult, ForeignKey, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base


class FollowedMetadata(Base):
    """What the metadata that a revision names was last seen to say, and how reading it goes on.

    `sso_url` and `certificates` (as in a revision) are those of the last good reading, at `read_at`; a failure leaves
    them. `next_read_at` is None while the revision is not in force, `tried_at` the latest reading, good or not.
    """

    __tablename__ = "followed_metadata"
    revision_id: Mapped[str] = mapped_column(
        ForeignKey("connection_revisions.id", ondelete="CASCADE"), primary_key=True
    )
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), index=True)
    next_read_at: Mapped[datetime | None] = mapped_column(index=True)
    tried_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    sso_url: Mapped[str] = mapped_column(server_default="")
    certificates: Mapped[Any] = mapped_column(JSON)
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    failure: Mapped[str] = mapped_column(server_default="")


class CertificateUse(Base):
    """When a certificate first and last verified a sign-in through a connection, to the day."""

    __tablename__ = "certificate_uses"
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    first_used_at: Mapped[datetime]
    last_used_at: Mapped[datetime]


def of_revision(session: Session, revision_id: str) -> FollowedMetadata | None:
    """What a revision follows; None where it was never read nor in force, or follows nothing."""
    return session.get(FollowedMetadata, revision_id)


def begin(session: Session, connection_id: str, revision_id: str, *, now: datetime) -> None:
    """Follow the metadata of this revision from now on."""
    add_missing(session, connection_id, revision_id)
    session.execute(_of(revision_id).values(next_read_at=now))


def end(session: Session, connection_id: str) -> None:
    """Follow no metadata of this connection any more: what was read stays, how reading it went is over."""
    rows = update(FollowedMetadata).where(FollowedMetadata.connection_id == connection_id)
    session.execute(rows.values(next_read_at=None, failing_since=None, failures=0, failure=""))


def add_missing(session: Session, connection_id: str, revision_id: str) -> None:
    """The row of a revision that nobody has read the metadata of, whoever else adds it at the same moment."""
    row = {"revision_id": revision_id, "connection_id": connection_id, "certificates": [], "failures": 0}
    session.execute(_insert(session)(FollowedMetadata).values(row).on_conflict_do_nothing())


def due(session: Session, now: datetime, *, limit: int) -> Sequence[FollowedMetadata]:
    """What is to be read now; rows that another worker is taking at this moment are passed over."""
    query = select(FollowedMetadata).where(FollowedMetadata.next_read_at <= now)
    query = query.order_by(FollowedMetadata.next_read_at).limit(limit).with_for_update(skip_locked=True)
    return session.scalars(query).all()


def take_turn(session: Session, revision_id: str, *, before: datetime, now: datetime) -> bool:
    """Whether the metadata may be read now: nobody has tried since `before`. If so, whoever asks next is told no."""
    is_free = or_(FollowedMetadata.tried_at.is_(None), FollowedMetadata.tried_at <= before)
    taken = session.execute(_of(revision_id).where(is_free).values(tried_at=now))
    assert isinstance(taken, CursorResult)
    return taken.rowcount == 1


def uses(session: Session, connection_id: str, fingerprints: Collection[str]) -> dict[str, CertificateUse]:
    """When these certificates were in use, by fingerprint; those that never were have no entry."""
    query = select(CertificateUse).where(
        CertificateUse.connection_id == connection_id, CertificateUse.fingerprint.in_(fingerprints)
    )
    return {row.fingerprint: row for row in session.scalars(query)}


def note_use(session: Session, connection_id: str, fingerprint: str, *, now: datetime) -> None:
    """Write down that a certificate is in use now, whoever else does so at the same moment."""
    row = {"connection_id": connection_id, "fingerprint": fingerprint, "first_used_at": now, "last_used_at": now}
    session.execute(
        _insert(session)(CertificateUse)
        .values(row)
        .on_conflict_do_update(index_elements=["connection_id", "fingerprint"], set_={"last_used_at": now})
    )


def _of(revision_id: str) -> Any:
    # Mapped objects of the row are read again by whoever needs them after this.
    statement = update(FollowedMetadata).where(FollowedMetadata.revision_id == revision_id)
    return statement.execution_options(synchronize_session="fetch")


def _insert(session: Session) -> Any:
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert

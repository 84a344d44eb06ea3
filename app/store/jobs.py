"""Tables and queries: mail waiting to be sent and the periodic jobs, both leased, so that any number of workers may
run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Index, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base


class OutgoingMail(Base):
    """A mail that was decided in a transaction and is sent after it; its content is sealed and deleted once sent."""

    __tablename__ = "outgoing_mail"
    __table_args__ = (Index("ix_outgoing_mail_next_try_at", "next_try_at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[str]
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)


class Job(Base):
    """One periodic job by name and when it may run next; taking it moves that time."""

    __tablename__ = "jobs"
    name: Mapped[str] = mapped_column(primary_key=True)
    next_run_at: Mapped[datetime]


def any_mail_due(session: Session, now: datetime) -> bool:
    """Whether there is mail to send, without taking anything."""
    return session.scalar(select(OutgoingMail.id).where(OutgoingMail.next_try_at <= now).limit(1)) is not None


def mail_due(session: Session, now: datetime, *, limit: int) -> Sequence[OutgoingMail]:
    """Mail to send now; rows another worker is taking at this moment are passed over."""
    query = select(OutgoingMail).where(OutgoingMail.next_try_at <= now).order_by(OutgoingMail.next_try_at)
    return session.scalars(query.limit(limit).with_for_update(skip_locked=True)).all()


def not_due(session: Session, now: datetime) -> frozenset[str]:
    """The names of the jobs that are not to run yet."""
    return frozenset(session.scalars(select(Job.name).where(Job.next_run_at > now)))


def add_missing(session: Session, name: str, *, now: datetime) -> None:
    """The row of a job that has never run, whoever else adds it at the same moment."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(Job).values(name=name, next_run_at=now).on_conflict_do_nothing())


def take_job(session: Session, name: str, *, now: datetime, next_run_at: datetime) -> bool:
    """Whether this worker may run the job now; if so nobody else may before `next_run_at`."""
    query = select(Job).where(Job.name == name, or_(Job.next_run_at <= now)).with_for_update(skip_locked=True)
    job = session.scalars(query).one_or_none()
    if job is None:
        return False
    job.next_run_at = next_run_at
    return True

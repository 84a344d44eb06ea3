"""Tables and queries: the record of every attempt to sign in, and the sign-ins that are at an identity provider."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Select, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules.attempts import EVERY_ATTEMPT, AttemptFilter
from app.store.database import Base
from app.store.members import Member
from app.store.sign_ins import SignInFlow


class SignInRecord(Base):
    """One attempt to sign in, as an administrator may read it. `email` is the address it was begun with, "" for none:
    whose it is, only a member's id says.
    """

    __tablename__ = "sign_in_records"
    __table_args__ = (
        Index("ix_sign_in_records_organization_id_id", "organization_id", "id"),
        Index("ix_sign_in_records_member_id_id", "member_id", "id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    connection_id: Mapped[str | None]
    member_id: Mapped[str | None]
    at: Mapped[datetime]
    purpose: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str | None]
    email: Mapped[str] = mapped_column(server_default="")
    detail: Mapped[Any] = mapped_column(JSON)


def after(
    session: Session, organization_id: str, *, wanted: AttemptFilter = EVERY_ATTEMPT, after_id: str, limit: int
) -> Sequence[SignInRecord]:
    """Attempts newer than this id, oldest first; "" begins at the oldest."""
    query = _selected(organization_id, wanted).where(SignInRecord.id > after_id)
    return session.scalars(query.order_by(SignInRecord.id).limit(limit)).all()


def before(
    session: Session, organization_id: str, *, wanted: AttemptFilter = EVERY_ATTEMPT, before_id: str, limit: int
) -> Sequence[SignInRecord]:
    """Attempts older than this id, newest first; "" begins at the newest."""
    query = _selected(organization_id, wanted).order_by(SignInRecord.id.desc()).limit(limit)
    return session.scalars(query.where(SignInRecord.id < before_id) if before_id else query).all()


def of_member(session: Session, member_id: str, *, limit: int) -> Sequence[SignInRecord]:
    """The latest attempts of one member, newest first."""
    query = select(SignInRecord).where(SignInRecord.member_id == member_id)
    return session.scalars(query.order_by(SignInRecord.id.desc()).limit(limit)).all()


def forget(session: Session, *, before: datetime, limit: int) -> int:
    """Delete those that are older than that among the `limit` first ones; how many it were. Ids sort by time, so that
    nothing is left behind for longer than its neighbours.
    """
    oldest = session.execute(select(SignInRecord.id, SignInRecord.at).order_by(SignInRecord.id).limit(limit)).all()
    ids = [row.id for row in oldest if row.at < before]
    session.execute(
        delete(SignInRecord).where(SignInRecord.id.in_(ids)), execution_options={"synchronize_session": False}
    )
    return len(ids)


def away(session: Session, organization_id: str, *, step: str, now: datetime, limit: int) -> Sequence[SignInFlow]:
    """The organization's sign-ins that wait for the identity provider, newest first."""
    query = select(SignInFlow).where(
        SignInFlow.organization_id == organization_id,
        SignInFlow.step == step,
        SignInFlow.handle.is_not(None),
        SignInFlow.spent_at.is_(None),
        SignInFlow.expires_at > now,
    )
    return session.scalars(query.order_by(SignInFlow.id.desc()).limit(limit)).all()


def gone(session: Session, *, step: str, now: datetime, limit: int) -> Sequence[SignInFlow]:
    """Sign-ins that went to an identity provider and have expired there, the oldest first; their rows are locked, and
    those that somebody else has locked are left out.
    """
    query = select(SignInFlow).where(
        SignInFlow.expires_at <= now,
        SignInFlow.step == step,
        SignInFlow.handle.is_not(None),
        SignInFlow.spent_at.is_(None),
    )
    return session.scalars(query.order_by(SignInFlow.expires_at).limit(limit).with_for_update(skip_locked=True)).all()


def close(session: Session, flow_ids: Collection[str], *, step: str, now: datetime) -> None:
    """These sign-ins are over, and keep no secret; one statement for all."""
    over = {"spent_at": now, "step": step, "code_digest": None, "sealed_secrets": None, "handle": None}
    statement = update(SignInFlow).where(SignInFlow.id.in_(flow_ids)).values(over)
    session.execute(statement, execution_options={"synchronize_session": False})


def _selected(organization_id: str, wanted: AttemptFilter) -> Select[SignInRecord]:
    query = select(SignInRecord).where(SignInRecord.organization_id == organization_id)
    for column, value in (
        (SignInRecord.connection_id, wanted.connection_id),
        (SignInRecord.member_id, wanted.member_id),
        (SignInRecord.id, wanted.reference),
    ):
        if value is not None:
            query = query.where(column == value)
    for column, values in ((SignInRecord.outcome, wanted.outcomes), (SignInRecord.purpose, wanted.purposes)):
        if values is not None:
            query = query.where(column.in_(values))
    if wanted.person is not None:
        theirs = Member.organization_id == organization_id, Member.email.contains(wanted.person, autoescape=True)
        typed = SignInRecord.email.contains(wanted.person, autoescape=True)
        query = query.where(or_(typed, SignInRecord.member_id.in_(select(Member.id).where(*theirs))))
    if wanted.since is not None:
        query = query.where(SignInRecord.at >= wanted.since)
    return query if wanted.until is None else query.where(SignInRecord.at < wanted.until)

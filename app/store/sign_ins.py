"""Tables and queries: sign-ins under way, sessions, recovery codes, one-time links."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    Table,
    bindparam,
    delete,
    func,
    not_,
    select,
    text,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base
from app.store.members import Member, is_at
from app.store.prepared import Prepared, among

_OPEN = "spent_at IS NULL"


class SignInFlow(Base):
    """One sign-in under way, bound to one browser by a cookie whose digest is `browser_digest`; `setup_link_id` is the
    link through which it is a test.
    """

    __tablename__ = "sign_in_flows"
    __table_args__ = (
        Index("ix_sign_in_flows_email_created_at", "email", "created_at"),
        Index("ix_sign_in_flows_browser_digest", "browser_digest"),
        Index("ix_sign_in_flows_open", "expires_at", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    browser_digest: Mapped[str]
    purpose: Mapped[str]
    step: Mapped[str]
    email: Mapped[str]
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    connection_id: Mapped[str | None] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    revision_id: Mapped[str | None] = mapped_column(ForeignKey("connection_revisions.id", ondelete="CASCADE"))
    member_id: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    handle: Mapped[str | None] = mapped_column(unique=True)
    sealed_secrets: Mapped[str | None]
    code_digest: Mapped[str | None]
    code_sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    spent_at: Mapped[datetime | None]
    return_to: Mapped[str | None]
    setup_link_id: Mapped[str | None]
    outcome: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True, default=None)


class SignInSession(Base):
    """A signed-in browser. The cookie holds the token, the row its digest.

    `second_factor` is what was proven beside the first proof, `asked_at` when they were last asked who they are,
    `address` and `user_agent` what the browser came with.
    """

    __tablename__ = "sessions"
    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    opened_by: Mapped[str]
    connection_id: Mapped[str | None]
    second_factor: Mapped[str | None]
    asked_at: Mapped[datetime | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    idle_ends_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class RecoveryCode(Base):
    """One recovery code of an organization, as an HMAC."""

    __tablename__ = "recovery_codes"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None]


class OneTimeLink(Base):
    """A link that works once: `start` makes the first admin, `recover` opens a recovery session for a member."""

    __tablename__ = "one_time_links"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    member_id: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


def flow_by_id(session: Session, flow_id: str) -> SignInFlow | None:
    """One flow, locked, so that its attempts are counted one after the other."""
    return session.scalars(select(SignInFlow).where(SignInFlow.id == flow_id).with_for_update()).one_or_none()


def flow_by_handle(session: Session, handle: str) -> SignInFlow | None:
    """The flow an identity provider hands back, locked, so that it is spent once."""
    return session.scalars(select(SignInFlow).where(SignInFlow.handle == handle).with_for_update()).one_or_none()


def waiting_flow(
    session: Session, browser_digest: str, *, purpose: str, steps: Sequence[str], now: datetime
) -> SignInFlow | None:
    """The latest flow of this browser that waits for one of these steps."""
    query = select(SignInFlow).where(
        SignInFlow.browser_digest == browser_digest,
        SignInFlow.purpose == purpose,
        SignInFlow.step.in_(steps),
        SignInFlow.spent_at.is_(None),
        SignInFlow.expires_at > now,
    )
    return session.scalars(query.order_by(SignInFlow.id.desc()).limit(1)).one_or_none()


def flows_at(session: Session, connection_id: str, *, steps: Sequence[str], now: datetime) -> Sequence[SignInFlow]:
    """The open flows of a connection that wait for one of these steps, locked; those that somebody goes on with at this
    moment are passed over.
    """
    query = select(SignInFlow).where(
        SignInFlow.connection_id == connection_id,
        SignInFlow.step.in_(steps),
        SignInFlow.spent_at.is_(None),
        SignInFlow.expires_at > now,
    )
    return session.scalars(query.order_by(SignInFlow.id).with_for_update(skip_locked=True)).all()


def codes_sent(session: Session, email: str, *, purpose: str, since: datetime) -> int:
    """How many codes were mailed to this address for this purpose: asking for one kind never uses up the other."""
    sent = SignInFlow.email == email, SignInFlow.purpose == purpose, SignInFlow.code_sent_at >= since
    return session.scalar(select(func.count()).select_from(SignInFlow).where(*sent)) or 0


def session_by_digest(session: Session, digest: str) -> SignInSession | None:
    """The session with this token digest that was not ended."""
    query = select(SignInSession).where(SignInSession.digest == digest, SignInSession.ended_at.is_(None))
    return session.scalars(query).one_or_none()


def sessions_of(
    session: Session, member_id: str, *, now: datetime, before: str = "", limit: int | None = None
) -> Sequence[SignInSession]:
    """The member's living sessions that were opened before the one with the id `before`, newest first."""
    query = select(SignInSession).where(SignInSession.member_id == member_id, *_living(now))
    if before:
        query = query.where(SignInSession.id < before)
    return session.scalars(query.order_by(SignInSession.id.desc()).limit(limit)).all()


def session_of(session: Session, member_id: str, session_id: str, *, now: datetime) -> SignInSession | None:
    """One living session of this member."""
    query = select(SignInSession).where(SignInSession.id == session_id, SignInSession.member_id == member_id)
    return session.scalars(query.where(*_living(now))).one_or_none()


def _living(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Neither ended nor come to an end."""
    return SignInSession.ended_at.is_(None), SignInSession.expires_at > now, SignInSession.idle_ends_at > now


def count_full_sessions(session: Session, member_id: str, *, now: datetime) -> int:
    """How many living sessions this member has in which they do more than recover."""
    theirs = SignInSession.member_id == member_id, SignInSession.kind != "recovery", *_living(now)
    return session.scalar(select(func.count()).select_from(SignInSession).where(*theirs)) or 0


def session_in(session: Session, organization_id: str, session_id: str) -> SignInSession | None:
    """One session of this organization."""
    query = select(SignInSession).where(SignInSession.organization_id == organization_id)
    return session.scalars(query.where(SignInSession.id == session_id)).one_or_none()


def living_sessions(
    session: Session, organization_id: str, *, after: str, limit: int, now: datetime
) -> Sequence[SignInSession]:
    """The organization's sessions that were neither ended nor have come to an end, oldest first."""
    query = select(SignInSession).where(
        SignInSession.organization_id == organization_id,
        SignInSession.id > after,
        *_living(now),
    )
    return session.scalars(query.order_by(SignInSession.id).limit(limit)).all()


def end_sessions(connection: Connection, member_ids: Collection[str], *, now: datetime, reason: str) -> None:
    """End every session of these members."""
    if member_ids:
        _END_SESSIONS.later(connection, {"members": sorted(member_ids), "now": now, "reason": reason})


def shorten(
    connection: Connection, organization_id: str, *, idle: timedelta, absolute: timedelta, now: datetime
) -> None:
    """Let no session of the organization last longer than it would, had it begun under these times."""
    columns = _SESSIONS.c
    theirs = columns.organization_id == organization_id, columns.ended_at.is_(None), columns.expires_at > now
    ends = columns.id, columns.seen_at, columns.created_at, columns.idle_ends_at, columns.expires_at
    found = connection.execute(select(*ends).where(*theirs)).all()
    shorter = [
        {
            "the_id": row.id,
            "idle_ends": min(row.idle_ends_at, row.seen_at + idle),
            "expires": min(row.expires_at, row.created_at + absolute),
        }
        for row in found
    ]
    if shorter:
        values: dict[str, Any] = {"idle_ends_at": bindparam("idle_ends"), "expires_at": bindparam("expires")}
        connection.execute(update(_SESSIONS).where(columns.id == bindparam("the_id")).values(values), shorter)


def end_others(connection: Connection, member_id: str, *, keep: str | None, now: datetime, reason: str) -> int:
    """End the member's living sessions but the one to keep; how many those were."""
    others = _SESSIONS.c.member_id == member_id, _SESSIONS.c.id.is_distinct_from(keep), *_living(now)
    return connection.execute(update(_SESSIONS).where(*others).values(ended_at=now, end_reason=reason)).rowcount


def end_full_sessions(connection: Connection, member_ids: Collection[str], *, now: datetime, reason: str) -> None:
    """End the sessions of these members in which they do more than recover."""
    theirs = _SESSIONS.c.member_id.in_(member_ids), _SESSIONS.c.kind != "recovery", _SESSIONS.c.ended_at.is_(None)
    connection.execute(update(_SESSIONS).where(*theirs).values(ended_at=now, end_reason=reason))


_SESSIONS = cast(Table, SignInSession.__table__)
_END_SESSIONS = Prepared(
    update(_SESSIONS)
    .where(among(_SESSIONS.c.member_id, "members"), _SESSIONS.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"), end_reason=bindparam("reason"))
)


def end_recovery_sessions(connection: Connection, member_ids: Collection[str], *, now: datetime) -> None:
    """End the recovery sessions of these members, for whom recovery is not any more."""
    theirs = _SESSIONS.c.member_id.in_(member_ids), _SESSIONS.c.kind == "recovery", _SESSIONS.c.ended_at.is_(None)
    connection.execute(update(_SESSIONS).where(*theirs).values(ended_at=now, end_reason="no_longer_admin"))


def end_sessions_opened_otherwise(
    session: Session, organization_id: str, *, connection_id: str, keep: str | None, now: datetime
) -> None:
    """End the organization's sessions that were not opened through this connection; recovery sessions and `keep`
    stay.
    """
    others = SignInSession.id.is_distinct_from(keep), SignInSession.connection_id.is_distinct_from(connection_id)
    _require_single_sign_on(session, organization_id, *others, now=now)


def end_guest_sessions(session: Session, organization_id: str, *, hosts: Collection[str], now: datetime) -> None:
    """End the sessions of members whose address is at none of these hosts; recovery sessions stay."""
    guests = select(Member.id).where(Member.organization_id == organization_id, not_(is_at(hosts)))
    _require_single_sign_on(session, organization_id, SignInSession.member_id.in_(guests), now=now)


def _require_single_sign_on(session: Session, organization_id: str, *which: ColumnElement[bool], now: datetime) -> None:
    """End those of the organization's sessions; recovery sessions stay."""
    open_ones = (
        SignInSession.organization_id == organization_id,
        SignInSession.ended_at.is_(None),
        SignInSession.kind != "recovery",
    )
    ended = update(SignInSession).where(*open_ones, *which)
    session.execute(ended.values(ended_at=now, end_reason="single_sign_on_required"))


def end_sessions_opened_through(session: Session, connection_id: str, *, keep: str | None, now: datetime) -> None:
    """End the sessions whose way in was this connection; `keep` stays."""
    session.execute(
        update(SignInSession)
        .where(
            SignInSession.connection_id == connection_id,
            SignInSession.ended_at.is_(None),
            SignInSession.id.is_distinct_from(keep),
        )
        .values(ended_at=now, end_reason="way_in_gone")
    )


def unused_recovery_codes(session: Session, organization_id: str) -> int:
    """How many recovery codes are left."""
    query = select(func.count()).select_from(RecoveryCode)
    unused = RecoveryCode.organization_id == organization_id, RecoveryCode.used_at.is_(None)
    return session.scalar(query.where(*unused)) or 0


def recovery_code(session: Session, organization_id: str, digest: str) -> RecoveryCode | None:
    """The unused code with this digest."""
    query = select(RecoveryCode).where(RecoveryCode.organization_id == organization_id, RecoveryCode.digest == digest)
    return session.scalars(query.where(RecoveryCode.used_at.is_(None))).one_or_none()


def link(session: Session, digest: str) -> OneTimeLink | None:
    """A one-time link by the digest of its token, locked."""
    return session.scalars(select(OneTimeLink).where(OneTimeLink.digest == digest).with_for_update()).one_or_none()


def forget_expired(session: Session, *, flows_before: datetime, sessions_before: datetime) -> None:
    """Delete flows and sessions that ended long enough ago."""
    session.execute(delete(SignInFlow).where(SignInFlow.expires_at < flows_before))
    session.execute(delete(SignInSession).where(SignInSession.expires_at < sessions_before))

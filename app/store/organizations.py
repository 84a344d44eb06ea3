"""Tables and queries: organizations and their domains."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, ForeignKey, Index, Table, UniqueConstraint, bindparam, literal_column, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules.sessions import ABSOLUTE_HOURS, IDLE_MINUTES
from app.store.database import Base, unique_where


class Organization(Base):
    """One tenant. Its row is the lock under which administrators are counted."""

    __tablename__ = "organizations"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    guests: Mapped[str]
    jit: Mapped[bool]
    default_role: Mapped[str]
    mfa: Mapped[str] = mapped_column(default="off", server_default="off")
    session_idle_minutes: Mapped[int] = mapped_column(default=IDLE_MINUTES, server_default=str(IDLE_MINUTES))
    session_hours: Mapped[int] = mapped_column(default=ABSOLUTE_HOURS, server_default=str(ABSOLUTE_HOURS))
    created_at: Mapped[datetime]
    recovery_confirmed_by: Mapped[str | None]
    recovery_confirmed_at: Mapped[datetime | None]


class Domain(Base):
    """An email host an organization claims: pending, verified or failed."""

    __tablename__ = "domains"
    __table_args__ = (
        UniqueConstraint("organization_id", "host"),
        unique_where("uq_domains_verified_host", "host", where=("state = 'verified'")),
        Index("ix_domains_state_next_check_at", "state", "next_check_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    host: Mapped[str]
    state: Mapped[str]
    token: Mapped[str]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    next_check_at: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(default=0)
    found: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True, default=None)
    missing_since: Mapped[datetime | None]


ORGANIZATIONS = cast(Table, Organization.__table__)
DOMAINS = cast(Table, Domain.__table__)


def find(session: Session, organization_id: str) -> Organization | None:
    """The organization, unlocked."""
    return session.get(Organization, organization_id)


def lock(session: Session, organization_id: str) -> Organization | None:
    """The organization, with its row locked until the transaction ends.

    Whoever changes what administrators depend on takes this lock first and reads afterwards. On SQLite a writing
    transaction is the only one, so the clause is empty there. On PostgreSQL rows that only refer to the organization
    may be written meanwhile: a lock that kept them waiting would deadlock with whoever wrote one before locking.
    """
    return session.scalars(_LOCK, {"organization": organization_id}).one_or_none()


def lock_briefly(session: Session, organization_id: str) -> Organization | None:
    """The same for whoever holds the lock of an organization with a greater id, and so comes too late for the order in
    which all wait. Raises OperationalError where it is not free within half a second.
    """
    is_patient = session.get_bind().dialect.name == "sqlite"  # there is one writer, who has locked everything
    if not is_patient:
        session.execute(_BRIEFLY)
    organization = lock(session, organization_id)
    if not is_patient:
        session.execute(_AS_LONG_AS_IT_TAKES)
    return organization


_BRIEFLY = text("SET LOCAL lock_timeout = '500ms'")
_AS_LONG_AS_IT_TAKES = text("SET LOCAL lock_timeout TO DEFAULT")
_LOCK = (
    select(Organization)
    .where(Organization.id == bindparam("organization"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def page(session: Session, *, after: str, limit: int) -> Sequence[Organization]:
    """Organizations in the order they were made."""
    return session.scalars(
        select(Organization).where(Organization.id > after).order_by(Organization.id).limit(limit)
    ).all()


def domains(session: Session, organization_id: str) -> Sequence[Domain]:
    """The organization's domains, oldest first."""
    return session.scalars(select(Domain).where(Domain.organization_id == organization_id).order_by(Domain.id)).all()


def domain(session: Session, organization_id: str, domain_id: str) -> Domain | None:
    """One domain of this organization."""
    query = select(Domain).where(Domain.organization_id == organization_id, Domain.id == domain_id)
    return session.scalars(query).one_or_none()


def claims_on(session: Session, host: str) -> Sequence[Domain]:
    """The domains with this host, of any organization, oldest first."""
    return session.scalars(select(Domain).where(Domain.host == host).order_by(Domain.id)).all()


def verified_domain(session: Session, host: str) -> Domain | None:
    """The verified domain with this host, whoever owns it."""
    # Spelled out, so that the partial index of these serves whatever the host.
    is_verified = Domain.state == literal_column("'verified'")
    return session.scalars(select(Domain).where(Domain.host == host, is_verified)).one_or_none()


def verified_hosts(session: Session, organization_id: str) -> frozenset[str]:
    """The hosts this organization has verified."""
    return frozenset(session.scalars(_VERIFIED_HOSTS, {"organization": organization_id}))


_VERIFIED_HOSTS = select(Domain.host).where(
    Domain.organization_id == bindparam("organization"), Domain.state == "verified"
)


def domains_due(session: Session, now: datetime, *, limit: int) -> Sequence[Domain]:
    """Domains whose next automatic check is due, any organization."""
    query = select(Domain).where(Domain.next_check_at.is_not(None), Domain.next_check_at <= now)
    return session.scalars(query.order_by(Domain.next_check_at).limit(limit)).all()

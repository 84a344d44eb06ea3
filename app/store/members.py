"""Tables and queries: members, and the groups their last sign-in reported."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, Table, bindparam, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules import members as rule
from app.rules.roles import ADMIN
from app.store.database import Base, unique_where


class Member(Base):
    """A person in an organization. `role`, `role_source` and `held` are the stored effect; the rest is what it
    follows from.

    A removed member keeps the row (`removed_at`), so that a sign-in cannot bring them back by itself.
    """

    __tablename__ = "members"
    __table_args__ = (
        unique_where("uq_members_email", "email", where="removed_at IS NULL"),
        Index("ix_members_email", "email"),  # the unique one is partial: no use when removed members count too
        Index("ix_members_organization_id_role", "organization_id", "role"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    email: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]
    suspended: Mapped[bool] = mapped_column(default=False)
    granted_role: Mapped[str | None]
    granted_origin: Mapped[str | None]
    role: Mapped[str]
    role_source: Mapped[str]
    role_mapping_id: Mapped[str | None]
    held: Mapped[bool] = mapped_column(default=False)
    sign_in_groups_state: Mapped[str] = mapped_column(default="unknown")
    sign_in_groups: Mapped[Any] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime]
    first_signed_in_at: Mapped[datetime | None]
    last_signed_in_at: Mapped[datetime | None]
    #: Since when they have a second factor; in step with `factors`, for all who only ask whether there is one.
    enrolled_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


MEMBERS = cast(Table, Member.__table__)


def may_recover(member: Member) -> bool:
    """Whether recovery is for this member."""
    return rule.may_recover(
        state=rule.MemberState(member.state),
        suspended=member.suspended,
        is_admin=member.role == ADMIN,
        held=member.held,
    )


def present(session: Session, organization_id: str, member_id: str) -> Member | None:
    """One member of this organization who was not removed."""
    query = select(Member).where(Member.organization_id == organization_id, Member.id == member_id)
    return session.scalars(query.where(Member.removed_at.is_(None))).one_or_none()


def by_email(session: Session, email: str) -> Member | None:
    """The member with this normalised address, whichever organization they are in."""
    return session.scalars(select(Member).where(Member.email == email, Member.removed_at.is_(None))).one_or_none()


def by_id(session: Session, member_id: str) -> Member | None:
    """The member with this id who was not removed, for links that only name the member."""
    return session.scalars(select(Member).where(Member.id == member_id, Member.removed_at.is_(None))).one_or_none()


def removed_with_email(session: Session, organization_id: str, email: str) -> bool:
    """Whether someone with this address was removed from this organization."""
    query = select(Member.id).where(Member.organization_id == organization_id, Member.email == email)
    return session.scalars(query.where(Member.removed_at.is_not(None)).limit(1)).one_or_none() is not None


def page(session: Session, organization_id: str, *, after: str, limit: int) -> Sequence[Member]:
    """Members of the organization in the order they came."""
    query = select(Member).where(Member.organization_id == organization_id, Member.id > after)
    return session.scalars(query.where(Member.removed_at.is_(None)).order_by(Member.id).limit(limit)).all()


def administrators(session: Session, organization_id: str) -> Sequence[Member]:
    """Everyone whose effective role is admin, held or not."""
    return session.scalars(_ADMINISTRATORS, {"organization": organization_id}).all()


_ADMINISTRATORS = (
    select(Member)
    .where(Member.organization_id == bindparam("organization"), Member.role == "admin", Member.removed_at.is_(None))
    .order_by(Member.id)
)


def any_active_besides(session: Session, organization_id: str, member_id: str) -> bool:
    """Whether somebody else is active and not suspended."""
    active = Member.state == "active", Member.suspended.is_(False), Member.removed_at.is_(None)
    others = select(Member.id).where(Member.organization_id == organization_id, Member.id != member_id, *active)
    return session.scalar(select(others.exists())) or False


def following_default(session: Session, organization_id: str) -> Sequence[str]:
    """Ids of the members whose role is the default one."""
    query = select(Member.id).where(Member.organization_id == organization_id, Member.role_source == "default")
    return session.scalars(query.where(Member.removed_at.is_(None))).all()


def is_at(hosts: Collection[str]) -> ColumnElement[bool]:
    """Whether a member's address is at one of these hosts, which hold nothing that LIKE reads as more than itself."""
    return or_(False, *(Member.email.endswith(f"@{host}", autoescape=True) for host in hosts))


def holding(session: Session, organization_id: str, slug: str) -> Sequence[str]:
    """Ids of the members whose effective role is this one."""
    query = select(Member.id).where(Member.organization_id == organization_id, Member.role == slug)
    return session.scalars(query.where(Member.removed_at.is_(None))).all()


def mapped_to(session: Session, organization_id: str, slugs: Collection[str]) -> Sequence[str]:
    """Ids of the members who have one of these roles because of a group."""
    query = select(Member.id).where(Member.organization_id == organization_id, Member.role.in_(slugs))
    return session.scalars(query.where(Member.role_source == "mapped", Member.removed_at.is_(None))).all()


def forget_grants(session: Session, organization_id: str, slug: str) -> None:
    """Nobody has this role by hand any more, removed members included: another role may get the same slug one day."""
    session.execute(
        update(Member)
        .where(Member.organization_id == organization_id, Member.granted_role == slug)
        .values(granted_role=None, granted_origin=None)
    )


def with_sign_in_groups(session: Session, organization_id: str) -> Sequence[str]:
    """Ids of the members whose last sign-in reported groups."""
    query = select(Member.id).where(Member.organization_id == organization_id)
    reported = or_(Member.sign_in_groups_state == "present", Member.sign_in_groups_state == "empty")
    return session.scalars(query.where(reported, Member.removed_at.is_(None))).all()

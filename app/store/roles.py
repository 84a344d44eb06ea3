"""Tables and queries: roles and the mappings from groups to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ForeignKey, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.database import Base


class Role(Base):
    """What a member may do. A higher priority wins; `admin` always has the highest."""

    __tablename__ = "roles"
    __table_args__ = (UniqueConstraint("organization_id", "slug"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    slug: Mapped[str]
    name: Mapped[str]
    priority: Mapped[int]
    built_in: Mapped[bool]


class RoleMapping(Base):
    """group -> role. `group_ref` is a SCIM group id (source `directory`) or the value a sign-in sends (source
    `sign_in`).
    """

    __tablename__ = "role_mappings"
    __table_args__ = (UniqueConstraint("organization_id", "source", "group_ref", "role"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    source: Mapped[str]
    group_ref: Mapped[str]
    label: Mapped[str]
    role: Mapped[str]


def roles(session: Session, organization_id: str) -> Sequence[Role]:
    """The organization's roles, highest priority first."""
    return session.scalars(_ROLES, {"organization": organization_id}).all()


_ROLES = select(Role).where(Role.organization_id == bindparam("organization")).order_by(Role.priority.desc(), Role.id)


def role(session: Session, organization_id: str, slug: str) -> Role | None:
    """One role of this organization by its slug."""
    return session.scalars(select(Role).where(Role.organization_id == organization_id, Role.slug == slug)).one_or_none()


def by_id(session: Session, organization_id: str, role_id: str) -> Role | None:
    """One role of this organization by its id."""
    query = select(Role).where(Role.organization_id == organization_id, Role.id == role_id)
    return session.scalars(query).one_or_none()


def mappings(session: Session, organization_id: str) -> Sequence[RoleMapping]:
    """The organization's mappings, oldest first."""
    return session.scalars(_MAPPINGS, {"organization": organization_id}).all()


_MAPPINGS = select(RoleMapping).where(RoleMapping.organization_id == bindparam("organization")).order_by(RoleMapping.id)


def mappings_to(session: Session, organization_id: str, slug: str) -> Sequence[RoleMapping]:
    """The mappings that give this role, oldest first."""
    query = select(RoleMapping).where(RoleMapping.organization_id == organization_id, RoleMapping.role == slug)
    return session.scalars(query.order_by(RoleMapping.id)).all()


def mapping(session: Session, organization_id: str, mapping_id: str) -> RoleMapping | None:
    """One mapping of this organization."""
    query = select(RoleMapping).where(RoleMapping.organization_id == organization_id, RoleMapping.id == mapping_id)
    return session.scalars(query).one_or_none()

"""Tables and queries: directories and their tokens; tables of the mirror: users, their values, groups, memberships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, and_, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules.directories import ResourceKind
from app.store.database import Base, unique_where

_CHUNK = 500


class Directory(Base):
    """One SCIM endpoint; at most one per organization is active. A deleted one keeps its row and answers 404."""

    __tablename__ = "directories"
    __table_args__ = (unique_where("uq_directories_active", "organization_id", where="state = 'active'"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    provider: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]
    first_request_at: Mapped[datetime | None]
    last_request_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class DirectoryToken(Base):
    """A bearer token of one directory, as a digest; `hint` is what may be shown of it.

    `refused_at` is when somebody last came with it after it was revoked or had expired.
    """

    __tablename__ = "directory_tokens"
    id: Mapped[str] = mapped_column(primary_key=True)
    directory_id: Mapped[str] = mapped_column(ForeignKey("directories.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str]
    hint: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]


class DirectoryUser(Base):
    """A pushed user. `document` is the SCIM resource as JSON text, ready to answer, without groups and meta.

    `email`, `name` and `active` are what membership is worked out from (product.md 5.2); `reason` says why this user is
    not a member. `user_name_key` and `external_id` are in the form in which they are compared. A deleted user keeps the
    row (`deleted_at`) and frees userName and externalId.
    """

    __tablename__ = "directory_users"
    __table_args__ = (
        unique_where("uq_directory_users_user_name_key", "directory_id", "user_name_key", where="deleted_at IS NULL"),
        unique_where("uq_directory_users_external_id", "directory_id", "external_id", where="deleted_at IS NULL"),
        Index("ix_directory_users_directory_id_id", "directory_id", "id"),
        # Who was deleted and is pushed again is found by externalId, to be given the old member id.
        Index(
            "ix_directory_users_deleted_external_id",
            "directory_id",
            "external_id",
            sqlite_where=text("deleted_at IS NOT NULL"),
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    directory_id: Mapped[str] = mapped_column(ForeignKey("directories.id", ondelete="CASCADE"))
    user_name_key: Mapped[str]
    external_id: Mapped[str | None]
    active: Mapped[bool]
    email: Mapped[str | None]
    name: Mapped[str]
    document: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    member_id: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"), index=True)
    reason: Mapped[str | None]


class DirectoryUserValue(Base):
    """One value of a user that a filter can find; userName, externalId and the dates have columns instead.

    `digest` is 64 bits of (directory, path, key): the only thing indexed, so that an equality costs one narrow index
    and a long value breaks nothing. Whoever looks a digest up compares path and key as well. `key` is the comparison
    form of the value, `lead` marks the entry of a multi-valued attribute that the user is sorted by.
    """

    __tablename__ = "directory_user_values"
    user_id: Mapped[str] = mapped_column(ForeignKey("directory_users.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    entry: Mapped[int] = mapped_column(primary_key=True)
    lead: Mapped[bool]
    digest: Mapped[int] = mapped_column(BigInteger, index=True)
    key: Mapped[str]


class DirectoryGroup(Base):
    """A pushed group. Its members are rows of `directory_memberships`, never part of `document`."""

    __tablename__ = "directory_groups"
    __table_args__ = (
        unique_where("uq_directory_groups_display_key", "directory_id", "display_key", where="deleted_at IS NULL"),
        Index("ix_directory_groups_directory_id_external_id", "directory_id", "external_id"),
        Index("ix_directory_groups_directory_id_id", "directory_id", "id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    directory_id: Mapped[str] = mapped_column(ForeignKey("directories.id", ondelete="CASCADE"))
    display_name: Mapped[str]
    display_key: Mapped[str]
    external_id: Mapped[str | None]
    document: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class DirectoryMembership(Base):
    """A user in a group."""

    __tablename__ = "directory_memberships"
    group_id: Mapped[str] = mapped_column(ForeignKey("directory_groups.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        ForeignKey("directory_users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """Which living resources of one kind: a condition on its table, and what they are sorted by before their id."""

    kind: ResourceKind
    condition: ColumnElement[bool] | None = None
    sort_key: ColumnElement[Any] | None = None


def value_digest(directory_id: str, path: str, key: str) -> int:
    """What `DirectoryUserValue.digest` holds for a value: 64 bits, signed."""
    digest = blake2b(f"{directory_id}\0{path}\0{key}".encode(), digest_size=8)
    return int.from_bytes(digest.digest(), signed=True)


def all_of(session: Session, organization_id: str) -> Sequence[Directory]:
    """The organization's directories that were not deleted, oldest first."""
    query = select(Directory).where(Directory.organization_id == organization_id, Directory.deleted_at.is_(None))
    return session.scalars(query.order_by(Directory.id)).all()


def one(session: Session, organization_id: str, directory_id: str) -> Directory | None:
    """One directory of this organization that was not deleted."""
    query = select(Directory).where(Directory.organization_id == organization_id, Directory.id == directory_id)
    return session.scalars(query.where(Directory.deleted_at.is_(None))).one_or_none()


def active(session: Session, organization_id: str) -> Directory | None:
    """The directory that has effects, if any."""
    return session.scalars(_ACTIVE, {"organization": organization_id}).one_or_none()


_ACTIVE = select(Directory).where(Directory.organization_id == bindparam("organization"), Directory.state == "active")


def tokens(session: Session, directory_id: str) -> Sequence[DirectoryToken]:
    """The directory's tokens, revoked ones included, oldest first."""
    query = select(DirectoryToken).where(DirectoryToken.directory_id == directory_id)
    return session.scalars(query.order_by(DirectoryToken.id)).all()


def token(session: Session, directory_id: str, token_id: str) -> DirectoryToken | None:
    """One token of this directory."""
    query = select(DirectoryToken).where(DirectoryToken.directory_id == directory_id, DirectoryToken.id == token_id)
    return session.scalars(query).one_or_none()


def user_of_member(session: Session, directory_id: str, member_id: str) -> DirectoryUser | None:
    """The living user that this member is."""
    query = select(DirectoryUser).where(
        DirectoryUser.directory_id == directory_id,
        DirectoryUser.member_id == member_id,
        DirectoryUser.deleted_at.is_(None),
    )
    return session.scalars(query).one_or_none()


def group(session: Session, directory_id: str, group_id: str) -> DirectoryGroup | None:
    """One living group of this directory."""
    query = select(DirectoryGroup).where(DirectoryGroup.directory_id == directory_id, DirectoryGroup.id == group_id)
    return session.scalars(query.where(DirectoryGroup.deleted_at.is_(None))).one_or_none()


def by_key_with_token(session: Session, *, key: str, digest: str) -> tuple[Directory, DirectoryToken | None] | None:
    """The directory whose base URL holds this key, unless it was deleted, and its token with this digest, whatever its
    state.
    """
    row = session.execute(_BY_KEY_WITH_TOKEN, {"key": key, "digest": digest}).one_or_none()
    return None if row is None else (row[0], row[1])


#: Built once: every SCIM request asks this first, and building a statement costs more than running it.
_BY_KEY_WITH_TOKEN = (
    select(Directory, DirectoryToken)
    .outerjoin(
        DirectoryToken,
        and_(DirectoryToken.directory_id == Directory.id, DirectoryToken.digest == bindparam("digest")),
    )
    .where(Directory.key == bindparam("key"), Directory.deleted_at.is_(None))
)

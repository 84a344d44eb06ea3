"""Tables of the mirror: users, groups and members as they were pushed, and the values a filter finds users by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, cast

import orjson
from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, Table, text
from sqlalchemy.orm import Mapped, mapped_column

from app.rules.directories import ResourceKind, is_indexed
from app.store.database import Base, unique_where


class DirectoryUser(Base):
    """A pushed user. `document` is the SCIM resource as JSON text, ready to answer, without groups and meta.

    `email`, `name` and `active` are what membership is worked out from; `reason` says why this user is
    not a member. `user_name_key` and `external_id` are in the form in which they are compared. `search_keys` are the
    other values that a filter can find or sorting can use, as a JSON array of [path, entry, lead, key]: `entry` counts
    the entries of a multi-valued attribute, `lead` marks the one that the user is sorted by, `key` is the comparison
    form. A deleted user keeps the row (`deleted_at`) and frees userName and externalId.
    """

    __tablename__ = "directory_users"
    __table_args__ = (
        unique_where("uq_directory_users_user_name_key", "directory_id", "user_name_key", where="deleted_at IS NULL"),
        unique_where("uq_directory_users_external_id", "directory_id", "external_id", where="deleted_at IS NULL"),
        # What a page walks, from the index alone as far as it is skipped.
        Index(
            "ix_directory_users_living",
            "directory_id",
            "id",
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
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
    search_keys: Mapped[str] = mapped_column(server_default="[]")


class DirectoryUserDigest(Base):
    """That a user has a value: 64 bits of (directory, path, key), so that an equality is one narrow index look-up.

    Whoever looks a digest up compares path and key in the user's `search_keys` as well. One index and no foreign key,
    because a push writes a dozen of these: whoever changes or buries a user knows which to delete, and one that was
    left behind leads nowhere.
    """

    __tablename__ = "directory_user_digests"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 (SQLAlchemy's own declaration form)
    digest: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[str] = mapped_column(primary_key=True)


class DirectoryGroup(Base):
    """A pushed group. Its members are rows of `directory_memberships`, never part of `document`."""

    __tablename__ = "directory_groups"
    __table_args__ = (
        unique_where("uq_directory_groups_display_key", "directory_id", "display_key", where="deleted_at IS NULL"),
        Index("ix_directory_groups_directory_id_external_id", "directory_id", "external_id"),
        Index(
            "ix_directory_groups_living",
            "directory_id",
            "id",
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
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
    """Which living resources of one kind: a condition on its table, and what they are sorted by before their id.

    `named` is the condition that one unique column equals a text, which finds one resource at most and needs no
    statement of its own: (column, text).
    """

    kind: ResourceKind
    condition: ColumnElement[bool] | None = None
    sort_key: ColumnElement[Any] | None = None
    named: tuple[str, str] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether every living resource is selected, in the order of the ids."""
        return self.condition is None and self.sort_key is None and self.named is None


# The tables, for plain statements on a connection: those of a push go without mapped objects.
USERS = cast(Table, DirectoryUser.__table__)
DIGESTS = cast(Table, DirectoryUserDigest.__table__)
GROUPS = cast(Table, DirectoryGroup.__table__)
MEMBERSHIPS = cast(Table, DirectoryMembership.__table__)
TABLES: dict[ResourceKind, Table] = {ResourceKind.USER: USERS, ResourceKind.GROUP: GROUPS}


def value_digest(directory_id: str, path: str, key: str) -> int:
    """What `DirectoryUserDigest.digest` holds for a value: 64 bits, signed."""
    digest = blake2b(f"{directory_id}\0{path}\0{key}".encode(), digest_size=8)
    return int.from_bytes(digest.digest(), signed=True)


def digests_of(directory_id: str, keys: str) -> frozenset[int]:
    """The digests of a user's values, from `DirectoryUser.search_keys`, that an equality finds."""
    return frozenset(
        value_digest(directory_id, path, key) for path, _, _, key in orjson.loads(keys) if is_indexed(path)
    )

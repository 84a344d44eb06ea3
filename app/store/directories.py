"""Tables and queries: directories and their tokens; tables of the mirror: users, their values, groups, memberships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, cast

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    Table,
    and_,
    bindparam,
    delete,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules.directories import ResourceKind, is_indexed
from app.store.database import Base, unique_where
from app.store.prepared import Prepared


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
    #: How many living users and groups there are, kept by whoever adds or buries one: a page tells without counting.
    user_count: Mapped[int] = mapped_column(default=0, server_default="0")
    group_count: Mapped[int] = mapped_column(default=0, server_default="0")
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
DIRECTORIES = cast(Table, Directory.__table__)
TOKENS = cast(Table, DirectoryToken.__table__)
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


@dataclass(frozen=True, slots=True)
class Knock:
    """Who is at a directory's door: the directory, and the token they brought, where it is one of its own."""

    id: str
    organization_id: str
    key: str
    name: str
    provider: str
    token_id: str | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    refused_at: datetime | None


def knock(connection: Connection, *, key: str, digest: str) -> Knock | None:
    """The directory whose base URL holds this key, unless it was deleted, and its token with this digest, whatever its
    state.
    """
    row = _KNOCK.first(connection, {"key": key, "digest": digest})
    return None if row is None else Knock(*row)


_KNOCK = Prepared(
    select(
        DIRECTORIES.c.id,
        DIRECTORIES.c.organization_id,
        DIRECTORIES.c.key,
        DIRECTORIES.c.name,
        DIRECTORIES.c.provider,
        TOKENS.c.id,
        TOKENS.c.expires_at,
        TOKENS.c.last_used_at,
        TOKENS.c.revoked_at,
        TOKENS.c.refused_at,
    )
    .select_from(
        DIRECTORIES.outerjoin(
            TOKENS, and_(TOKENS.c.directory_id == DIRECTORIES.c.id, TOKENS.c.digest == bindparam("digest"))
        )
    )
    .where(DIRECTORIES.c.key == bindparam("key"), DIRECTORIES.c.deleted_at.is_(None))
)


def note_request(connection: Connection, directory_id: str, token_id: str, *, now: datetime) -> None:
    """When a directory was reached, and the first time; when a token was used."""
    connection.execute(update(TOKENS).where(TOKENS.c.id == token_id).values(last_used_at=now))
    first = func.coalesce(DIRECTORIES.c.first_request_at, literal(now, DIRECTORIES.c.first_request_at.type))
    connection.execute(
        update(DIRECTORIES).where(DIRECTORIES.c.id == directory_id).values(last_request_at=now, first_request_at=first)
    )


def note_refused_token(connection: Connection, token_id: str, *, now: datetime) -> None:
    """When somebody last came with a token that was revoked or had expired."""
    connection.execute(update(TOKENS).where(TOKENS.c.id == token_id).values(refused_at=now))


def forget_digests(connection: Connection, organization_id: str) -> None:
    """Delete the digests of every user of an organization, which no foreign key takes along."""
    its_own = select(DIRECTORIES.c.id).where(DIRECTORIES.c.organization_id == organization_id)
    users = select(USERS.c.id).where(USERS.c.directory_id.in_(its_own))
    connection.execute(delete(DIGESTS).where(DIGESTS.c.user_id.in_(users)))

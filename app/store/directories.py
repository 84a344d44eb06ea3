"""Tables and queries: directories and their tokens, and who is at the door with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Table, and_, bindparam, delete, func, literal, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.bearer_tokens import BearerToken
from app.store.database import Base, unique_where
from app.store.mirror_tables import DIGESTS, USERS
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


class DirectoryToken(BearerToken, Base):
    """A bearer token of one directory; `refused_at` is when somebody last came with it after it was revoked or had
    expired.
    """

    __tablename__ = "directory_tokens"
    directory_id: Mapped[str] = mapped_column(ForeignKey("directories.id", ondelete="CASCADE"), index=True)
    refused_at: Mapped[datetime | None]


# The tables, for plain statements on a connection: whoever only comes to the door goes without mapped objects.
DIRECTORIES = cast(Table, Directory.__table__)
TOKENS = cast(Table, DirectoryToken.__table__)


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

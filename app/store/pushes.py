"""Queries: what a push writes into the mirror. Plain statements on a connection, built once, each row named by id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    bindparam,
    delete,
    insert,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from app.rules.directories import DirectoryGroupRecord, DirectoryUserRecord, Link, Mirrored, PushedUser, ResourceKind
from app.store import mirror
from app.store.directories import DIRECTORIES
from app.store.mirror_tables import DIGESTS, GROUPS, TABLES, USERS, digests_of
from app.store.prepared import Prepared

_SQLITE = "sqlite"


def user(connection: Connection, directory_id: str, user_id: str) -> PushedUser | None:
    """A living user of the directory, with their groups."""
    row = _USER.first(connection, {"directory": directory_id, "id": user_id})
    if row is None:
        return None
    user_name_key, external_id, active, email, name, search_keys, member_id, reason, groups = row[5:]
    answered = mirror.mirrored(ResourceKind.USER, (*row[:5], groups))
    record = DirectoryUserRecord(
        user_name_key=user_name_key,
        external_id=external_id,
        active=active,
        email=email,
        name=name,
        document=answered.document,
        search_keys=search_keys,
    )
    return PushedUser(answered, record, Link(member_id, reason))


def _one(table: Table, *names: str, also: Sequence[ColumnElement[Any]] = ()) -> Prepared:
    """A living resource by id: what it is answered with, then these columns."""
    answered = (table.c.id, table.c.document, table.c.version, table.c.created_at, table.c.modified_at)
    same = (table.c.directory_id == bindparam("directory"), table.c.id == bindparam("id"))
    query = select(*answered, *(table.c[name] for name in names), *also)
    return Prepared(query.where(*same, table.c.deleted_at.is_(None)))


_USER = _one(
    USERS,
    *("user_name_key", "external_id", "active", "email", "name", "search_keys", "member_id", "reason"),
    also=[mirror.groups_of_the_user()],
)


def group(connection: Connection, directory_id: str, group_id: str) -> tuple[Mirrored, DirectoryGroupRecord] | None:
    """A living group as it is answered and as it was last pushed; its members are not read."""
    row = _GROUP.first(connection, {"directory": directory_id, "id": group_id})
    if row is None:
        return None
    mirrored = Mirrored(ResourceKind.GROUP, *row[:5])
    display_name, display_key, external_id = row[5:]
    return mirrored, DirectoryGroupRecord(display_name, display_key, external_id, mirrored.document)


_GROUP = _one(GROUPS, "display_name", "display_key", "external_id")


def user_holding(
    connection: Connection, directory_id: str, *, user_name_key: str, external_id: str | None, other_than: str
) -> tuple[Any, ...] | None:
    """Another living user with this userName or externalId: (id, user_name_key, external_id)."""
    values = {"directory": directory_id, "name": user_name_key, "external": external_id, "other": other_than}
    return _HOLDING.first(connection, values)


def _holding(same: ColumnElement[bool]) -> Select[str, str, str | None]:
    return select(USERS.c.id, USERS.c.user_name_key, USERS.c.external_id).where(
        USERS.c.directory_id == bindparam("directory"),
        USERS.c.deleted_at.is_(None),
        USERS.c.id != bindparam("other"),
        same,
    )


#: Two look-ups, each by its own index: with OR, SQLite reads every user of the directory.
_HOLDING = Prepared(
    union_all(
        _holding(USERS.c.user_name_key == bindparam("name")),
        _holding(USERS.c.external_id == bindparam("external")),
    )
)


def group_named(connection: Connection, directory_id: str, *, display_key: str, other_than: str) -> str | None:
    """The id of another living group with this displayName."""
    values = {"directory": directory_id, "key": display_key, "other": other_than}
    found = _GROUP_NAMED.first(connection, values)
    return None if found is None else str(found[0])


_GROUP_NAMED = Prepared(
    select(GROUPS.c.id)
    .where(
        GROUPS.c.directory_id == bindparam("directory"),
        GROUPS.c.deleted_at.is_(None),
        GROUPS.c.display_key == bindparam("key"),
        GROUPS.c.id != bindparam("other"),
    )
    .limit(1)
)


def insert_user_later(
    connection: Connection, directory_id: str, user_id: str, record: DirectoryUserRecord, *, link: Link, now: datetime
) -> Callable[[], bool]:
    """Add a user. False when a living one has this userName or externalId: whoever asks then undoes the transaction."""
    columns = {
        "id": user_id,
        "directory_id": directory_id,
        "version": 1,
        "created_at": now,
        "modified_at": now,
        "user_name_key": record.user_name_key,
        "external_id": record.external_id,
        "active": record.active,
        "email": record.email,
        "name": record.name,
        "document": record.document,
        "search_keys": record.search_keys,
        "member_id": link.member_id,
        "reason": link.reason,
    }
    inserted = _insert(ResourceKind.USER, connection.dialect.name).later(connection, columns)
    _insert_digests(connection, user_id, digests_of(directory_id, record.search_keys))
    return lambda: inserted.count() == 1


def insert_group(
    connection: Connection, directory_id: str, group_id: str, record: DirectoryGroupRecord, now: datetime
) -> bool:
    """Add a group without members; False, and nothing is written, when a living one has this displayName."""
    columns = {
        "id": group_id,
        "directory_id": directory_id,
        "version": 1,
        "created_at": now,
        "modified_at": now,
        "display_name": record.display_name,
        "display_key": record.display_key,
        "external_id": record.external_id,
        "document": record.document,
    }
    return _insert(ResourceKind.GROUP, connection.dialect.name).count(connection, columns) == 1


@cache
def _insert(kind: ResourceKind, dialect: str) -> Prepared:
    make = sqlite.insert if dialect == _SQLITE else postgresql.insert
    values: dict[str, Any] = {name: bindparam(name) for name in _INSERTED[kind]}
    return Prepared(make(TABLES[kind]).values(**values).on_conflict_do_nothing())


_INSERTED_OF_ALL = ("id", "directory_id", "version", "created_at", "modified_at", "external_id", "document")
_INSERTED = {
    ResourceKind.USER: (
        *_INSERTED_OF_ALL,
        *("user_name_key", "active", "email", "name", "search_keys", "member_id", "reason"),
    ),
    ResourceKind.GROUP: (*_INSERTED_OF_ALL, "display_name", "display_key"),
}


def update_user(
    connection: Connection,
    directory_id: str,
    user_id: str,
    *,
    before: DirectoryUserRecord,
    after: DirectoryUserRecord,
    now: datetime,
) -> None:
    """Write a user's new state and count the version up; digests only where values differ."""
    values = {
        "the_directory": directory_id,
        "the_id": user_id,
        "user_name_key": after.user_name_key,
        "external_id": after.external_id,
        "active": after.active,
        "email": after.email,
        "name": after.name,
        "document": after.document,
        "modified_at": now,
    }
    if after.search_keys == before.search_keys:
        _UPDATE_USER.later(connection, values)
        return
    _UPDATE_USER_AND_KEYS.later(connection, {**values, "search_keys": after.search_keys})
    known, wanted = digests_of(directory_id, before.search_keys), digests_of(directory_id, after.search_keys)
    _delete_digests(connection, user_id, known - wanted)
    _insert_digests(connection, user_id, wanted - known)


def _update(kind: ResourceKind, *columns: str) -> Prepared:
    table = TABLES[kind]
    same = (table.c.directory_id == bindparam("the_directory"), table.c.id == bindparam("the_id"))
    written: dict[str, Any] = {name: bindparam(name) for name in columns}
    return Prepared(update(table).where(*same).values(version=table.c.version + 1, **written))


_USER_COLUMNS = ("user_name_key", "external_id", "active", "email", "name", "document", "modified_at")
_UPDATE_USER = _update(ResourceKind.USER, *_USER_COLUMNS)
_UPDATE_USER_AND_KEYS = _update(ResourceKind.USER, *_USER_COLUMNS, "search_keys")
_UPDATE_GROUP = _update(ResourceKind.GROUP, "display_name", "display_key", "external_id", "document", "modified_at")


def update_group(
    connection: Connection, directory_id: str, group_id: str, record: DirectoryGroupRecord, *, now: datetime
) -> None:
    """Write the group's own attributes and count the version up, also when only its members changed."""
    values = {
        "the_directory": directory_id,
        "the_id": group_id,
        "display_name": record.display_name,
        "display_key": record.display_key,
        "external_id": record.external_id,
        "document": record.document,
        "modified_at": now,
    }
    _UPDATE_GROUP.later(connection, values)


def bury(connection: Connection, directory_id: str, kind: ResourceKind, resource_id: str, *, now: datetime) -> None:
    """Leave only the tombstone: the row stays, out of every look-up and of the unique names; a user's digests go."""
    table = TABLES[kind]
    buried = (
        update(table)
        .where(table.c.directory_id == directory_id, table.c.id == resource_id, table.c.deleted_at.is_(None))
        .values(deleted_at=now, version=table.c.version + 1)
    )
    if kind is ResourceKind.GROUP:
        connection.execute(buried)
        return
    for keys in connection.scalars(buried.returning(USERS.c.search_keys)).all():
        _delete_digests(connection, resource_id, digests_of(directory_id, keys))


def count_up(connection: Connection, directory_id: str, *, users: int, groups: int) -> None:
    """Keep the directory's numbers of living users and groups."""
    _COUNT_UP.later(connection, {"the_directory": directory_id, "users": users, "groups": groups})


_COUNT_UP = Prepared(
    update(DIRECTORIES)
    .where(DIRECTORIES.c.id == bindparam("the_directory"))
    .values(
        user_count=DIRECTORIES.c.user_count + bindparam("users"),
        group_count=DIRECTORIES.c.group_count + bindparam("groups"),
    )
)


def _insert_digests(connection: Connection, user_id: str, digests: Collection[int]) -> None:
    if not digests:
        return
    if connection.dialect.name == _SQLITE:
        _INSERT_DIGESTS.each_later(connection, [{"digest": digest, "user_id": user_id} for digest in digests])
    else:
        _INSERT_DIGESTS_AT_ONCE.later(connection, {"digests": list(digests), "user": user_id})


_INSERT_DIGESTS = Prepared(insert(DIGESTS))
#: One statement for all of them: each round trip to a server costs more than its row.
_INSERT_DIGESTS_AT_ONCE = Prepared(
    text("INSERT INTO directory_user_digests (digest, user_id) SELECT unnest(CAST(:digests AS BIGINT[])), :user")
)


def _delete_digests(connection: Connection, user_id: str, digests: Collection[int]) -> None:
    _DELETE_DIGESTS.each_later(connection, [{"digest": digest, "user_id": user_id} for digest in digests])


_DELETE_DIGESTS = Prepared(
    delete(DIGESTS).where(DIGESTS.c.digest == bindparam("digest"), DIGESTS.c.user_id == bindparam("user_id"))
)

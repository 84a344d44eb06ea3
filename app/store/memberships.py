"""Queries on memberships: who is in which group, changed by named ids in chunks, never by loading a group."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Text, bindparam, case, cast, delete, null, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from app.rules.directories import Reference
from app.store.mirror_tables import GROUPS, MEMBERSHIPS, USERS
from app.store.people import chunks
from app.store.prepared import Prepared, among

_RUN = 5_000
_SQLITE = "sqlite"


def _ids(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    return (row[0] for row in rows)


def groups_of(connection: Connection, user_ids: Collection[str]) -> dict[str, tuple[Reference, ...]]:
    """user id -> the groups they are in, by id."""
    found: dict[str, list[Reference]] = {}
    for chunk in chunks(user_ids):
        for user_id, group_id, name in _GROUPS_OF.rows(connection, {"users": chunk}):
            found.setdefault(user_id, []).append(Reference(group_id, name))
    return {user_id: tuple(groups) for user_id, groups in found.items()}


_GROUPS_OF = Prepared(
    select(MEMBERSHIPS.c.user_id, GROUPS.c.id, GROUPS.c.display_name)
    .join(GROUPS, GROUPS.c.id == MEMBERSHIPS.c.group_id)
    .where(among(MEMBERSHIPS.c.user_id, "users"))
    .order_by(GROUPS.c.id)
)


def members_of(connection: Connection, group_ids: Collection[str]) -> dict[str, tuple[Reference, ...]]:
    """group id -> the users in it, by id; read from the index of memberships alone."""
    found: dict[str, list[Reference]] = {}
    for chunk in chunks(group_ids):
        for group_id, user_id in _MEMBERS_OF.rows(connection, {"groups": chunk}):
            found.setdefault(group_id, []).append(Reference(user_id))
    return {group_id: tuple(members) for group_id, members in found.items()}


_MEMBERS_OF = Prepared(
    select(MEMBERSHIPS.c.group_id, MEMBERSHIPS.c.user_id)
    .where(among(MEMBERSHIPS.c.group_id, "groups"))
    .order_by(MEMBERSHIPS.c.group_id, MEMBERSHIPS.c.user_id)
)


def members_if_few(connection: Connection, group_id: str, *, at_most: int) -> tuple[Reference, ...] | None:
    """The users in a group, by id; None when there are more of them, at the cost of walking over as many."""
    found = _MEMBERS_IF_FEW.rows(connection, {"group": group_id, "most": at_most})
    return None if found and found[0][0] is None else tuple(Reference(user_id) for (user_id,) in sorted(found))


_IN_THE_GROUP = select(MEMBERSHIPS.c.user_id).where(MEMBERSHIPS.c.group_id == bindparam("group"))
_MORE = _IN_THE_GROUP.offset(bindparam("most")).limit(1).cte("more")
#: As a limit it is asked once; as a condition SQLite would ask it of every member.
_FEW = _IN_THE_GROUP.limit(case((select(_MORE.c.user_id).exists(), 0), else_=bindparam("most"))).subquery()
#: One row without an id says that there are more.
_MEMBERS_IF_FEW = Prepared(union_all(select(_FEW.c.user_id), select(null()).select_from(_MORE)))


def stream_members(connection: Connection, group_id: str) -> Iterator[Sequence[str]]:
    """Ids of everyone in the group, by id, in runs that follow a cursor of the database; one statement, one moment."""
    streaming = connection.execution_options(stream_results=True, yield_per=_RUN)
    yield from streaming.scalars(_MEMBERS, {"group": group_id}).partitions()


_MEMBERS = (
    select(MEMBERSHIPS.c.user_id).where(MEMBERSHIPS.c.group_id == bindparam("group")).order_by(MEMBERSHIPS.c.user_id)
)


def are_more_than(connection: Connection, group_ids: Collection[str], limit: int) -> bool:
    """Whether these groups have more members than `limit`, together, at the cost of walking over as many."""
    return _MEMBER_AFTER.first(connection, {"groups": group_ids, "skip": limit}) is not None


_MEMBER_AFTER = Prepared(
    select(MEMBERSHIPS.c.user_id).where(among(MEMBERSHIPS.c.group_id, "groups")).offset(bindparam("skip")).limit(1)
)


def known_users(connection: Connection, directory_id: str, user_ids: Collection[str]) -> frozenset[str]:
    """Which of these ids are living users of this directory."""
    values = ({"directory": directory_id, "users": chunk} for chunk in chunks(user_ids))
    answers = [_KNOWN_USERS.later(connection, one) for one in values]
    return frozenset(id_ for answer in answers for id_ in _ids(answer.rows()))


_KNOWN_USERS = Prepared(
    select(USERS.c.id).where(
        among(USERS.c.id, "users"), USERS.c.directory_id == bindparam("directory"), USERS.c.deleted_at.is_(None)
    )
)


def member_ids(connection: Connection, group_id: str) -> frozenset[str]:
    """Ids of everyone in the group."""
    return frozenset(connection.scalars(_MEMBERS, {"group": group_id}))


def add(connection: Connection, group_id: str, user_ids: Collection[str]) -> frozenset[str]:
    """Put these users into the group; returns those who were not in it before."""
    statement = _add(connection.dialect.name)
    added: set[str] = set()
    for chunk in chunks(user_ids):
        added.update(_ids(statement.rows(connection, {"group": group_id, "users": chunk})))
    return frozenset(added)


@cache
def _add(dialect: str) -> Prepared:
    """INSERT ... SELECT, so that one statement serves any number of ids. The ids are those of living users."""
    make = sqlite.insert if dialect == _SQLITE else postgresql.insert
    chosen = select(cast(bindparam("group"), Text), USERS.c.id).where(among(USERS.c.id, "users"))
    statement = make(MEMBERSHIPS).from_select(["group_id", "user_id"], chosen)
    return Prepared(statement.on_conflict_do_nothing().returning(MEMBERSHIPS.c.user_id))


def remove(connection: Connection, group_id: str, user_ids: Collection[str]) -> frozenset[str]:
    """Take these users out of the group; returns those who were in it."""
    removed: set[str] = set()
    for chunk in chunks(user_ids):
        removed.update(_ids(_REMOVE.rows(connection, {"group": group_id, "users": chunk})))
    return frozenset(removed)


_REMOVE = Prepared(
    delete(MEMBERSHIPS)
    .where(
        MEMBERSHIPS.c.group_id == bindparam("group"),
        among(MEMBERSHIPS.c.user_id, "users"),
    )
    .returning(MEMBERSHIPS.c.user_id)
)


def empty(connection: Connection, group_id: str) -> frozenset[str]:
    """Take everyone out of the group; returns who was in it."""
    statement = delete(MEMBERSHIPS).where(MEMBERSHIPS.c.group_id == group_id)
    return frozenset(connection.scalars(statement.returning(MEMBERSHIPS.c.user_id)))


def leave_all(connection: Connection, user_id: str) -> frozenset[str]:
    """Take a user out of every group; returns the groups."""
    statement = delete(MEMBERSHIPS).where(MEMBERSHIPS.c.user_id == user_id)
    return frozenset(connection.scalars(statement.returning(MEMBERSHIPS.c.group_id)))


def touch_groups(connection: Connection, group_ids: Collection[str], *, now: datetime) -> None:
    """Count the version of these groups up, because somebody left them."""
    for chunk in chunks(group_ids):
        connection.execute(
            update(GROUPS).where(GROUPS.c.id.in_(chunk)).values(version=GROUPS.c.version + 1, modified_at=now)
        )

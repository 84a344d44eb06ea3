"""Queries: what the mirror of a directory answers. Users and groups as values, found by id, looked up, paged, counted.

Plain statements on a connection, the frequent ones built once: building a statement costs more than running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    String,
    Table,
    bindparam,
    collate,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.engine import Connection

from app.rules.directories import Mirrored, Position, Reference, ResourceKind
from app.store.directories import DIRECTORIES
from app.store.json_columns import pairs
from app.store.mirror_tables import GROUPS, MEMBERSHIPS, TABLES, USERS, Selection
from app.store.prepared import Prepared, found_by

_COUNTS = {ResourceKind.USER: DIRECTORIES.c.user_count, ResourceKind.GROUP: DIRECTORIES.c.group_count}


def endpoint_exists(connection: Connection, key: str) -> bool:
    """Whether a directory that was not deleted answers under this key."""
    query = select(DIRECTORIES.c.id).where(DIRECTORIES.c.key == key, DIRECTORIES.c.deleted_at.is_(None))
    return connection.scalar(query) is not None


def find(
    connection: Connection, directory_id: str, kind: ResourceKind, resource_id: str, *, with_groups: bool
) -> Mirrored | None:
    """One living resource of this directory; a user with their groups if they are wanted."""
    found = _found(kind, with_groups).first(connection, {"directory": directory_id, "resource": resource_id})
    return None if found is None else mirrored(kind, found)


@cache
def _found(kind: ResourceKind, with_groups: bool) -> Prepared:
    table = TABLES[kind]
    query = _living(kind, with_groups).where(table.c.id == bindparam("resource"))
    return Prepared(query.where(table.c.directory_id == bindparam("directory")))


def look_up(
    connection: Connection, directory_id: str, selection: Selection, *, with_groups: bool
) -> tuple[Mirrored, ...]:
    """What a selection by a unique name holds: one resource, or none."""
    assert selection.named is not None
    column, key = selection.named
    rows = _looked_up(selection.kind, column, with_groups).rows(connection, {"directory": directory_id, "key": key})
    return tuple(mirrored(selection.kind, row) for row in rows)


@cache
def _looked_up(kind: ResourceKind, column: str, with_groups: bool) -> Prepared:
    table = TABLES[kind]
    query = _living(kind, with_groups).where(table.c[column] == bindparam("key"))
    return Prepared(query.where(table.c.directory_id == bindparam("directory")))


def plain_page(
    connection: Connection, directory_id: str, kind: ResourceKind, *, offset: int, limit: int, with_groups: bool
) -> tuple[Mirrored, ...]:
    """Living resources of one kind in the order of their ids."""
    values = {"directory": directory_id, "offset": offset, "limit": limit}
    return tuple(mirrored(kind, row) for row in _plain_page(kind, with_groups).rows(connection, values))


@cache
def _plain_page(kind: ResourceKind, with_groups: bool) -> Prepared:
    """The ids come first, from the index alone: nothing else is read of what is skipped."""
    table = TABLES[kind]
    ids = (
        select(table.c.id)
        .where(table.c.directory_id == bindparam("directory"), table.c.deleted_at.is_(None))
        .order_by(table.c.id)
        .offset(bindparam("offset"))
        .limit(bindparam("limit"))
    )
    return Prepared(_living(kind, with_groups).where(found_by(table.c.id, ids)).order_by(table.c.id))


def _living(kind: ResourceKind, with_groups: bool) -> Select[Any]:
    table = TABLES[kind]
    columns: list[ColumnElement[Any]] = [*_columns(table)]
    if with_groups and kind is ResourceKind.USER:
        columns.append(groups_of_the_user())
    return select(*columns).where(table.c.deleted_at.is_(None))


def _columns(table: Table) -> tuple[ColumnElement[Any], ...]:
    return table.c.id, table.c.document, table.c.version, table.c.created_at, table.c.modified_at


def groups_of_the_user() -> ColumnElement[Any]:
    """The groups of the user of the row, as JSON: part of the statement that reads the user, which saves one."""
    joined = MEMBERSHIPS.join(GROUPS, GROUPS.c.id == MEMBERSHIPS.c.group_id)
    query = select(pairs(GROUPS.c.id, GROUPS.c.display_name)).select_from(joined)
    return query.where(MEMBERSHIPS.c.user_id == USERS.c.id).correlate(USERS).scalar_subquery()


def mirrored(kind: ResourceKind, row: Any) -> Mirrored:
    """A row of id, document, version and dates, with `groups_of_the_user` behind where they were asked for."""
    groups = _references(row[5]) if len(row) > 5 else None
    return Mirrored(kind, row[0], row[1], row[2], row[3], row[4], groups)


@lru_cache(maxsize=256)
def _references(pairs_json: str | None) -> tuple[Reference, ...]:
    """Kept, because on a page most users are in the same groups as their neighbours."""
    if not pairs_json or pairs_json == "[]":
        return ()
    return tuple(Reference(id_, name) for id_, name in sorted(orjson.loads(pairs_json)))


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of a search that were asked for, and whether more follow in the direction of reading."""

    found: tuple[Mirrored, ...]
    has_more: bool
    first: Position | None = None
    last: Position | None = None


def page(
    connection: Connection,
    directory_id: str,
    selections: Sequence[Selection],
    *,
    offset: int,
    limit: int | None,
    descending: bool = False,
) -> tuple[Mirrored, ...]:
    """The selected resources as one collection, sorted by their key, then by id; those without a key last, or first if
    `descending`.
    """
    found = _collection(directory_id, selections)
    query = select(found).order_by(*_order(connection, found, selections, descending))
    return tuple(_of_collection(row) for row in connection.execute(query.offset(offset).limit(limit)))


def slice_at(
    connection: Connection,
    directory_id: str,
    selections: Sequence[Selection],
    *,
    position: Position | None,
    limit: int,
    descending: bool = False,
) -> Slice:
    """The rows that follow a position, or those that come before it when it looks back; from the start without one.

    What stands in the answer while it is paged through is found exactly once, whatever comes and goes meanwhile: a
    position is the key and id of a row, not a number of rows.
    """
    backwards = position is not None and position.backwards
    found = _collection(directory_id, selections)
    direction = descending is not backwards
    query = select(found).order_by(*_order(connection, found, selections, direction))
    if position is not None:
        query = query.where(_beyond(connection, found, selections, position, direction))
    rows = list(connection.execute(query.limit(limit + 1)))
    has_more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    if not rows:
        return Slice((), has_more=False)
    return Slice(
        tuple(_of_collection(row) for row in rows), has_more, first=_position_of(rows[0]), last=_position_of(rows[-1])
    )


def count(connection: Connection, directory_id: str, selections: Sequence[Selection]) -> int:
    """How many resources the selections hold."""
    return sum(_count(connection, directory_id, selection) for selection in selections)


def _count(connection: Connection, directory_id: str, selection: Selection) -> int:
    if selection.condition is None and selection.named is None:
        kept = _kept_count(selection.kind).first(connection, {"directory": directory_id})
        return 0 if kept is None else int(kept[0])
    table = TABLES[selection.kind]
    query = select(func.count()).select_from(table).where(*_selected(directory_id, selection))
    return connection.scalar(query) or 0


@cache
def _kept_count(kind: ResourceKind) -> Prepared:
    return Prepared(select(_COUNTS[kind]).where(DIRECTORIES.c.id == bindparam("directory")))


def _selected(directory_id: str, selection: Selection) -> list[ColumnElement[bool]]:
    table = TABLES[selection.kind]
    conditions: list[ColumnElement[bool]] = [table.c.directory_id == directory_id, table.c.deleted_at.is_(None)]
    if selection.condition is not None:
        conditions.append(selection.condition)
    if selection.named is not None:
        column, key = selection.named
        conditions.append(table.c[column] == key)
    return conditions


def _collection(directory_id: str, selections: Sequence[Selection]) -> FromClause:
    parts = [_part(directory_id, selection) for selection in selections]
    return parts[0].subquery() if len(parts) == 1 else union_all(*parts).subquery()


def _part(directory_id: str, selection: Selection) -> Select[Any]:
    table = TABLES[selection.kind]
    sort_key = null() if selection.sort_key is None else selection.sort_key
    columns = (literal(selection.kind.value).label("kind"), *_columns(table), sort_key.label("sort_key"))
    return select(*columns).where(*_selected(directory_id, selection))


def _of_collection(row: Row[Any]) -> Mirrored:
    return Mirrored(ResourceKind(row.kind), row.id, row.document, row.version, row.created_at, row.modified_at)


def _order(
    connection: Connection, found: FromClause, selections: Sequence[Selection], descending: bool
) -> tuple[ColumnElement[Any], ...]:
    """ORDER BY: nothing but the id unless something is sorted by, so that the plain page walks an index."""
    tie = found.c.id
    key = _key(connection, found, selections)
    if key is None:
        return (tie.desc() if descending else tie.asc(),)
    missing = key.is_(None)
    if descending:
        return missing.desc(), key.desc(), tie.desc()
    return missing.asc(), key.asc(), tie.asc()


def _key(connection: Connection, found: FromClause, selections: Sequence[Selection]) -> ColumnElement[Any] | None:
    """What is sorted by before the id, if anything; text by code points on both databases."""
    keys = [selection.sort_key for selection in selections if selection.sort_key is not None]
    if not keys:
        return None
    key: ColumnElement[Any] = found.c.sort_key
    is_text = isinstance(keys[0].type, String)
    return collate(key, "C") if is_text and connection.dialect.name == "postgresql" else key


def _beyond(
    connection: Connection, found: FromClause, selections: Sequence[Selection], position: Position, descending: bool
) -> ColumnElement[bool]:
    """What comes after the position in the order of `_order`."""
    tie, key = found.c.id, _key(connection, found, selections)
    after_tie = tie < position.id if descending else tie > position.id
    if key is None:
        return after_tie
    missing = key.is_(None)
    if position.key is None:
        rest = ~missing if descending else false()
        return or_(missing & after_tie, rest)
    value = datetime.fromisoformat(position.key) if not isinstance(key.type, String) else position.key
    following = key < value if descending else key > value
    rest = false() if descending else missing
    return or_(following, (key == value) & after_tie, rest)


def _position_of(row: Row[Any]) -> Position:
    key = row.sort_key
    return Position(id=row.id, key=key.isoformat() if isinstance(key, datetime) else key)

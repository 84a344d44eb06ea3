"""Queries on the mirror: users and groups of a directory as values, found, paged, written and deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    String,
    Table,
    bindparam,
    collate,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from app.rules.directories import (
    DirectoryGroupRecord,
    DirectoryUserRecord,
    IndexedValue,
    Mirrored,
    ResourceKind,
)
from app.store.directories import Directory, DirectoryGroup, DirectoryUser, DirectoryUserValue, Selection, value_digest

_TABLES: dict[ResourceKind, type[DirectoryUser] | type[DirectoryGroup]] = {
    ResourceKind.USER: DirectoryUser,
    ResourceKind.GROUP: DirectoryGroup,
}


def living_directory(session: Session, directory_id: str) -> Directory | None:
    """The directory as it is now, whatever this session read before; None when it was deleted."""
    return session.scalars(_LIVING_DIRECTORY, {"directory": directory_id}).one_or_none()


_LIVING_DIRECTORY = (
    select(Directory)
    .where(Directory.id == bindparam("directory"), Directory.deleted_at.is_(None))
    .execution_options(populate_existing=True)
)


def endpoint_exists(session: Session, key: str) -> bool:
    """Whether a directory that was not deleted answers under this key."""
    query = select(Directory.id).where(Directory.key == key, Directory.deleted_at.is_(None))
    return session.scalar(query) is not None


def find(session: Session, directory_id: str, kind: ResourceKind, resource_id: str) -> Mirrored | None:
    """One living resource of this directory."""
    row = session.execute(_find(kind), {"directory": directory_id, "resource": resource_id}).one_or_none()
    return None if row is None else _mirrored(row)


@cache
def _find(kind: ResourceKind) -> Select[Any]:
    """Built once: building a statement costs more than running it."""
    return _select(kind, bindparam("directory"), null()).where(_TABLES[kind].id == bindparam("resource"))


def page(
    session: Session,
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
    parts = [_selected(selection, directory_id) for selection in selections]
    found = parts[0].subquery() if len(parts) == 1 else union_all(*parts).subquery()
    query = select(found).order_by(*_order(session, found.c.sort_key, found.c.id, selections, descending))
    rows = session.execute(query.offset(offset).limit(limit))
    return tuple(_mirrored(row) for row in rows)


def count(session: Session, directory_id: str, selections: Sequence[Selection]) -> int:
    """How many resources the selections hold."""
    return sum(session.scalar(_counted(selection, directory_id)) or 0 for selection in selections)


def _counted(selection: Selection, directory_id: str) -> Select[int]:
    table = _TABLES[selection.kind]
    query = (
        select(func.count()).select_from(table).where(table.directory_id == directory_id, table.deleted_at.is_(None))
    )
    return query if selection.condition is None else query.where(selection.condition)


def _selected(selection: Selection, directory_id: str) -> Select[Any]:
    sort_key = null() if selection.sort_key is None else selection.sort_key
    query = _select(selection.kind, directory_id, sort_key)
    return query if selection.condition is None else query.where(selection.condition)


def _select(kind: ResourceKind, directory_id: str | BindParameter[str], sort_key: ColumnElement[Any]) -> Select[Any]:
    table = _TABLES[kind]
    return select(
        literal(kind.value).label("kind"),
        table.id,
        table.document,
        table.version,
        table.created_at,
        table.modified_at,
        sort_key.label("sort_key"),
    ).where(table.directory_id == directory_id, table.deleted_at.is_(None))


def _order(
    session: Session,
    key: ColumnElement[Any],
    tie: ColumnElement[str],
    selections: Sequence[Selection],
    descending: bool,
) -> tuple[ColumnElement[Any], ...]:
    """ORDER BY: nothing but the id unless something is sorted by, so that the plain page walks an index."""
    keys = [selection.sort_key for selection in selections if selection.sort_key is not None]
    if not keys:
        return (tie.desc() if descending else tie.asc(),)
    if isinstance(keys[0].type, String) and session.get_bind().dialect.name == "postgresql":
        key = collate(key, "C")
    missing = key.is_(None)
    if descending:
        return missing.desc(), key.desc(), tie.desc()
    return missing.asc(), key.asc(), tie.asc()


def _mirrored(row: Row[Any]) -> Mirrored:
    return Mirrored(
        kind=ResourceKind(row.kind),
        id=row.id,
        document=row.document,
        version=row.version,
        created_at=row.created_at,
        modified_at=row.modified_at,
    )


def user_holding(
    session: Session, directory_id: str, *, user_name_key: str, external_id: str | None, other_than: str | None
) -> Row[str, str, str | None] | None:
    """Another living user with this userName or externalId: (id, user_name_key, external_id)."""
    values = {"directory": directory_id, "name": user_name_key, "external": external_id, "other": other_than or ""}
    return session.execute(_HOLDING, values).first()


def _holding(same: ColumnElement[bool]) -> Select[str, str, str | None]:
    return select(DirectoryUser.id, DirectoryUser.user_name_key, DirectoryUser.external_id).where(
        DirectoryUser.directory_id == bindparam("directory"),
        DirectoryUser.deleted_at.is_(None),
        DirectoryUser.id != bindparam("other"),
        same,
    )


#: Two look-ups, each by its own index: with OR, SQLite reads every user of the directory.
_HOLDING = union_all(
    _holding(DirectoryUser.user_name_key == bindparam("name")),
    _holding(DirectoryUser.external_id == bindparam("external")),
)


def group_named(session: Session, directory_id: str, *, display_key: str, other_than: str | None) -> str | None:
    """The id of another living group with this displayName."""
    query = select(DirectoryGroup.id).where(
        DirectoryGroup.directory_id == directory_id,
        DirectoryGroup.deleted_at.is_(None),
        DirectoryGroup.display_key == display_key,
        DirectoryGroup.id != (other_than or ""),
    )
    return session.scalar(query.limit(1))


def user_record(session: Session, directory_id: str, user_id: str) -> DirectoryUserRecord | None:
    """A living user as it was last pushed, with its values."""
    query = select(
        DirectoryUser.user_name_key,
        DirectoryUser.external_id,
        DirectoryUser.active,
        DirectoryUser.email,
        DirectoryUser.name,
        DirectoryUser.document,
    ).where(DirectoryUser.directory_id == directory_id, DirectoryUser.id == user_id, DirectoryUser.deleted_at.is_(None))
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    return DirectoryUserRecord(**row._mapping, values=_values_of(session, user_id))  # noqa: SLF001 (SQLAlchemy's name)


def group_record(session: Session, directory_id: str, group_id: str) -> DirectoryGroupRecord | None:
    """A living group as it was last pushed; its members are not read."""
    query = select(
        DirectoryGroup.display_name, DirectoryGroup.display_key, DirectoryGroup.external_id, DirectoryGroup.document
    ).where(
        DirectoryGroup.directory_id == directory_id, DirectoryGroup.id == group_id, DirectoryGroup.deleted_at.is_(None)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else DirectoryGroupRecord(**row._mapping)  # noqa: SLF001 (SQLAlchemy's name)


def _values_of(session: Session, user_id: str) -> frozenset[IndexedValue]:
    query = select(
        DirectoryUserValue.path, DirectoryUserValue.entry, DirectoryUserValue.lead, DirectoryUserValue.key
    ).where(DirectoryUserValue.user_id == user_id)
    return frozenset(IndexedValue(*row) for row in session.execute(query))


def insert_user(session: Session, directory_id: str, user_id: str, record: DirectoryUserRecord, now: datetime) -> None:
    """Add a user."""
    columns = {
        "id": user_id,
        "directory_id": directory_id,
        "version": 1,
        "created_at": now,
        "modified_at": now,
        **_user_columns(record),
    }
    session.execute(_INSERT_USER, columns)
    _insert_values(session, directory_id, user_id, record.values)


def update_user(
    session: Session,
    directory_id: str,
    user_id: str,
    *,
    before: DirectoryUserRecord,
    after: DirectoryUserRecord,
    now: datetime,
) -> None:
    """Write what differs and count the version up."""
    session.execute(
        update(DirectoryUser)
        .where(DirectoryUser.directory_id == directory_id, DirectoryUser.id == user_id)
        .values(version=DirectoryUser.version + 1, modified_at=now, **_user_columns(after))
        .execution_options(synchronize_session=False)
    )
    gone = before.values - after.values
    if gone:
        key = tuple_(DirectoryUserValue.path, DirectoryUserValue.entry)
        session.execute(
            delete(DirectoryUserValue)
            .where(DirectoryUserValue.user_id == user_id, key.in_([(value.path, value.entry) for value in gone]))
            .execution_options(synchronize_session=False)
        )
    _insert_values(session, directory_id, user_id, after.values - before.values)


def _user_columns(record: DirectoryUserRecord) -> dict[str, Any]:
    return {
        "user_name_key": record.user_name_key,
        "external_id": record.external_id,
        "active": record.active,
        "email": record.email,
        "name": record.name,
        "document": record.document,
    }


def _insert_values(session: Session, directory_id: str, user_id: str, values: Iterable[IndexedValue]) -> None:
    rows = [
        {
            "user_id": user_id,
            "path": value.path,
            "entry": value.entry,
            "lead": value.lead,
            "digest": value_digest(directory_id, value.path, value.key),
            "key": value.key,
        }
        for value in values
    ]
    if rows:
        session.execute(_INSERT_VALUES, rows)


# The tables, not the classes: SQLAlchemy's bulk insert of mapped classes costs more than the insert.
_INSERT_USER = insert(cast(Table, DirectoryUser.__table__))
_INSERT_VALUES = insert(cast(Table, DirectoryUserValue.__table__))


def insert_group(
    session: Session, directory_id: str, group_id: str, record: DirectoryGroupRecord, now: datetime
) -> None:
    """Add a group without members."""
    session.execute(
        insert(DirectoryGroup).values(
            id=group_id,
            directory_id=directory_id,
            version=1,
            created_at=now,
            modified_at=now,
            **_group_columns(record),
        )
    )


def update_group(
    session: Session, directory_id: str, group_id: str, record: DirectoryGroupRecord, *, now: datetime
) -> None:
    """Write the group's own attributes and count the version up, also when only its members changed."""
    session.execute(
        update(DirectoryGroup)
        .where(DirectoryGroup.directory_id == directory_id, DirectoryGroup.id == group_id)
        .values(version=DirectoryGroup.version + 1, modified_at=now, **_group_columns(record))
        .execution_options(synchronize_session=False)
    )


def _group_columns(record: DirectoryGroupRecord) -> dict[str, Any]:
    return {
        "display_name": record.display_name,
        "display_key": record.display_key,
        "external_id": record.external_id,
        "document": record.document,
    }


def bury(session: Session, directory_id: str, kind: ResourceKind, resource_id: str, *, now: datetime) -> None:
    """Leave only the tombstone: the row stays, out of every look-up and of the unique names; a user's values go."""
    table = _TABLES[kind]
    session.execute(
        update(table)
        .where(table.directory_id == directory_id, table.id == resource_id, table.deleted_at.is_(None))
        .values(deleted_at=now, version=table.version + 1)
        .execution_options(synchronize_session=False)
    )
    if kind is ResourceKind.USER:
        session.execute(
            delete(DirectoryUserValue)
            .where(DirectoryUserValue.user_id == resource_id)
            .execution_options(synchronize_session=False)
        )

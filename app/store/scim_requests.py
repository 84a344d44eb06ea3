"""Table and queries: the record of SCIM requests, written on the hot path, read page by page, forgotten in chunks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    ColumnElement,
    CursorResult,
    ForeignKey,
    Index,
    Select,
    Table,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
)
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules.directories import ResourceKind
from app.rules.scim_requests import (
    FIRST_REFUSED_STATUS,
    SEARCH_PATH,
    WRITING_METHODS,
    Outcome,
    Pace,
    RequestFilter,
    ScimRequestRecord,
)
from app.store.database import Base
from app.store.directories import Directory
from app.store.organizations import Organization
from app.store.prepared import Prepared

#: As many of the newest requests are looked at for the pace, however fast they come: the cost has a bound.
SAMPLE = 1_000
#: Nobody needs to know whether it was more.
MOST_COUNTED = 1_000
_REFUSED = f"status >= {FIRST_REFUSED_STATUS}"
_DEVIATING = "deviations IS NOT NULL"
_WITH_UNKNOWN_MEMBERS = "unknown_members_total > 0"


def _where(name: str, *columns: str, condition: str) -> Index:
    """An index of the few rows a filter asks for, which costs the other inserts nothing."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class ScimRequest(Base):
    """One request. Ids grow with time, so that the primary key is also the order of the pages.

    Empty `changes`, `deviations` and `unknown_members` are NULL: nothing to serialise, nothing in the partial indexes.
    The token has no foreign key; the check would cost each insert more than it could ever find.
    """

    __tablename__ = "scim_requests"
    __table_args__ = (
        _where("ix_scim_requests_refused", "directory_id", "id", condition=_REFUSED),
        _where("ix_scim_requests_deviating", "directory_id", "id", condition=_DEVIATING),
        _where("ix_scim_requests_unknown_members", "directory_id", "id", condition=_WITH_UNKNOWN_MEMBERS),
        _where("ix_scim_requests_resource_id_id", "resource_id", "id", condition="resource_id IS NOT NULL"),
    )
    directory_id: Mapped[str] = mapped_column(ForeignKey("directories.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    token_id: Mapped[str | None]
    at: Mapped[datetime]
    method: Mapped[str]
    path: Mapped[str]
    status: Mapped[int]
    duration_us: Mapped[int]
    resource: Mapped[str | None]
    resource_id: Mapped[str | None]
    changes: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    detail: Mapped[str | None]
    deviations: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    unknown_members: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    unknown_members_total: Mapped[int]
    body: Mapped[str | None]


_TABLE = cast(Table, ScimRequest.__table__)
#: Built once, of the table, and run on the connection: what a session adds for mapped classes costs more than the
#: insert.
_INSERT = Prepared(insert(_TABLE))


def insert_one(connection: Connection, record: ScimRequestRecord) -> None:
    """Write one record."""
    _INSERT.later(connection, _columns(record))


def insert_many(session: Session, records: Iterable[ScimRequestRecord]) -> None:
    """Write records, in the order given."""
    _INSERT.each_later(session.connection(), [_columns(record) for record in records])


def _columns(record: ScimRequestRecord) -> dict[str, Any]:
    return {
        "directory_id": record.directory_id,
        "id": record.id,
        "token_id": record.token_id,
        "at": record.at,
        "method": record.method,
        "path": _storable(record.path),
        "status": record.status,
        "duration_us": record.duration_us,
        "resource": record.resource,
        "resource_id": _storable(record.resource_id),
        "changes": dict(record.changes) or None,
        "detail": _storable(record.detail),
        "deviations": list(record.deviations) or None,
        "unknown_members": list(record.unknown_members) or None,
        "unknown_members_total": record.unknown_members_total,
        "body": _storable(record.body),
    }


def _storable(value: str | None) -> str | None:
    """Text both databases can hold. What was refused for such a character is recorded all the same."""
    if value is None or (value.isascii() and "\0" not in value):
        return value
    return value.replace("\0", "\ufffd").encode(errors="replace").decode()


def lock_directories(session: Session, ids: Collection[str]) -> frozenset[str]:
    """Which of these directories still have a row, with their organizations locked, as a push locks its own."""
    query = (
        select(Directory.id)
        .join(Organization, Organization.id == Directory.organization_id)
        .where(Directory.id.in_(ids))
        .order_by(Organization.id)
        .with_for_update(of=Organization)
    )
    return frozenset(session.scalars(query))


def before(
    session: Session, directory_id: str, *, wanted: RequestFilter, before_id: str, limit: int
) -> list[ScimRequestRecord]:
    """Records older than this id, newest first; "" begins at the newest."""
    query = _selected(directory_id, wanted).order_by(ScimRequest.id.desc()).limit(limit)
    return _read(session, query.where(ScimRequest.id < before_id) if before_id else query)


def after(
    session: Session, directory_id: str, *, wanted: RequestFilter, after_id: str, limit: int
) -> list[ScimRequestRecord]:
    """Records newer than this id, oldest first; "" begins at the oldest."""
    query = _selected(directory_id, wanted).where(ScimRequest.id > after_id)
    return _read(session, query.order_by(ScimRequest.id).limit(limit))


def one(session: Session, directory_id: str, record_id: str) -> ScimRequestRecord | None:
    """One record of this directory."""
    query = select(*_TABLE.c).where(ScimRequest.directory_id == directory_id, ScimRequest.id == record_id)
    found = _read(session, query)
    return found[0] if found else None


def _selected(directory_id: str, wanted: RequestFilter) -> Select[Any]:
    query = select(*_TABLE.c).where(ScimRequest.directory_id == directory_id, *_conditions(wanted.outcome))
    if wanted.method is not None:
        query = query.where(ScimRequest.method == wanted.method)
    if wanted.resource_id is not None:
        query = query.where(ScimRequest.resource_id == wanted.resource_id)
    return query


def _conditions(outcome: Outcome) -> tuple[ColumnElement[bool], ...]:
    """In the very words of the partial indexes: a bound value would keep both databases from using them."""
    match outcome:
        case Outcome.ALL:
            return ()
        case Outcome.REFUSED:
            return (_IS_REFUSED,)
        case Outcome.DEVIATIONS:
            return (ScimRequest.deviations.is_not(None),)
        case Outcome.UNKNOWN_MEMBERS:
            return (ScimRequest.unknown_members_total > literal_column("0"),)
        case Outcome.WRITES:
            is_search = ScimRequest.path.contains(SEARCH_PATH, autoescape=True)
            return ScimRequest.method.in_(WRITING_METHODS), ~is_search, ~_IS_REFUSED


_IS_REFUSED = ScimRequest.status >= literal_column(str(FIRST_REFUSED_STATUS))


def _read(session: Session, query: Select[Any]) -> list[ScimRequestRecord]:
    return [
        ScimRequestRecord(
            **{
                **row,
                "changes": row["changes"] or {},
                "deviations": tuple(row["deviations"] or ()),
                "unknown_members": tuple(row["unknown_members"] or ()),
            }
        )
        for row in session.execute(query).mappings()
    ]


def pace(session: Session, directory_id: str, *, since: datetime) -> Pace:
    """What the newest requests created since then, and when the last one came."""
    newest = (
        select(ScimRequest.at, ScimRequest.method, ScimRequest.status, ScimRequest.resource)
        .where(ScimRequest.directory_id == directory_id)
        .order_by(ScimRequest.id.desc())
        .limit(SAMPLE)
        .subquery()
    )
    created = (newest.c.at >= since) & (newest.c.method == "POST") & (newest.c.status == literal_column("201"))
    row = session.execute(
        select(
            func.sum(case((created & (newest.c.resource == ResourceKind.USER.value), 1), else_=0)),
            func.sum(case((created & (newest.c.resource == ResourceKind.GROUP.value), 1), else_=0)),
            func.min(case((newest.c.at >= since, newest.c.at))),
            func.max(newest.c.at),
            func.sum(case((newest.c.at >= since, 1), else_=0)),
        )
    ).one()
    users, groups, began_at, last_at, within = row
    is_cut = within == SAMPLE
    return Pace(users or 0, groups or 0, began_at=began_at, last_at=last_at, is_cut=is_cut)


def newest_outcomes(session: Session, directory_id: str, *, limit: int) -> list[tuple[int, str | None]]:
    """Status and detail of the newest requests."""
    query = select(ScimRequest.status, ScimRequest.detail).where(ScimRequest.directory_id == directory_id)
    return [(row.status, row.detail) for row in session.execute(query.order_by(ScimRequest.id.desc()).limit(limit))]


def refused_since(session: Session, directory_id: str, *, since: datetime) -> int:
    """How many requests were refused since then; counts no further than MOST_COUNTED."""
    newest = (
        select(ScimRequest.at)
        .where(ScimRequest.directory_id == directory_id, _IS_REFUSED)
        .order_by(ScimRequest.id.desc())
        .limit(MOST_COUNTED)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(newest).where(newest.c.at >= since)) or 0


def directory_ids(session: Session) -> Sequence[str]:
    """Every directory that has a row, deleted ones included."""
    return session.scalars(select(Directory.id).order_by(Directory.id)).all()


def forget(session: Session, directory_id: str, *, before: datetime, limit: int) -> int:
    """Delete at most `limit` of the directory's oldest records, where they are older than that; how many it were."""
    done = cast(
        CursorResult[Any], session.execute(_FORGET, {"directory": directory_id, "before": before, "limit": limit})
    )
    return done.rowcount


_OLDEST = (
    select(ScimRequest.id)
    .where(ScimRequest.directory_id == bindparam("directory"))
    .order_by(ScimRequest.id)
    .limit(bindparam("limit"))
)
# Along the primary key: ids grow with time, so that nothing needs an index on the time.
_FORGET = (
    delete(ScimRequest)
    .where(
        ScimRequest.directory_id == bindparam("directory"),
        ScimRequest.id.in_(_OLDEST),
        ScimRequest.at < bindparam("before"),
    )
    .execution_options(synchronize_session=False)
)

"""Tables and queries: the audit log and the chain that seals it.

Entries are only ever inserted; what the sealer finds out stands in a table of its own, so that an entry is never
touched again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, Select, Table, exists, insert, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.rules.actor import ON_BEHALF_OF
from app.rules.audit import EVERYTHING, AuditFilter, AuditRecord, Called
from app.store.database import Base
from app.store.organizations import Organization
from app.store.prepared import Prepared


class AuditEntry(Base):
    """One change or refusal: who, what, before, after, why, from where."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_organization_id_id", "organization_id", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    actor_label: Mapped[str]
    action: Mapped[str]
    outcome: Mapped[str]
    subject: Mapped[str | None]
    before: Mapped[Any] = mapped_column(JSON)
    after: Mapped[Any] = mapped_column(JSON)
    reason: Mapped[str | None]
    proof: Mapped[Any] = mapped_column(JSON)
    network_address: Mapped[str | None]


class AuditHead(Base):
    """Where the chain of an organization ends. `told_position` is the last one that the server's log was told."""

    __tablename__ = "audit_heads"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int]
    digest: Mapped[str]
    seal: Mapped[str]
    key_id: Mapped[str]
    sealed_at: Mapped[datetime]
    told_position: Mapped[int]


class AuditSeal(Base):
    """One position of a chain: which entry stands there, the digest it follows, and its seal.

    The entry has no foreign key, so that a seal outlives an entry that was removed by hand and still names it. Heads
    go with their organization and take their seals along; nobody's push waits for a seal that way.
    """

    __tablename__ = "audit_seals"
    __table_args__ = (Index("ix_audit_seals_entry_id", "entry_id", unique=True),)
    organization_id: Mapped[str] = mapped_column(
        ForeignKey("audit_heads.organization_id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[str]
    previous: Mapped[str]
    seal: Mapped[str]
    key_id: Mapped[str]


ENTRIES = cast(Table, AuditEntry.__table__)
SEALS = cast(Table, AuditSeal.__table__)
_INSERT = Prepared(insert(ENTRIES))


def insert_later(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write entries with the transaction they tell of."""
    _INSERT.each_later(connection, entries)


def after(
    session: Session, organization_id: str, *, wanted: AuditFilter = EVERYTHING, after_id: str, limit: int
) -> list[AuditRecord]:
    """Entries newer than this id, oldest first; "" begins at the oldest."""
    query = _selected(organization_id, wanted).where(AuditEntry.id > after_id)
    return _placed(session, query.order_by(AuditEntry.id).limit(limit))


def before(
    session: Session, organization_id: str, *, wanted: AuditFilter = EVERYTHING, before_id: str, limit: int
) -> list[AuditRecord]:
    """Entries older than this id, newest first; "" begins at the newest."""
    query = _selected(organization_id, wanted).order_by(AuditEntry.id.desc()).limit(limit)
    return _placed(session, query.where(AuditEntry.id < before_id) if before_id else query)


def latest(
    session: Session,
    organization_id: str,
    action: str,
    *,
    by: tuple[str, str] | None = None,
    since: datetime | None = None,
) -> AuditEntry | None:
    """The newest entry that tells that this was done; `by` is the kind and id of who has to have done it."""
    query = select(AuditEntry).where(AuditEntry.organization_id == organization_id, AuditEntry.action == action)
    if by is not None:
        query = query.where(AuditEntry.actor_kind == by[0], AuditEntry.actor_id == by[1])
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    return session.scalars(query.where(AuditEntry.outcome == "done").order_by(AuditEntry.id.desc()).limit(1)).first()


def read_all(session: Session, organization_id: str, ids: Collection[str]) -> dict[str, AuditRecord | None]:
    """These entries by id; None for one that is stored in a way that cannot be read. Missing ones are left out."""
    query = select(*ENTRIES.c).where(AuditEntry.organization_id == organization_id)
    try:
        return {record.id: record for record in _read(session, query.where(AuditEntry.id.in_(ids)))}
    except (ValueError, TypeError, DataError):
        return {id_: _read_one(session, query, id_) for id_ in ids if _is_there(session, organization_id, id_)}


def is_empty(session: Session, organization_id: str) -> bool:
    """Whether this organization is there without a single entry."""
    has_entries = exists().where(AuditEntry.organization_id == Organization.id)
    return bool(session.scalar(select(exists().where(Organization.id == organization_id, ~has_entries))))


def held_since(session: Session, organization_id: str, member_id: str) -> datetime | None:
    """When a push last put this administrator on hold."""
    query = select(AuditEntry.at).where(
        AuditEntry.organization_id == organization_id,
        AuditEntry.action == "admin.held",
        AuditEntry.subject == member_id,
    )
    return session.scalars(query.order_by(AuditEntry.id.desc()).limit(1)).one_or_none()


def refused_since(
    session: Session, organization_id: str, action: str, subject: str, *, actor_kind: str, since: datetime
) -> bool:
    """Whether this was refused of this subject since then, to this kind of actor."""
    wanted = AuditFilter(actor_kind, action=action, subject=Called("", (subject,)), outcome="refused", since=since)
    return session.execute(_selected(organization_id, wanted).limit(1)).first() is not None


def _selected(organization_id: str, wanted: AuditFilter) -> Select[Any]:
    """What fits. The entries of the organization are walked in the order of their ids until a page is full: where
    next to nothing fits, 100,000 of them in 30 ms, for which no push has to keep another index.
    """
    query = select(*ENTRIES.c).where(AuditEntry.organization_id == organization_id)
    for column, value in (
        (AuditEntry.actor_kind, wanted.actor_kind),
        (AuditEntry.outcome, wanted.outcome),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.subject is not None:
        query = query.where(AuditEntry.subject.in_(wanted.subject.ids))
    if wanted.actor is not None:
        query = query.where(or_(*_by(wanted.actor)))
    if wanted.action is not None:
        query = query.where(AuditEntry.action.startswith(wanted.action, autoescape=True))
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    return query if wanted.until is None else query.where(AuditEntry.at < wanted.until)


def _by(actor: Called) -> Iterator[ColumnElement[bool]]:
    """By the name that they had, or the id of whoever has it now; also those whom an operator's program acted for."""
    label = AuditEntry.actor_label
    yield AuditEntry.actor_id.in_(actor.ids)
    for text in {actor.text, actor.text.lower()}:
        yield label == text
        yield label.endswith(ON_BEHALF_OF + text, autoescape=True)
    yield label.startswith(actor.text + ON_BEHALF_OF, autoescape=True)


def _placed(session: Session, query: Select[Any]) -> list[AuditRecord]:
    """The entries with their positions, which are looked up for those of the page and no others."""
    found = _read(session, query)
    sealed = select(SEALS.c.entry_id, SEALS.c.position).where(SEALS.c.entry_id.in_([one.id for one in found]))
    positions = {row.entry_id: row.position for row in session.execute(sealed)}
    return [replace(one, position=positions.get(one.id)) for one in found]


def _read(session: Session, query: Select[Any]) -> list[AuditRecord]:
    return [AuditRecord(**row) for row in session.execute(query).mappings()]


def _read_one(session: Session, query: Select[Any], id_: str) -> AuditRecord | None:
    try:
        return _read(session, query.where(AuditEntry.id == id_))[0]
    except (ValueError, TypeError, DataError):
        return None


def _is_there(session: Session, organization_id: str, id_: str) -> bool:
    return bool(
        session.scalar(select(exists().where(AuditEntry.organization_id == organization_id, AuditEntry.id == id_)))
    )

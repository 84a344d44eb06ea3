"""Queries: what waits to be sealed, how a chain grows, and how it is walked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, exists, func, insert, select, text, update
from sqlalchemy.orm import Session

from app.rules.audit_chain import Head, Link, Seal
from app.store import audit
from app.store.audit import ENTRIES, SEALS, AuditHead, AuditSeal
from app.store.prepared import Prepared

_LOCK = 0x0D00_A0D1  # of PostgreSQL's advisory locks: one sealer at a time
_INSERT = Prepared(insert(SEALS))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that is not sealed yet."""

    id: str
    organization_id: str


def take_turn(session: Session) -> None:
    """Until the transaction ends nobody else seals; on SQLite nobody else writes anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def newest(session: Session) -> str:
    """The greatest id of an entry that is sealed, "" where there is none."""
    return session.scalar(select(func.max(AuditSeal.entry_id))) or ""


def waiting(session: Session, *, since: str, limit: int) -> Sequence[Waiting]:
    """The oldest entries behind this id that are not sealed, of all organizations together."""
    query = select(ENTRIES.c.id, ENTRIES.c.organization_id).where(
        ENTRIES.c.id > since,
        ~exists().where(SEALS.c.entry_id == ENTRIES.c.id, SEALS.c.entry_id > since),
    )
    return [Waiting(*row) for row in session.execute(query.order_by(ENTRIES.c.id).limit(limit))]


def sealed_among(session: Session, ids: Collection[str]) -> frozenset[str]:
    """Which of these entries are sealed by now."""
    return frozenset(session.scalars(select(AuditSeal.entry_id).where(AuditSeal.entry_id.in_(ids))))


def head(session: Session, organization_id: str) -> Head | None:
    """Where the chain of this organization ends; None before anything was sealed."""
    query = select(AuditHead.position, AuditHead.digest, AuditHead.key_id, AuditHead.seal)
    row = session.execute(query.where(AuditHead.organization_id == organization_id)).one_or_none()
    return Head(row.position, row.digest, Seal(row.key_id, row.seal)) if row is not None else None


def begin(session: Session, organization_id: str, at: Head, *, now: datetime) -> None:
    """Write the first end of a chain."""
    session.add(AuditHead(organization_id=organization_id, **_columns(at), sealed_at=now, told_position=0))
    session.flush()


def move(session: Session, organization_id: str, to: Head, *, now: datetime) -> bool:
    """Move the end of a chain; False where the organization is gone."""
    change = update(AuditHead).where(AuditHead.organization_id == organization_id).values(**_columns(to), sealed_at=now)
    return bool(cast(CursorResult[Any], session.execute(change)).rowcount)


def append(session: Session, organization_id: str, links: Sequence[Link]) -> None:
    """Write positions of a chain."""
    _INSERT.each_later(
        session.connection(),
        [
            {
                "organization_id": organization_id,
                "position": link.position,
                "entry_id": link.entry_id,
                "previous": link.previous,
                "seal": link.seal.value,
                "key_id": link.seal.key_id,
            }
            for link in links
        ],
    )


def links(session: Session, organization_id: str, *, after: int | None, limit: int) -> list[Link]:
    """Positions of a chain behind this one with their entries, in order; None begins before the first."""
    query = select(*SEALS.c).where(SEALS.c.organization_id == organization_id)
    if after is not None:
        query = query.where(SEALS.c.position > after)
    rows = session.execute(query.order_by(SEALS.c.position).limit(limit)).all()
    entries = audit.read_all(session, organization_id, [row.entry_id for row in rows])
    return [
        Link(
            position=row.position,
            entry_id=row.entry_id,
            previous=row.previous,
            seal=Seal(row.key_id, row.seal),
            entry=entries.get(row.entry_id),
            is_readable=row.entry_id not in entries or entries[row.entry_id] is not None,
        )
        for row in rows
    ]


def sealed(session: Session, organization_id: str) -> int:
    """How many positions the chain has."""
    query = select(func.count()).select_from(AuditSeal).where(AuditSeal.organization_id == organization_id)
    return session.scalar(query) or 0


def waiting_of(session: Session, organization_id: str, *, before: datetime | None = None) -> int:
    """How many entries of this organization are not sealed yet; only those that were made before a time, if given."""
    query = select(func.count()).select_from(ENTRIES).where(ENTRIES.c.organization_id == organization_id)
    if before is not None:
        query = query.where(ENTRIES.c.at < before)
    return session.scalar(query.where(~exists().where(SEALS.c.entry_id == ENTRIES.c.id))) or 0


def seal_at(session: Session, organization_id: str, position: int) -> str | None:
    """The seal of one position."""
    query = select(AuditSeal.seal).where(AuditSeal.organization_id == organization_id)
    return session.scalar(query.where(AuditSeal.position == position))


def sealed_at(session: Session, organization_id: str) -> datetime | None:
    """When the chain last grew."""
    return session.scalar(select(AuditHead.sealed_at).where(AuditHead.organization_id == organization_id))


def untold(session: Session, *, limit: int) -> Sequence[AuditHead]:
    """Chains that grew since the log was told where they end."""
    query = select(AuditHead).where(AuditHead.position > AuditHead.told_position)
    return session.scalars(query.order_by(AuditHead.organization_id).limit(limit)).all()


def heads_of_other_keys(session: Session, key_id: str) -> Sequence[str]:
    """Organizations whose chain ends with a seal of another key than this."""
    query = select(AuditHead.organization_id).where(AuditHead.key_id != key_id)
    return session.scalars(query.order_by(AuditHead.organization_id)).all()


def _columns(end: Head) -> dict[str, Any]:
    return {"position": end.position, "digest": end.digest, "seal": end.seal.value, "key_id": end.seal.key_id}

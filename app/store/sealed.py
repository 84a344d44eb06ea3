"""Queries: everything that is sealed with the secret keys, walked and replaced column by column, and the codes that
depend on the keys without being sealed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, func, select, update
from sqlalchemy.orm import Session

from app.store.audit import AuditHead
from app.store.factors import BackupCode
from app.store.sign_ins import RecoveryCode
from app.store.tables import METADATA


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed text. The place of each value is the table and the key of its row."""

    column: Column[Any]

    @property
    def table(self) -> str:
        return str(self.column.table.name)

    @property
    def key(self) -> Column[Any]:
        """The primary key, a single column of text in each of these tables."""
        (key,) = self.column.table.primary_key
        return key

    def place(self, row_id: str) -> str:
        """What the value of this row was sealed to."""
        return f"{self.table}/{row_id}"


#: Every one there is; tests hold it to the tables and to whatever seals.
SEALED = tuple(
    SealedColumn(METADATA.tables[table].c[column])
    for table, column in (
        ("connection_revisions", "sealed_secrets"),
        ("factors", "sealed_secret"),
        ("key_pairs", "sealed_private_key"),
        ("outgoing_mail", "sealed"),
        ("provider_sessions", "sealed"),
        ("sign_in_flows", "sealed_secrets"),
        ("sign_outs", "sealed"),
    )
)


@dataclass(frozen=True, slots=True)
class SealedValue:
    """One sealed value and the key of its row."""

    row_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Codes:
    """How many codes are left of a kind, and from when to when they were made; None where there are none."""

    many: int
    oldest: datetime | None
    newest: datetime | None


def page(session: Session, sealed: SealedColumn, *, after: str, limit: int) -> Sequence[SealedValue]:
    """The next values of a column behind this row."""
    query = select(sealed.key, sealed.column).where(sealed.key > after, sealed.column.is_not(None))
    return [SealedValue(*row) for row in session.execute(query.order_by(sealed.key).limit(limit))]


def lock_free(session: Session, sealed: SealedColumn, row_ids: Collection[str]) -> Sequence[SealedValue]:
    """Those of these rows that nobody else is changing, locked, as they are now. Nothing is waited for, so that
    whoever holds several of them cannot be waited for in a circle.
    """
    query = select(sealed.key, sealed.column).where(sealed.key.in_(row_ids), sealed.column.is_not(None))
    query = query.order_by(sealed.key).with_for_update(skip_locked=True, key_share=True)
    return [SealedValue(*row) for row in session.execute(query)]


def replace(session: Session, sealed: SealedColumn, row_id: str, text: str) -> None:
    """Write a value of a row that is locked."""
    session.execute(update(sealed.column.table).where(sealed.key == row_id).values({sealed.column: text}))


def audit_ends(session: Session) -> dict[str, int]:
    """How many chains of the audit log end with a seal of each key, by the id of the key."""
    query = select(AuditHead.key_id, func.count()).group_by(AuditHead.key_id)
    return dict(session.execute(query).all())


def unused_codes(session: Session) -> tuple[Codes, Codes]:
    """The recovery codes of organizations and the backup codes of members that still work."""
    return _unused(session, RecoveryCode), _unused(session, BackupCode)


def _unused(session: Session, code: type[RecoveryCode | BackupCode]) -> Codes:
    query = select(func.count(), func.min(code.created_at), func.max(code.created_at))
    return Codes(*session.execute(query.where(code.used_at.is_(None))).one())

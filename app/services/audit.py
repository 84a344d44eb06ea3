"""The audit log, for reading: page by page for people, as a feed for programs, and as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from app.rules.audit import EVERYTHING, AuditFilter, AuditRecord, Called
from app.rules.ids import just_behind
from app.services import organizations
from app.services.paging import RecordPage, page_of
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import audit as rows
from app.store import audit_chain, figures

_PAGE = 500


@dataclass(frozen=True, slots=True)
class SealedUpTo:
    """The last position of the chain, 0 before there is one, and when it was reached."""

    position: int
    at: datetime | None


def page(
    unit: UnitOfWork,
    organization_id: str,
    *,
    wanted: AuditFilter = EVERYTHING,
    before: str = "",
    after: str = "",
    limit: int,
) -> RecordPage[AuditRecord]:
    """Entries for people: the newest, those before one, or those after one."""
    return page_of(
        partial(rows.before, unit.session, organization_id, wanted=wanted),
        partial(rows.after, unit.session, organization_id, wanted=wanted),
        before=before,
        after=after,
        limit=limit,
    )


def page_from(
    unit: UnitOfWork, organization_id: str, entry_id: str, *, wanted: AuditFilter = EVERYTHING, limit: int
) -> RecordPage[AuditRecord]:
    """The page that begins with one entry. As a rule it was written a moment ago, and nothing is newer."""
    found = page(unit, organization_id, wanted=wanted, before=just_behind(entry_id), limit=limit)
    is_newest = not rows.after(unit.session, organization_id, wanted=wanted, after_id=entry_id, limit=1)
    return replace(found, newer="") if is_newest else found


def called(unit: UnitOfWork, organization_id: str, text: str) -> Called:
    """Whoever or whatever is meant by a name, an address or an id. Who was removed is still known by the address."""
    names = {text, text.lower()} if "@" in text else {text}
    return Called(text, (text, *figures.ids_called(unit.session, organization_id, names)))


def feed(
    unit: UnitOfWork, organization_id: str, *, wanted: AuditFilter = EVERYTHING, after: str, limit: int
) -> Sequence[AuditRecord]:
    """Entries for programs, oldest first, after the one with the id `after`. Raises NotFoundError."""
    organizations.read(unit, organization_id)
    return rows.after(unit.session, organization_id, wanted=wanted, after_id=after, limit=limit)


def export(transactions: Transactions, organization_id: str, *, wanted: AuditFilter) -> Iterator[Sequence[AuditRecord]]:
    """All entries, oldest first, page by page: each is read in a transaction of its own, however slowly they are
    fetched.
    """
    reached = ""
    while True:
        with transactions.reading() as unit:
            found = rows.after(unit.session, organization_id, wanted=wanted, after_id=reached, limit=_PAGE)
        if found:
            yield found
        if len(found) < _PAGE:
            return
        reached = found[-1].id


def sealed_up_to(unit: UnitOfWork, organization_id: str) -> SealedUpTo:
    """How far the log is sealed."""
    head = audit_chain.head(unit.session, organization_id)
    return SealedUpTo(head.position if head else 0, audit_chain.sealed_at(unit.session, organization_id))

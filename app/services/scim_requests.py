"""The record of SCIM requests: written with the push it tells of, read page by page, summed up as progress,
forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from app.rules.errors import NotFoundError
from app.rules.scim_requests import (
    ERRORS_WITHIN,
    EVERYTHING,
    NEWEST,
    PACE_WITHIN,
    RequestFilter,
    ScimRequestRecord,
    Trouble,
    trouble,
)
from app.services import directories
from app.services.paging import RecordPage, page_of
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import scim_requests as rows

#: Short transactions: a first synchronisation must not wait for yesterday's records to go.
_FORGET_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a synchronisation has come. Nobody knows the total until the identity provider is done.

    `errors` are refused requests of the last hour, counted no further than MOST_ERRORS; `trouble` is set while most of
    the newest are.
    """

    users: int
    groups: int
    users_per_minute: int
    groups_per_minute: int
    errors: int
    first_request_at: datetime | None
    last_request_at: datetime | None
    trouble: Trouble | None = None


MOST_ERRORS = rows.MOST_COUNTED


def write(unit: UnitOfWork, record: ScimRequestRecord) -> None:
    """Write a record in the transaction of the push it tells of: both stay, or neither."""
    rows.insert_one(unit.connection, record)


def page(
    unit: UnitOfWork,
    organization_id: str,
    directory_id: str,
    *,
    wanted: RequestFilter = EVERYTHING,
    before: str = "",
    after: str = "",
    limit: int,
) -> RecordPage[ScimRequestRecord]:
    """Records for people: the newest, those before one, or those after one. Raises NotFoundError.

    Within the page they stand by their time; records of reads get their ids a moment later than those of writes.
    """
    directory = directories.read(unit, organization_id, directory_id)
    listing = page_of(
        partial(rows.before, unit.session, directory.id, wanted=wanted),
        partial(rows.after, unit.session, directory.id, wanted=wanted),
        before=before,
        after=after,
        limit=limit,
    )
    by_time = sorted(listing.records, key=lambda record: record.at, reverse=True)
    return replace(listing, records=tuple(by_time))


def feed(
    unit: UnitOfWork,
    organization_id: str,
    directory_id: str,
    *,
    wanted: RequestFilter = EVERYTHING,
    after: str,
    limit: int,
) -> Sequence[ScimRequestRecord]:
    """Records for programs, oldest first, after the one with the id `after`. Raises NotFoundError."""
    directory = directories.read(unit, organization_id, directory_id)
    return rows.after(unit.session, directory.id, wanted=wanted, after_id=after, limit=limit)


def read(unit: UnitOfWork, organization_id: str, directory_id: str, record_id: str) -> ScimRequestRecord:
    """One record. Raises NotFoundError."""
    directory = directories.read(unit, organization_id, directory_id)
    record = rows.one(unit.session, directory.id, record_id)
    if record is None:
        raise NotFoundError("There is no such request, or it is no longer kept.")
    return record


def progress(unit: UnitOfWork, organization_id: str, directory_id: str) -> Progress:
    """How far the directory's synchronisation has come. Raises NotFoundError."""
    directory = directories.read(unit, organization_id, directory_id)
    pace = rows.pace(unit.session, directory.id, since=unit.now - PACE_WITHIN)
    return Progress(
        users=directory.user_count,
        groups=directory.group_count,
        users_per_minute=pace.users_per_minute(unit.now),
        groups_per_minute=pace.groups_per_minute(unit.now),
        errors=rows.refused_since(unit.session, directory.id, since=unit.now - ERRORS_WITHIN),
        first_request_at=directory.first_request_at,
        trouble=trouble(rows.newest_outcomes(unit.session, directory.id, limit=NEWEST)),
        # The directory's own note is a minute old at most; the record knows better, while it is kept.
        last_request_at=max(filter(None, (directory.last_request_at, pace.last_at)), default=None),
    )


def forget(transactions: Transactions, *, before: datetime) -> int:
    """Delete records older than that, a thousand to a transaction; how many it were."""
    with transactions.reading() as unit:
        ids = rows.directory_ids(unit.session)
    return sum(_forget_of(transactions, directory_id, before) for directory_id in ids)


def _forget_of(transactions: Transactions, directory_id: str, before: datetime) -> int:
    total, done = 0, _FORGET_AT_ONCE
    while done == _FORGET_AT_ONCE:
        with transactions.writing() as unit:
            done = rows.forget(unit.session, directory_id, before=before, limit=_FORGET_AT_ONCE)
        total += done
    return total

"""The domains as the settings page shows them: state, record, what the last look-up found, who has an address there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.rules.decisions import Decision
from app.rules.domains import FAILED_AFTER, DomainState, record_value
from app.services import domains
from app.services.unit_of_work import UnitOfWork
from app.store.organizations import Domain


@dataclass(frozen=True, slots=True)
class ServerLookUp:
    """What one name server of the zone said."""

    server: str
    matched: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class LookUp:
    """One DNS look-up: `values` were at the host, `problem` says why nothing could be learned. `servers` are the name
    servers of the zone, as far as they could be asked.
    """

    at: datetime
    matched: bool
    values: tuple[str, ...]
    problem: str | None
    servers: tuple[ServerLookUp, ...] = ()


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """One domain. `record` is the TXT value to publish; `gives_up_at` is set while it is pending."""

    id: str
    host: str
    state: DomainState
    record: str
    may_remove: Decision
    people: int
    verified_at: datetime | None
    verified_by: str
    last: LookUp | None
    next_check_at: datetime | None
    gives_up_at: datetime | None
    missing_since: datetime | None


def read(unit: UnitOfWork, organization_id: str, *, people_by_host: Mapping[str, int]) -> tuple[DomainFacts, ...]:
    """The organization's domains, oldest first."""
    rows = domains.all_of(unit, organization_id)
    return tuple(_facts(unit, row, people_by_host.get(row.host, 0)) for row in rows)


def _facts(unit: UnitOfWork, row: Domain, people: int) -> DomainFacts:
    state = DomainState(row.state)
    return DomainFacts(
        id=row.id,
        host=row.host,
        state=state,
        record=record_value(row.token),
        may_remove=domains.may_remove(unit, row),
        people=people,
        verified_at=row.verified_at,
        verified_by=row.verified_by or "",
        last=_look_up(row),
        next_check_at=row.next_check_at,
        gives_up_at=row.created_at + FAILED_AFTER if state is DomainState.PENDING else None,
        missing_since=row.missing_since,
    )


def _look_up(row: Domain) -> LookUp | None:
    if row.checked_at is None or row.found is None:
        return None
    values = tuple(row.found["values"])
    servers = tuple(ServerLookUp(**one) for one in row.found.get("servers", ()))  # look-ups of before know none
    return LookUp(row.checked_at, record_value(row.token) in values, values, row.found["problem"], servers)

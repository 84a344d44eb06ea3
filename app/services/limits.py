"""Limits on what strangers may try, counted in the database, so that all workers count together."""

from __future__ import annotations

from datetime import timedelta

from app.rules.errors import TooManyError
from app.rules.limits import Limit, network_of, wait_for
from app.services.unit_of_work import UnitOfWork
from app.store import tries


def check(unit: UnitOfWork, limit: Limit, address: str) -> None:
    """Whether one more try from this network address is borne. Raises TooManyError."""
    row = tries.of(unit.session, _key(unit, limit, address))
    wait = wait_for(limit, count=row.count, began_at=row.began_at, now=unit.now) if row is not None else None
    if wait is None:
        return
    minutes = max(1, -(-wait // timedelta(minutes=1)))
    raise TooManyError(
        f"Too many tries from your network. Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}.",
        retry_after=max(1, int(wait.total_seconds())),
    )


def count(unit: UnitOfWork, limit: Limit, address: str) -> None:
    """One more try from this network address."""
    tries.count(unit.session, _key(unit, limit, address), now=unit.now, window=limit.window)


def fitting(unit: UnitOfWork, limit: Limit, organization_id: str, many: int) -> int:
    """Count so many more within an organization; how many of them are borne."""
    key = _key(unit, limit, organization_id)
    counted = tries.count(unit.session, key, now=unit.now, window=limit.window, by=many)
    return max(0, min(many, limit.most - (counted - many)))


def _key(unit: UnitOfWork, limit: Limit, address: str) -> str:
    """Where it is counted; the database does not learn where people are."""
    return unit.ports.sealing.code_digests(network_of(address), place=f"tries/{limit.name}")[0]

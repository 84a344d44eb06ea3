"""Queries: which events wait for a place in the feed of their organization, and giving them one."""

from __future__ import annotations

from sqlalchemy import exists, func, literal_column, select, update
from sqlalchemy.engine import Connection

from app.store.events import EVENTS
from app.store.prepared import Prepared

#: As many at once. On SQLite a push waits for its turn meanwhile; a thousand take a few milliseconds.
BATCH = 1_000
#: What whoever gives positions locks in PostgreSQL. Any number will do that nothing else in this database uses.
_LOCK_NUMBER = 7_034_218


def any_waiting(connection: Connection) -> bool:
    """Whether an event waits for its position: a look at an index that is empty most of the time."""
    return bool(_ANY.rows(connection, {}))


_ANY = Prepared(select(literal_column("1")).where(exists().where(EVENTS.c.position.is_(None))))


def give(connection: Connection) -> int:
    """Give the events that were written first their positions, each behind the last one of its organization; how many.

    One giver at a time, to the end of its transaction: a position never becomes visible before a lower one. On SQLite a
    writing transaction is the only one. In PostgreSQL the statement behind the lock sees what stands there after the
    wait for it.
    """
    if connection.dialect.name != "sqlite":
        _LOCK.later(connection, {})
    return _GIVE.count(connection, {})


_LOCK = Prepared(select(func.pg_advisory_xact_lock(literal_column(str(_LOCK_NUMBER)))))
_waiting = (
    select(EVENTS.c.number, EVENTS.c.organization_id)
    .where(EVENTS.c.position.is_(None))
    .order_by(EVENTS.c.number)
    .limit(literal_column(str(BATCH)))
    .subquery("waiting")
)
_given = EVENTS.alias("given")
_last = (
    select(func.coalesce(func.max(_given.c.position), literal_column("0")))
    .where(_given.c.organization_id == _waiting.c.organization_id, _given.c.position.is_not(None))
    .scalar_subquery()
)
_dealt = select(
    _waiting.c.number,
    (_last + func.row_number().over(partition_by=_waiting.c.organization_id, order_by=_waiting.c.number)).label(
        "place"
    ),
).subquery("dealt")
_GIVE = Prepared(update(EVENTS).where(EVENTS.c.number == _dealt.c.number).values(position=_dealt.c.place))

"""The places of events in the feeds of their organizations, given to what is seen committed."""

from __future__ import annotations

from app.services.unit_of_work import Transactions
from app.store import event_positions


def give(transactions: Transactions) -> bool:
    """Give the events that wait their positions; whether there are more than one transaction takes.

    Any number of workers may do this at once. Nothing is written where nothing waits, and little at a time where much
    does: pushes take turns with this on SQLite.
    """
    with transactions.looking() as connection:
        if not event_positions.any_waiting(connection):
            return False
    with transactions.writing() as unit:
        return event_positions.give(unit.connection) == event_positions.BATCH

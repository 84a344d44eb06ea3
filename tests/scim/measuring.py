"""What requests cost: users put into a group behind the protocol's back, statements and rows counted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, insert

from app.store import prepared
from app.store.mirror_tables import DirectoryMembership, DirectoryUser
from tests.scim.application import Installation, Pushing


def fill(installation: Installation, pushing: Pushing, group: str, count: int) -> None:
    """Put that many users into a group, behind the protocol's back."""
    with installation.transactions.writing() as unit:
        ids = [installation.ports.randomness.uuid() for _ in range(count)]
        users = [
            {
                "id": one,
                "directory_id": pushing.directory.id,
                "user_name_key": one,
                "active": True,
                "name": one,
                "document": "{}",
                "version": 1,
                "created_at": unit.now,
                "modified_at": unit.now,
            }
            for one in ids
        ]
        unit.session.execute(insert(DirectoryUser), users)
        unit.session.execute(insert(DirectoryMembership), [{"group_id": group, "user_id": one} for one in ids])


class _Counter(logging.Handler):
    """Counts what is logged at DEBUG: each statement, and each row it hands out."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.statements = self.rows = 0

    def emit(self, record: logging.LogRecord) -> None:
        is_row = str(record.msg).startswith("Row")
        self.rows += is_row
        self.statements += record.name == prepared.log.name and not is_row


@contextmanager
def counted(installation: Installation) -> Iterator[dict[str, int]]:
    """Statements sent and rows fetched while the block runs, by SQLAlchemy and by prepared ones."""
    installation.requests.flush()  # or records of requests before are written in between
    cost = {"statements": 0, "rows": 0}
    counter = _Counter()

    def on_statement(*_arguments: Any) -> None:
        counter.statements += 1

    loggers = (logging.getLogger("sqlalchemy.engine.Engine"), prepared.log)
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(counter)
        logger.setLevel(logging.DEBUG)
    event.listen(installation.engine, "after_cursor_execute", on_statement)
    try:
        yield cost
    finally:
        event.remove(installation.engine, "after_cursor_execute", on_statement)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
            logger.removeHandler(counter)
        cost |= {"statements": counter.statements, "rows": counter.rows}

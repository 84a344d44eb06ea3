"""A database as it was, so that what took long to make is made once and played from several times."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

from sqlalchemy import Engine

from app.store.tables import METADATA

#: The audit log is only ever added to; its triggers see to that.
_STAY = {"audit_entries", "audit_seals", "audit_heads"}
_TABLES = sorted(METADATA.tables.keys() - _STAY)


class _Cursor(Protocol):
    def execute(self, statement: str, /) -> object: ...


class Saved:
    """What every table held when this was made."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with self._alone() as cursor:
            for table in _TABLES:
                cursor.execute(f"CREATE TABLE saved_{table} AS SELECT * FROM {table}")

    def put_back(self) -> None:
        """Have every table hold that again. Nobody else uses the database."""
        with self._alone() as cursor:
            for table in _TABLES:
                cursor.execute(f"DELETE FROM {table}")
                cursor.execute(f"INSERT INTO {table} SELECT * FROM saved_{table}")

    @contextmanager
    def _alone(self) -> Iterator[_Cursor]:
        """One transaction that no foreign key and no trigger is asked in: rows refer to each other in circles."""
        if self._engine.dialect.name == "sqlite":
            with closing(sqlite3.connect(str(self._engine.url.database))) as connection, connection:
                yield connection  # foreign keys are off until somebody turns them on
            return
        raw = self._engine.raw_connection()
        with closing(raw), closing(raw.cursor()) as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield cursor
            raw.commit()

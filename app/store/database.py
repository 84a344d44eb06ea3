"""The database: declarative base, naming convention, column types, and the ways to use it (looking, reading,
writing).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, Index, MetaData, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from app.store.driver_errors import translated
from app.store.pipeline import keep_order
from app.store.turns import Turns

_BUSY_MILLISECONDS = 10_000
_PING_AFTER_SECONDS = 5.0
_WRITES = "doorward_writes"
_LOOKS = "doorward_looks"
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={_BUSY_MILLISECONDS}",
    "wal_autocheckpoint=4000",  # pages, 16 MB: a push should not pay every few commits for carrying the log over
    "cache_size=-16000",  # KiB for each connection
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite has no zones, so the zone is taken off on the way in and put back on the way
    out.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = _in_utc(value)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """On SQLite the text itself, as SQLAlchemy writes it: a push writes a dozen of them."""
        return _sqlite_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], datetime | None] | None:
        """The way back, of which a page needs two for each resource."""
        return _of_sqlite_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a datetime without a zone does not go into the database")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _sqlite_text(value: datetime | None) -> str | None:
    return None if value is None else _in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")


def _of_sqlite_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


class Base(DeclarativeBase):
    """Every table. Constraints have names, so that migrations can change them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012 (SQLAlchemy's own declaration form)


def unique_where(name: str, *columns: str, where: str) -> Index:
    """A unique index over the rows that meet the SQL condition `where`, on both databases."""
    return Index(name, *columns, unique=True, sqlite_where=text(where), postgresql_where=text(where))


class Database:
    """One engine and the ways to use it, each a connection to close again.

    On SQLite a writing transaction is BEGIN IMMEDIATE from its first statement, because a read that turns into a write
    later fails at once when someone else wrote in between; a reading one is deferred and never waits.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turns = _turns_of(engine)
        self._writing = engine.execution_options(**{_WRITES: True})
        self._looking = engine.execution_options(**{_LOOKS: True})

    def reading(self) -> Connection:
        """A connection that must not write; what it reads on SQLite is of one moment."""
        return self.engine.connect()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection that will write, when its turn has come; PostgreSQL needs no turns, its rows have locks."""
        with self._turns.turn() if self._turns else nullcontext(), self._writing.connect() as connection:
            yield connection

    def snapshot(self) -> Connection:
        """A connection that must not write; what it reads is of one moment, on PostgreSQL too."""
        if self.engine.dialect.name == "sqlite":
            return self.reading()
        return self.engine.execution_options(isolation_level="REPEATABLE READ").connect()

    def looking(self) -> Connection:
        """A connection for statements that only read, each on its own: nothing is begun for the prepared ones."""
        return self._looking.connect()


def ensure_begun(connection: Connection) -> None:
    """Begin a transaction as SQLAlchemy would with the first statement, unless the connection is one to look with."""
    if not connection.in_transaction() and not connection.get_execution_options().get(_LOOKS, False):
        connection.begin()


def _turns_of(engine: Engine) -> Turns | None:
    file = engine.url.database
    return Turns(Path(file)) if engine.dialect.name == "sqlite" and file not in (None, "", ":memory:") else None


def prepare_engine(engine: Engine) -> Engine:
    """Attach what SQLite needs to be durable and honest: WAL, synchronous=FULL, foreign keys, explicit BEGIN.

    On PostgreSQL, have a connection that lay idle prove that the server is still there before it is used.
    """
    if engine.dialect.name != "sqlite":
        _prepare_postgresql(engine)
        _ping_after_idling(engine)
        keep_order(engine)
        return engine

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(_LOOKS, False):
            return
        begin = "BEGIN IMMEDIATE" if options.get(_WRITES, False) else "BEGIN"
        cursor = connection.connection.cursor()
        try:
            cursor.execute(begin)
        except sqlite3.Error as error:
            raise translated(connection, begin, error) from error
        finally:
            cursor.close()

    return engine


def _prepare_postgresql(engine: Engine) -> None:
    """Have plans made once for statements that stay prepared, and made so that they stay good while tables grow.

    A first push makes its plans when the tables are as good as empty, and nothing looks at them again before the next
    ANALYZE, by which time there may be 10,000 users to read one after the other.
    """

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.prepare_threshold = None  # psycopg forgets all that is prepared at every rollback, ours included
        connection.autocommit = True
        connection.execute(_SETTINGS)
        connection.autocommit = False


_SETTINGS = """
    SELECT set_config('plan_cache_mode', 'force_generic_plan', false),
           set_config('enable_seqscan', 'off', false),
           set_config('jit', 'off', false)
"""


def _ping_after_idling(engine: Engine) -> None:
    """A ping before every use would cost a busy server one round trip in three; a server that went away while the
    connection was in use shows by itself, and the request is asked to come again.
    """

    @event.listens_for(engine, "checkin")
    def on_checkin(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def on_checkout(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("idle_since", time.monotonic()) < _PING_AFTER_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

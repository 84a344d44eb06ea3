"""PostgreSQL spoken to in pipelines: statements that wait for no answer travel with the one that does.

psycopg's cursors send one statement and wait for it; its own pipelines cost more processor time than the round trips
they save (docs/decisions). Here is libpq's pipeline as psycopg hands it out (`psycopg.pq`): statements stay prepared on
the server, BEGIN goes with the first of a transaction and COMMIT with the last.
"""

from __future__ import annotations

import itertools
import select
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.pool import ConnectionPoolEntry

from app.store.driver_errors import translated

Row = tuple[Any, ...]
_KEY = "doorward_pipeline"
_READABLE = select.POLLIN
_BOTH = select.POLLIN | select.POLLOUT
_BEGIN, _COMMIT = b"BEGIN", b"COMMIT"
_numbers = itertools.count(1)
#: The server knows a statement no more, or not as it is now: after DDL, or because somebody made it forget.
_OUT_OF_STEP = ("0A", "26", "42")
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)


class CommittedError(Exception):
    """The server has confirmed a commit, and then the connection was lost: what was to be done is done."""


class Statement:
    """A statement in the server's own words: `$1` for the first value."""

    def __init__(self, sql: str) -> None:
        self.name: Final = f"doorward_{next(_numbers)}".encode()
        self.sql: Final = sql.encode()


class Sent:
    """A statement under way; `result` is there once the pipeline was sent."""

    __slots__ = ("parameters", "result", "statement")

    def __init__(self, statement: Statement, parameters: Sequence[Any]) -> None:
        self.statement = statement
        self.parameters = parameters
        self.result: PGresult | None = None


class Pipeline:
    """The statements of one connection of the driver that wait to be sent."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver = driver
        self._adaptation = Transformer(driver)
        self._known: set[bytes] = set()
        self._poll = select.poll()
        self._poll.register(driver.pgconn.socket, _READABLE)
        self._has_committed = False
        self.waiting: list[Sent] = []

    def add(self, statement: Statement, values: Sequence[Any]) -> Sent:
        """Have a statement sent with the next one that is waited for, or with the commit."""
        parameters = self._adaptation.dump_sequence(values, [PyFormat.TEXT] * len(values))
        sent = Sent(statement, parameters)
        self.waiting.append(sent)
        return sent

    def add_rows(self, statement: Statement, columns: Sequence[Sequence[Any]], *, rows: int) -> None:
        """The same for a statement that takes so many rows at once, as often as it takes; the values by column."""
        values = list(itertools.chain.from_iterable(zip(*map(self._column, columns), strict=True)))
        step = rows * len(columns)
        self.waiting += [Sent(statement, values[at : at + step]) for at in range(0, len(values), step)]

    def _column(self, values: Sequence[Any]) -> Sequence[Any]:
        """The values of a column as the server reads them."""
        distinct = values[:1] if all(value is values[0] for value in values) else values
        dumped = self._adaptation.dump_sequence(distinct, [PyFormat.TEXT] * len(distinct))
        return dumped if len(dumped) == len(values) else list(dumped) * len(values)

    def rows(self, connection: Connection, sent: Sent) -> list[Row]:
        """What a statement found or returned."""
        result = self._answered(connection, sent)
        self._adaptation.set_pgresult(result)
        return self._adaptation.load_rows(0, result.ntuples, tuple)

    def count(self, connection: Connection, sent: Sent) -> int:
        """How many rows a change was about."""
        return self._answered(connection, sent).command_tuples or 0

    def _answered(self, connection: Connection, sent: Sent) -> PGresult:
        if sent.result is None:
            self.send(connection)
        assert sent.result is not None, "the transaction of this statement has ended"
        return sent.result

    def send(self, connection: Connection, *, commit: bool = False) -> None:
        """Send what waits, with COMMIT behind it if wanted, and read the answers.

        Raises SQLAlchemy's error for the first statement that failed; those after it were not carried out. Raises
        CommittedError when the connection was lost behind a commit that the server had confirmed.
        """
        waiting, self.waiting = self.waiting, []
        pgconn = self._driver.pgconn
        begins = (
            not self._driver.autocommit
            and connection.in_transaction()
            and pgconn.transaction_status == TransactionStatus.IDLE
        )
        self._has_committed = False
        try:
            pgconn.enter_pipeline_mode()
            failed = self._exchange(waiting, begins=begins, commit=commit)
            pgconn.exit_pipeline_mode()
        except BaseException as error:
            pgconn.finish()  # nobody could tell any more whose answer comes next
            raised = translated(connection, "", error)
            if not connection.invalidated:
                connection.invalidate(error)
            raise CommittedError() if self._has_committed else raised from error
        if failed is not None:
            statement, result = failed
            cause = error_from_result(result)
            if (cause.sqlstate or "").startswith(_OUT_OF_STEP):
                pgconn.finish()
            raise translated(connection, statement, cause)

    def _exchange(self, waiting: Sequence[Sent], *, begins: bool, commit: bool) -> tuple[str, PGresult] | None:
        """Everything out, then everything in; the first statement that failed, and the answer that says so."""
        pgconn = self._driver.pgconn
        if begins:
            pgconn.send_query_params(_BEGIN, None)
        new = self._send_all(waiting)
        if commit:
            pgconn.send_query_params(_COMMIT, None)
        pgconn.pipeline_sync()
        self._flush()
        answers = [(_BEGIN, self._result())] if begins else []
        for sent in waiting:
            statement = sent.statement
            if statement.name in new:
                new.remove(statement.name)
                answers.append((statement.sql, self._result()))
                if answers[-1][1].status not in _FAILED:
                    self._known.add(statement.name)
            result = self._result()
            answers.append((statement.sql, result))
            sent.result = None if result.status in _FAILED else result
        if commit:
            answers.append((_COMMIT, self._result()))
            self._has_committed = answers[-1][1].command_status == _COMMIT
        self._result(is_sync=True)
        return next(((sql.decode(), result) for sql, result in answers if result.status in _FAILED), None)

    def _send_all(self, waiting: Sequence[Sent]) -> set[bytes]:
        """Send these statements, the text first of those that this connection does not know yet; the names of these."""
        pgconn = self._driver.pgconn
        new: set[bytes] = set()
        for sent in waiting:
            name = sent.statement.name
            if name not in self._known and name not in new:
                new.add(name)
                pgconn.send_prepare(name, sent.statement.sql)
            pgconn.send_query_prepared(name, sent.parameters)
        return new

    def _flush(self) -> None:
        """Out with what libpq has buffered; what the server says is taken in meanwhile, or both would wait."""
        pgconn = self._driver.pgconn
        if not pgconn.flush():
            return
        self._poll.modify(pgconn.socket, _BOTH)
        while pgconn.flush():
            if any(ready & ~select.POLLOUT for _, ready in self._poll.poll()):
                pgconn.consume_input()
        self._poll.modify(pgconn.socket, _READABLE)

    def _result(self, *, is_sync: bool = False) -> PGresult:
        """The next answer. Waiting happens in poll, where other threads may run: one of them may have to go first."""
        result = self._next()
        if result is None:
            raise psycopg.OperationalError("the server closed the connection unexpectedly")
        if not is_sync:
            self._next()  # None: the end of the answers of one statement
        return result

    def _next(self) -> PGresult | None:
        pgconn = self._driver.pgconn
        while pgconn.is_busy():
            self._poll.poll()
            pgconn.consume_input()
        return pgconn.get_result()


def pipeline_of(connection: Connection) -> Pipeline:
    """The pipeline of a connection; it lasts as long as the driver's connection."""
    known: Pipeline | None = connection.info.get(_KEY)
    if known is None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        known = connection.info[_KEY] = Pipeline(driver)
    return known


def keep_order(engine: Engine) -> None:
    """Have what waits go before SQLAlchemy's own statements, with its commit, and nowhere after a rollback."""

    @event.listens_for(engine, "before_cursor_execute")
    def before_statement(connection: Connection, *_: object) -> None:
        pipeline = _with_waiting(connection)
        if pipeline is not None:
            pipeline.send(connection)

    @event.listens_for(engine, "commit")
    def with_commit(connection: Connection) -> None:
        pipeline = _with_waiting(connection)
        if pipeline is not None:
            pipeline.send(connection, commit=True)  # what SQLAlchemy does next finds nothing left to commit

    @event.listens_for(engine, "rollback")
    def on_rollback(connection: Connection) -> None:
        pipeline = _with_waiting(connection)
        if pipeline is not None:
            pipeline.waiting.clear()

    @event.listens_for(engine, "checkin")
    def on_checkin(_driver: object, record: ConnectionPoolEntry) -> None:
        pipeline: Pipeline | None = record.info.get(_KEY)
        if pipeline is not None:
            pipeline.waiting.clear()


def _with_waiting(connection: Connection) -> Pipeline | None:
    """The pipeline of a connection, if something waits in it; nothing does where the driver's connection was lost."""
    pipeline: Pipeline | None = None if connection.invalidated else connection.info.get(_KEY)
    return pipeline if pipeline is not None and pipeline.waiting else None

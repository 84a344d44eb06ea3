"""Statements compiled once and run on the driver's own cursor.

What SQLAlchemy does for every execution (cache keys, events, result objects) costs more than most statements of a push
take in the database. The statements stay SQLAlchemy's, with its types on the way in and out, on both databases; only
the way to the driver is shorter. What is asked for once in a while needs none of this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ARRAY, ColumnElement, String, bindparam
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.store.database import ensure_begun

#: Says at DEBUG what SQLAlchemy's own log says of its statements: the text, and a line for each row.
log = logging.getLogger("doorward.sql")

Values = Mapping[str, Any]
Row = tuple[Any, ...]
_Processor = Callable[[Any], Any]


class Prepared:
    """A statement whose values are all bound by name; `among` stands for IN, whose length would change the text."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._texts: dict[str, _Text] = {}

    def rows(self, connection: Connection, values: Values) -> list[Row]:
        """Every row that a query finds or a change returns."""
        text = self._text(connection)
        cursor = text.execute(connection, values)
        try:
            return text.read(cursor.fetchall())
        finally:
            cursor.close()

    def first(self, connection: Connection, values: Values) -> Row | None:
        """The first row, if there is one."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def run(self, connection: Connection, values: Values) -> int:
        """Carry out a change; how many rows it was about."""
        cursor = self._text(connection).execute(connection, values)
        try:
            return cursor.rowcount
        finally:
            cursor.close()

    def run_many(self, connection: Connection, many: Sequence[Values]) -> None:
        """Carry out a change for each of these."""
        if len(many) == 1:
            self.run(connection, many[0])
        elif many:
            self._text(connection).execute_many(connection, many).close()

    def _text(self, connection: Connection) -> _Text:
        known = self._texts.get(connection.dialect.name)
        if known is None:
            known = self._texts[connection.dialect.name] = _Text(self._statement, connection.dialect)
        return known


class _Text:
    """A statement in the words of one database, with what its values and columns must pass through."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        assert not compiled.post_compile_params, f"this statement has an IN of its own: {compiled}"
        self._sql = str(compiled)
        self._dialect = dialect
        self._positions = compiled.positiontup
        self._constants = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}
        self._in: list[tuple[str, _Processor]] = [
            (name, processor)
            for bind, name in compiled.bind_names.items()
            if (processor := _bind_processor(bind.type, dialect)) is not None
        ]
        self._out = [
            (index, processor)
            for index, entry in enumerate(compiled._result_columns)  # noqa: SLF001 (what SQLAlchemy's own cursor reads)
            if (processor := _result_processor(entry.type, dialect)) is not None
        ]

    def execute(self, connection: Connection, values: Values) -> DBAPICursor:
        log.debug("%s", self._sql)
        ensure_begun(connection)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._sql, self._bound(values))
        except self._dialect.loaded_dbapi.Error as error:
            raise self._wrapped(connection, cursor, error) from error
        return cursor

    def execute_many(self, connection: Connection, many: Sequence[Values]) -> DBAPICursor:
        log.debug("%s", self._sql)
        ensure_begun(connection)
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self._sql, [self._bound(values) for values in many])
        except self._dialect.loaded_dbapi.Error as error:
            raise self._wrapped(connection, cursor, error) from error
        return cursor

    def read(self, rows: Sequence[Row]) -> list[Row]:
        """The rows with their values as Python has them."""
        if log.isEnabledFor(logging.DEBUG):
            for _ in rows:
                log.debug("Row")
        if not self._out:
            return list(rows)
        read = []
        for row in rows:
            values = list(row)
            for index, process in self._out:
                values[index] = process(values[index])
            read.append(tuple(values))
        return read

    def _bound(self, values: Values) -> Any:
        bound = {**self._constants, **values}
        for name, process in self._in:
            bound[name] = process(bound[name])
        return bound if self._positions is None else [bound[name] for name in self._positions]

    def _wrapped(self, connection: Connection, cursor: DBAPICursor, error: Exception) -> Exception:
        """The driver's error as SQLAlchemy would raise it; a connection that is gone leaves the pool."""
        dbapi = self._dialect.loaded_dbapi
        is_gone = self._dialect.is_disconnect(error, connection.connection, cursor)  # type: ignore[arg-type]  # the pool's own face of it
        wrapped = DBAPIError.instance(
            self._sql,
            {},
            error,
            dbapi.Error,
            hide_parameters=True,
            connection_invalidated=is_gone,
            dialect=self._dialect,
        )
        if is_gone:
            connection.invalidate(error)
            connection.engine.dispose(close=False)  # what else is idle went the same way
        return wrapped


def _bind_processor(type_: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _result_processor(type_: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


class _Texts(TypeDecorator[Sequence[str]]):
    """A list of texts as one value: JSON on SQLite, an array on PostgreSQL."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(String()) if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:
        return list(value or ()) if dialect.name == "postgresql" else orjson.dumps(list(value or ())).decode()


class among(ColumnElement[bool]):  # noqa: N801 (SQL functions are named as they are written)
    """`column` is one of a list of texts, which is a single value however many they are."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.parameter = bindparam(name, type_=_Texts(), required=True)


@compiles(among, "sqlite")
def _among_on_sqlite(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, parameter = (compiler.process(one, **options) for one in (element.column, element.parameter))
    return f"{column} IN (SELECT value FROM json_each({parameter}))"  # noqa: S608 (nothing in it comes from outside)


@compiles(among, "postgresql")
def _among_on_postgresql(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, parameter = (compiler.process(one, **options) for one in (element.column, element.parameter))
    return f"{column} = ANY({parameter})"

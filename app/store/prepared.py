"""Statements compiled once and handed to the driver itself.

What SQLAlchemy does for every execution (cache keys, events, result objects) costs more than most statements of a push
take in the database. The statements stay SQLAlchemy's, with its types on the way in and out, on both databases; only
the way to the driver is shorter. What is asked for once in a while needs none of this.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import orjson
from sqlalchemy import ARRAY, ColumnElement, Select, String, bindparam
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.store.database import ensure_begun
from app.store.driver_errors import translated
from app.store.pipeline import Pipeline, Sent, Statement, pipeline_of

#: Says at DEBUG what SQLAlchemy's own log says of its statements: the text, and a line for each row.
log = logging.getLogger("doorward.sql")

Values = Mapping[str, Any]
Row = tuple[Any, ...]
_Processor = Callable[[Any], Any]
#: So many rows are made ready column by column, and inserted with one message.
_MANY = 50
_NOTHING = object()


class Prepared:
    """A statement whose values are all bound by name; `among` stands for IN, whose length would change the text."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._texts: dict[str, _Text] = {}

    def rows(self, connection: Connection, values: Values) -> Sequence[Row]:
        """Every row that a query finds or a change returns."""
        return self.later(connection, values).rows()

    def first(self, connection: Connection, values: Values) -> Row | None:
        """The first row, if there is one."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def count(self, connection: Connection, values: Values) -> int:
        """Carry out a change; how many rows it was about."""
        return self.later(connection, values).count()

    def later(self, connection: Connection, values: Values) -> Answer:
        """Have it carried out with the next statement whose answer is waited for, or with the commit: each round trip
        to a server costs more than most statements. What is wrong with it is raised there.
        """
        return self._text(connection).answer(connection, values)

    def each_later(self, connection: Connection, many: Sequence[Values]) -> None:
        """The same for a change of which there are several, or none."""
        if many:
            self._text(connection).do_each(connection, many)

    def _text(self, connection: Connection) -> _Text:
        text = self._texts.get(connection.dialect.name)
        if text is None:
            text = self._texts[connection.dialect.name] = _worded(self._statement, connection.dialect)
        log.debug("%s", text.sql)
        ensure_begun(connection)
        return text


class Answer(Protocol):
    """What a statement will have answered once somebody asks."""

    def rows(self) -> Sequence[Row]:
        """Every row that it found or returned."""

    def count(self) -> int:
        """How many rows it was about."""


class _Text:
    """A statement in the words of one database, with what its values and columns must pass through."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        assert not compiled.post_compile_params, f"this statement has an IN of its own: {compiled}"
        self.sql = str(compiled)
        self.dialect = dialect
        self._constants = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}
        processors = {name: _bind_processor(bind.type, dialect) for bind, name in compiled.bind_names.items()}
        self._in = [(name, processors[name]) for name in compiled.positiontup or ()]
        self._out = [
            (index, processor)
            for index, entry in enumerate(compiled._result_columns)  # noqa: SLF001 (what SQLAlchemy's own cursor reads)
            if (processor := _result_processor(entry.type, dialect)) is not None
        ]

    def answer(self, connection: Connection, values: Values) -> Answer:
        """Hand the statement to the driver."""
        raise NotImplementedError

    def do_each(self, connection: Connection, many: Sequence[Values]) -> None:
        """Hand it over with each of these values."""
        raise NotImplementedError

    def read(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows with their values as Python has them."""
        if log.isEnabledFor(logging.DEBUG):
            for _ in rows:
                log.debug("Row")
        if not self._out or not rows:
            return rows
        read = []
        for row in rows:
            values = list(row)
            for index, process in self._out:
                if values[index] is not None:
                    values[index] = process(values[index])
            read.append(tuple(values))
        return read

    def bound(self, values: Values) -> list[Any]:
        """The values in the order of their places."""
        if self._constants:
            values = {**self._constants, **values}
        return [values[name] if process is None else process(values[name]) for name, process in self._in]

    def columns(self, many: Sequence[Values]) -> list[list[Any]]:
        """The same for many rows, place by place. What a row has from the one before it is processed once."""
        many = [{**self._constants, **values} for values in many] if self._constants else many
        return [_column([values[name] for values in many], process) for name, process in self._in]


def _column(values: list[Any], process: _Processor | None) -> list[Any]:
    if process is None:
        return values
    processed, last, result = [], _NOTHING, None
    for value in values:
        if value is not last:
            last, result = value, process(value)
        processed.append(result)
    return processed


class _OnCursor(_Text):
    """Carried out at once: what SQLite is asked is in this process."""

    def answer(self, connection: Connection, values: Values) -> Answer:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql, self.bound(values))
            return _Answered(self.read(cursor.fetchall()), cursor.rowcount)
        except self.dialect.loaded_dbapi.Error as error:
            raise translated(connection, self.sql, error) from error
        finally:
            cursor.close()

    def do_each(self, connection: Connection, many: Sequence[Values]) -> None:
        cursor = connection.connection.cursor()
        try:
            rows = map(self.bound, many) if len(many) < _MANY else zip(*self.columns(many), strict=True)
            cursor.executemany(self.sql, cast("Sequence[Sequence[Any]]", rows))  # one by one will do
        except self.dialect.loaded_dbapi.Error as error:
            raise translated(connection, self.sql, error) from error
        finally:
            cursor.close()


@dataclass(slots=True)
class _Answered:
    """What is known already."""

    _rows: Sequence[Row]
    _count: int

    def rows(self) -> Sequence[Row]:
        return self._rows

    def count(self) -> int:
        return self._count


#: psycopg's dialect with the places of values as the server names them.
_NUMBERED: Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class _InPipeline(_Text):
    """Sent together with others: PostgreSQL is a round trip away."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        super().__init__(statement, _NUMBERED)
        self.dialect = dialect
        self.statement = Statement(self.sql)
        self._of_many = _of_many_rows(self.sql, places=len(self._in))

    def answer(self, connection: Connection, values: Values) -> Answer:
        pipeline = pipeline_of(connection)
        return _Awaited(self, connection, pipeline, self._add(connection, pipeline, values))

    def do_each(self, connection: Connection, many: Sequence[Values]) -> None:
        pipeline, one_by_one = pipeline_of(connection), many
        if self._of_many is not None and len(many) >= _MANY:
            whole = len(many) - len(many) % _MANY
            columns, one_by_one = self.columns(many[:whole]), many[whole:]
            try:
                pipeline.add_rows(self._of_many, columns, rows=_MANY)
            except self.dialect.loaded_dbapi.Error as error:
                raise translated(connection, self.sql, error) from error
        for values in one_by_one:
            self._add(connection, pipeline, values)

    def _add(self, connection: Connection, pipeline: Pipeline, values: Values) -> Sent:
        bound = self.bound(values)
        try:
            return pipeline.add(self.statement, bound)
        except self.dialect.loaded_dbapi.Error as error:
            raise translated(connection, self.sql, error) from error


def _of_many_rows(sql: str, *, places: int) -> Statement | None:
    """An INSERT of one row as one of `_MANY` rows: to the server a message is more work than a row. None for anything
    else.
    """
    insert = re.fullmatch(r"(INSERT INTO .* VALUES )(\([^()]*\))", sql)
    if insert is None:
        return None
    head, row = insert.groups()
    rows = (
        re.sub(r"\$(\d+)", lambda place: f"${int(place[1]) + before}", row)  # noqa: B023 (used up at once)
        for before in range(0, _MANY * places, places)
    )
    return Statement(head + ", ".join(rows))


@dataclass(slots=True)
class _Awaited:
    """What the pipeline is sent for."""

    _text: _Text
    _connection: Connection
    _pipeline: Pipeline
    _sent: Sent

    def rows(self) -> Sequence[Row]:
        return self._text.read(self._pipeline.rows(self._connection, self._sent))

    def count(self) -> int:
        return self._pipeline.count(self._connection, self._sent)


def _worded(statement: ClauseElement, dialect: Dialect) -> _Text:
    return _InPipeline(statement, dialect) if dialect.name == "postgresql" else _OnCursor(statement, dialect)


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

    def bind_processor(self, dialect: Dialect) -> Callable[[Sequence[str] | None], Any]:
        """The value as its text: psycopg would look at each element to find out what the array is of."""
        return _array_text if dialect.name == "postgresql" else _json_text


def _json_text(values: Sequence[str] | None) -> str:
    return orjson.dumps(list(values or ())).decode()


def _array_text(values: Sequence[str] | None) -> str:
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values or ())
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


class among(ColumnElement[bool]):  # noqa: N801 (SQL functions are named as they are written)
    """`column` is one of a list of texts, which is a single value however many they are."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.parameter = bindparam(name, type_=_Texts(), required=True)


class found_by(ColumnElement[bool]):  # noqa: N801 (the same)
    """`column` is one of what a subquery finds, which is looked up first and then row by row: told of a LIMIT that is a
    parameter, PostgreSQL expects a tenth of the table and would rather read all of it.
    """

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], query: Select[Any]) -> None:
        self.column = column
        self.query = query


@compiles(found_by, "sqlite")
def _found_by_on_sqlite(element: found_by, compiler: SQLCompiler, **options: Any) -> str:
    column, query = (compiler.process(one, **options) for one in (element.column, element.query))
    return f"{column} IN ({query})"


@compiles(found_by, "postgresql")
def _found_by_on_postgresql(element: found_by, compiler: SQLCompiler, **options: Any) -> str:
    column, query = (compiler.process(one, **options) for one in (element.column, element.query))
    return f"{column} = ANY(ARRAY({query}))"


@compiles(among, "sqlite")
def _among_on_sqlite(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, parameter = (compiler.process(one, **options) for one in (element.column, element.parameter))
    return f"{column} IN (SELECT value FROM json_each({parameter}))"  # noqa: S608 (nothing in it comes from outside)


@compiles(among, "postgresql")
def _among_on_postgresql(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, parameter = (compiler.process(one, **options) for one in (element.column, element.parameter))
    return f"{column} = ANY({parameter})"

"""The values of a user that filters find, as rows of SQL: a JSON column read as a table, on both databases."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import ColumnElement, Exists, Select, String, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from app.rules.directories import is_indexed
from app.store.mirror_tables import DIGESTS, USERS, value_digest
from scim.operators import check_operand, position


class array_rows(GenericFunction[Any]):  # noqa: N801 (SQL functions are named as they are written)
    """The entries of a JSON array, a row each, as a table with one column `value`."""

    inherit_cache = True


@compiles(array_rows, "sqlite")
def _array_rows_on_sqlite(element: array_rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(array_rows, "postgresql")
def _array_rows_on_postgresql(element: array_rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"jsonb_array_elements(CAST({compiler.process(element.clauses, **options)} AS JSONB))"


class entry_text(GenericFunction[str]):  # noqa: N801 (SQL functions are named as they are written)
    """entry_text(value, 3): the fourth entry of a JSON array as text."""

    type = String()
    inherit_cache = True


@compiles(entry_text, "sqlite")
def _entry_text_on_sqlite(element: entry_text, compiler: SQLCompiler, **options: Any) -> str:
    value, index = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(json_extract({value}, '$[{index}]') AS TEXT)"


@compiles(entry_text, "postgresql")
def _entry_text_on_postgresql(element: entry_text, compiler: SQLCompiler, **options: Any) -> str:
    value, index = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({value} ->> {index})"


class Values:
    """Rows of [path, entry, lead, key], one for each value of the user that a statement is about.

    A walk over them costs as much as the user has values; where an equality is asked for, `with_value` finds the users
    by an index first.
    """

    def __init__(self) -> None:
        self.rows = array_rows(USERS.c.search_keys).table_valued("value").alias()
        self.path = self._column(0)
        self.entry = self._column(1)
        self.lead = self._column(2)
        self.key = self._column(3)

    def where(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """The rows of the user of the statement around it."""
        return select(self.key).select_from(self.rows).where(*conditions).correlate_except(self.rows)

    def exist(self, *conditions: ColumnElement[bool]) -> Exists:
        """Whether the user has such a value."""
        return self.where(*conditions).exists()

    def _column(self, index: int) -> ColumnElement[Any]:
        return entry_text(self.rows.c.value, literal_column(str(index)))


def with_value(directory_id: str, path: str, key: str) -> ColumnElement[bool]:
    """Users who may have a value: by its digest, or because it stands somewhere among their values.

    Whoever asks compares path and key as well; this finds quickly who need not be asked.
    """
    check_operand(key)
    if not is_indexed(path):
        return position(USERS.c.search_keys, orjson.dumps(key).decode()) > 0
    found = select(DIGESTS.c.user_id).where(DIGESTS.c.digest == value_digest(directory_id, path, key))
    return USERS.c.id.in_(found)

"""JSON in the database, the same on SQLite and PostgreSQL: values of a column, and rows gathered into one text."""

from __future__ import annotations

import json
from typing import Any

import orjson
from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


def dumps(value: Any) -> str:
    """The text of a JSON column; escaped where a string has halves of characters, which some identity provider sent."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


def loads(text: str | bytes) -> Any:
    """The value of such a text."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


class pairs(GenericFunction[str]):  # noqa: N801 (SQL functions are named as they are written)
    """Every (a, b) of the rows as the text of a JSON array of arrays; NULL or `[]` for no rows, in no order."""

    type = String()
    inherit_cache = True


@compiles(pairs, "sqlite")
def _pairs_on_sqlite(element: pairs, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **options)}))"


@compiles(pairs, "postgresql")
def _pairs_on_postgresql(element: pairs, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(json_agg(json_build_array({compiler.process(element.clauses, **options)})) AS TEXT)"

"""SCIM comparison operators as SQL on a text or date that is present, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from scim2_models import InvalidFilterException
from scim2_models.path import STRING_OPERATORS, CompareOperator
from sqlalchemy import ColumnElement, Integer, SQLColumnExpression, String, false, func, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from scim.limits import is_storable

Comparator = Callable[[Any, Any], Any]

_ORDER: dict[CompareOperator, Comparator] = {
    CompareOperator.eq: operator.eq,
    CompareOperator.ne: operator.ne,
    CompareOperator.gt: operator.gt,
    CompareOperator.ge: operator.ge,
    CompareOperator.lt: operator.lt,
    CompareOperator.le: operator.le,
}
_RANGE = frozenset({CompareOperator.gt, CompareOperator.ge, CompareOperator.lt, CompareOperator.le})


class position(GenericFunction[int]):  # noqa: N801 (SQL functions are named as they are written)
    """Where a text begins in another, counted from 1; 0 when it does not. Not LIKE: SQLite's folds ASCII case."""

    type = Integer()
    inherit_cache = True


@compiles(position, "sqlite")
def _position_on_sqlite(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(position, "postgresql")
def _position_on_postgresql(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


class code_points(GenericFunction[str]):  # noqa: N801 (as above)
    """A text that is ordered by code point, as Python orders it: SQLite does so anyway, PostgreSQL when told."""

    type = String()
    inherit_cache = True


@compiles(code_points, "sqlite")
def _code_points_on_sqlite(element: code_points, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(code_points, "postgresql")
def _code_points_on_postgresql(element: code_points, compiler: SQLCompiler, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'


def compare_text(column: SQLColumnExpression[str], op: CompareOperator, key: str) -> ColumnElement[bool]:
    """`column op key` for a text that is not NULL."""
    check_operand(key)
    if op in _RANGE:
        return _as_condition(_ORDER[op](code_points(column), key))
    if op not in STRING_OPERATORS:
        return _as_condition(_ORDER[op](column, key))
    if not key:
        return true()
    if op is CompareOperator.co:
        return position(column, key) > 0
    if op is CompareOperator.sw:
        return func.substr(column, 1, len(key)) == key
    return func.substr(column, func.length(column) - len(key) + 1) == key


def compare_moment(column: SQLColumnExpression[datetime], op: CompareOperator, moment: Any) -> ColumnElement[bool]:
    """`column op moment` for a dateTime. Without a zone it is taken as UTC; a substring of a date matches nothing."""
    if op in STRING_OPERATORS or not isinstance(moment, datetime):
        return false()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidFilterException(detail=f"{moment.isoformat()} is out of range.") from error
    return _as_condition(_ORDER[op](column, moment))


def compare_constant(constant: str, op: CompareOperator, key: str) -> bool:
    """The same comparison on a value that every resource has."""
    if op is CompareOperator.co:
        return key in constant
    if op is CompareOperator.sw:
        return constant.startswith(key)
    if op is CompareOperator.ew:
        return constant.endswith(key)
    return bool(_ORDER[op](constant, key))


def check_operand(key: str) -> None:
    """Nothing that cannot be stored can be found."""
    if not is_storable(key):
        raise InvalidFilterException(detail="The filter compares with a character that cannot be stored.")


def _as_condition(expression: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = expression
    return condition


def constant(value: bool) -> ColumnElement[bool]:
    """TRUE or FALSE."""
    return true() if value else false()

"""Values of prepared statements reach both databases as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, bindparam, insert, select
from sqlalchemy.exc import StatementError

from app.store import json_columns
from app.store.database import Database, UtcDateTime
from app.store.prepared import Prepared, among

_NAMES = Table(
    "names", MetaData(), Column("number", Integer, primary_key=True), Column("name", Text), Column("at", UtcDateTime())
)
_ADD = Prepared(insert(_NAMES).values(name=bindparam("name"), at=bindparam("at")).inline())
_AMONG = Prepared(select(_NAMES.c.name).where(among(_NAMES.c.name, "some")).order_by(_NAMES.c.name))
_TIMES = Prepared(select(_NAMES.c.at))
_NOW = datetime(2026, 11, 25, 8, 30, 0, 250, tzinfo=UTC)
_HOSTILE = [
    "",
    "NULL",
    "{}",
    "a,b",
    'a"b',
    '","',
    "\\",
    '\\"',
    "a\\b",
    "'",
    "; DROP TABLE names",
    "naïve ☃",
    " spaced ",
]


@pytest.fixture
def database(engine: Engine) -> Database:
    _NAMES.metadata.create_all(engine)
    return Database(engine)


def test_list_of_texts_finds_those_and_no_others_whatever_stands_in_them(database: Database) -> None:
    with database.writing() as connection:
        _ADD.each_later(connection, [{"name": name, "at": None} for name in _HOSTILE])

        assert {row[0] for row in _AMONG.rows(connection, {"some": _HOSTILE})} == set(_HOSTILE)
        for name in _HOSTILE:
            assert _AMONG.rows(connection, {"some": [name]}) == [(name,)]
        assert not _AMONG.rows(connection, {"some": []})


def test_many_rows_come_in_as_they_are_and_in_their_order(database: Database) -> None:
    rows = [{"name": f"{name}{number}", "at": _NOW} for number in range(13) for name in _HOSTILE]
    rows += [
        {"name": f"later {number}", "at": _NOW + timedelta(seconds=number) if number else None} for number in range(9)
    ]
    with database.writing() as connection:
        _ADD.each_later(connection, rows)

        assert [dict(row) for row in connection.execute(select(_NAMES).order_by(_NAMES.c.number)).mappings()] == [
            row | {"number": number} for number, row in enumerate(rows, start=1)
        ]


def test_moment_of_any_zone_comes_back_in_utc_as_sqlalchemy_itself_would_read_it(database: Database) -> None:
    with database.writing() as connection:
        _ADD.later(connection, {"name": "a", "at": _NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))})

        assert _TIMES.rows(connection, {}) == [(_NOW,)]
        assert connection.scalar(select(_NAMES.c.at)) == _NOW
        assert connection.scalar(select(_NAMES.c.name).where(_NAMES.c.at == _NOW)) == "a"


def test_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = _NOW.replace(tzinfo=None)
    with database.writing() as connection:
        with pytest.raises(ValueError, match="without a zone"):
            _ADD.later(connection, {"name": "a", "at": naive})
        with pytest.raises(StatementError, match="without a zone"):
            connection.execute(insert(_NAMES), {"name": "a", "at": naive})


@pytest.mark.parametrize("value", [{"a": [1, None, "ä"]}, "half a character: \ud800", [], 0.5])
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert json_columns.loads(json_columns.dumps(value)) == value

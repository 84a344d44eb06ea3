"""Statements that travel together to PostgreSQL: their order, their errors, and what a lost connection leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, create_engine, insert, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import QueuePool

from app.store.database import Database, prepare_engine
from app.store.pipeline import CommittedError, pipeline_of
from app.store.prepared import Prepared

_WAITS_AT_MOST = 20.0
_NOTES = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("words", Text, nullable=False))
_ADD = Prepared(insert(_NOTES))
_CHANGE = Prepared(update(_NOTES).where(_NOTES.c.id == bindparam("the_id")).values(words=bindparam("words")))
_ALL = Prepared(select(_NOTES.c.id, _NOTES.c.words).order_by(_NOTES.c.id))
_LOCK = Prepared(select(_NOTES.c.id).where(_NOTES.c.id == bindparam("the_id")).with_for_update())
_ASK = Prepared(text("SELECT CAST(:number AS INTEGER)").columns(Column("number", Integer)))


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    engine = prepare_engine(create_engine(request.getfixturevalue("postgres").create_database()))
    _NOTES.metadata.create_all(engine)
    yield Database(engine)
    engine.dispose()


def _note(number: int, words: str = "-") -> dict[str, Any]:
    return {"id": number, "words": words}


def _stored(database: Database) -> list[int]:
    with database.looking() as connection:
        return [row[0] for row in _ALL.rows(connection, {})]


def test_change_that_nobody_waits_for_is_seen_by_the_next_question(database: Database) -> None:
    with database.writing() as connection:
        _ADD.later(connection, _note(1))
        changed = _CHANGE.later(connection, {"the_id": 1, "words": "after"})

        assert _ALL.rows(connection, {}) == [(1, "after")]
        assert changed.count() == 1


def test_commit_takes_along_what_waits_and_rollback_leaves_none_of_it(database: Database) -> None:
    with database.writing() as connection:
        _ADD.later(connection, _note(1))
        connection.commit()
        _ADD.later(connection, _note(2))
        connection.rollback()
        _ADD.each_later(connection, [_note(3), _note(4)])
        connection.commit()

    assert _stored(database) == [1, 3, 4]


def test_statement_of_sqlalchemy_comes_after_what_waits(database: Database) -> None:
    with database.writing() as connection:
        _ADD.later(connection, _note(1))

        assert connection.execute(select(_NOTES.c.id)).scalars().all() == [1]


@pytest.mark.parametrize("asks", [lambda connection: _ALL.rows(connection, {}), Connection.commit])
def test_error_of_what_waits_is_raised_by_whoever_waits_and_undoes_all(database: Database, asks: Any) -> None:
    with database.writing() as connection:
        _ADD.later(connection, _note(1))
        _ADD.later(connection, _note(1))
        _ADD.later(connection, _note(2))
        with pytest.raises(IntegrityError, match="duplicate key"):
            asks(connection)
        connection.rollback()

    assert _stored(database) == []


def test_error_says_what_kind_it_is_in_the_words_of_sqlalchemy(database: Database) -> None:
    with database.writing() as connection:
        _ADD.later(connection, _note(1))
        with pytest.raises(IntegrityError):
            _ADD.count(connection, _note(1))
        connection.rollback()
        with pytest.raises(DataError):
            _ASK.rows(connection, {"number": "one"})


def test_connection_serves_again_after_an_error_also_what_was_prepared_behind_it(database: Database) -> None:
    with database.writing() as connection:
        _ADD.later(connection, _note(1))
        _ADD.later(connection, _note(1))
        _CHANGE.later(connection, {"the_id": 1, "words": "never"})
        with pytest.raises(IntegrityError):
            _ALL.rows(connection, {})
        connection.rollback()
        _ADD.later(connection, _note(1))
        _CHANGE.later(connection, {"the_id": 1, "words": "now"})

        assert _ALL.rows(connection, {}) == [(1, "now")]


def test_what_is_large_in_both_directions_does_not_stand_still(database: Database) -> None:
    words = "x" * 3_000_000
    with database.writing() as connection:
        _ADD.each_later(connection, [_note(number, words) for number in range(8)])
        first = _ALL.later(connection, {})
        for number in range(8):
            _CHANGE.later(connection, {"the_id": number, "words": words[::-1]})

        assert len(_ALL.rows(connection, {})) == len(first.rows()) == 8


def test_thread_that_waits_for_a_lock_lets_its_holder_go_on(database: Database) -> None:
    with database.writing() as connection:
        _ADD.later(connection, _note(1))
        connection.commit()
    waiting, came = threading.Event(), threading.Event()

    def wait() -> None:
        with database.writing() as connection:
            waiting.set()
            _LOCK.rows(connection, {"the_id": 1})
            came.set()

    other = threading.Thread(target=wait, daemon=True)
    with database.writing() as connection:
        _LOCK.rows(connection, {"the_id": 1})
        other.start()
        assert waiting.wait(_WAITS_AT_MOST)
        assert not came.wait(0.2)
        connection.commit()
        assert came.wait(_WAITS_AT_MOST)
    other.join(_WAITS_AT_MOST)


def test_connection_that_the_server_ended_leaves_the_pool(database: Database) -> None:
    with database.writing() as connection:
        _ADD.later(connection, _note(1))
        _end(database, connection)
        with pytest.raises(OperationalError) as raised:
            _ALL.rows(connection, {})
    assert raised.value.connection_invalidated

    assert _stored(database) == []


def test_interrupted_wait_closes_the_connection(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.writing() as connection:
        pipeline = pipeline_of(connection)
        monkeypatch.setattr(pipeline, "_flush", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            _ADD.count(connection, _note(1))

        assert pipeline._driver.closed

    assert _stored(database) == []


def test_commit_that_was_confirmed_is_done_though_the_connection_is_lost_behind_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing() as connection:
        _ADD.later(connection, _note(1))
        pipeline = pipeline_of(connection)
        answered = pipeline._result

        def lost_at_the_end(*, is_sync: bool = False) -> Any:
            if is_sync:
                raise OperationalError("", {}, psycopg.OperationalError("server closed the connection"))
            return answered()

        monkeypatch.setattr(pipeline, "_result", lost_at_the_end)
        with pytest.raises(CommittedError):
            connection.commit()

    assert _stored(database) == [1]


def test_connection_whose_statements_the_server_forgot_serves_nobody_any_more(database: Database) -> None:
    with database.writing() as connection:
        _ALL.rows(connection, {})
        connection.execute(text("DEALLOCATE ALL"))
        with pytest.raises(DBAPIError) as raised:
            _ALL.rows(connection, {})
    assert raised.value.connection_invalidated

    assert _stored(database) == []


def test_what_nobody_waited_for_does_not_go_with_whoever_has_the_connection_next(database: Database) -> None:
    with database.looking() as connection:
        _ADD.later(connection, _note(1))

    assert _stored(database) == []


def test_connections_of_others_stay_in_the_pool_when_one_is_lost(database: Database) -> None:
    with database.writing() as kept:
        _ALL.rows(kept, {})
        with database.writing() as lost:
            _ALL.rows(lost, {})
            _end(database, lost)
            with pytest.raises(OperationalError):
                _ALL.rows(lost, {})
        assert _ALL.rows(kept, {}) == []

    with database.looking() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0
    assert pool.checkedin() >= 1


def test_value_that_cannot_be_sent_is_refused_as_sqlalchemy_would(database: Database) -> None:
    with database.writing() as connection, pytest.raises(DataError):
        _ADD.later(connection, _note(1, "NUL \0"))


def test_value_that_cannot_be_sent_is_refused_among_many_too(database: Database) -> None:
    with database.writing() as connection, pytest.raises(DataError):
        _ADD.each_later(connection, [_note(number, "NUL \0" if number == 70 else "") for number in range(120)])


def test_one_of_many_rows_that_is_there_already_undoes_all(database: Database) -> None:
    with database.writing() as connection:
        _ADD.each_later(connection, [_note(number % 119) for number in range(120)])
        with pytest.raises(IntegrityError, match="duplicate key"):
            connection.commit()
        connection.rollback()

    assert _stored(database) == []


def _interrupt() -> None:
    raise KeyboardInterrupt


def _end(database: Database, connection: Connection) -> None:
    server = connection.scalar(text("SELECT pg_backend_pid()"))
    with database.looking() as other:
        other.execute(text("SELECT pg_terminate_backend(:server, 5000)"), {"server": server})

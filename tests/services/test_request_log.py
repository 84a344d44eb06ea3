"""Records that wait in memory: written together and in time, by threads and across a fork, and never lost for an
outage.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from app.rules.ids import Prefix, is_id
from app.services.request_log import RequestLog
from app.services.unit_of_work import UnitOfWork
from app.store import scim_requests as rows
from tests.application import World
from tests.services.request_records import record, stored, with_directory

NEVER = 3600.0
SOON = 0.05
_PATIENCE = 10.0


@contextmanager
def request_log(
    world: World, *, seconds: float = NEVER, flush_at: int = 500, most: int = 10_000
) -> Iterator[RequestLog]:
    elsewhere = timers()
    made = RequestLog(world.transactions, seconds=seconds, flush_at=flush_at, most=most)
    try:
        yield made
    finally:
        made.close()
        assert timers() <= elsewhere


def timers() -> set[threading.Thread]:
    """Threads of request logs; those of other fixtures in this process may be among them."""
    return {thread for thread in threading.enumerate() if thread.name == "request-log"}


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def database_away(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every transaction of the log fails as it does while the database does not answer."""
    with monkeypatch.context() as patched:
        patched.setattr("app.services.request_log.rows.insert_many", _does_not_answer)
        yield


def _does_not_answer(session: object, records: object) -> None:
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    raise OperationalError("INSERT", {}, Exception("the server is gone"))


def test_records_wait_until_there_are_enough(world: World) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world, flush_at=3) as log:
        log.add(record(world, directory_id, path="/1"))
        log.add(record(world, directory_id, path="/2"))
        assert (log.waiting, stored(world, organization.id, directory_id)) == (2, [])

        log.add(record(world, directory_id, path="/3"))

        eventually(lambda: len(stored(world, organization.id, directory_id)) == 3)
        assert log.waiting == 0
        assert [one.path for one in stored(world, organization.id, directory_id)] == ["/1", "/2", "/3"]


def test_last_record_does_not_wait_for_the_next_request_and_the_thread_ends(world: World) -> None:
    organization, directory_id = with_directory(world)
    elsewhere = timers()
    with request_log(world, seconds=SOON) as log:
        log.add(record(world, directory_id))

        eventually(lambda: len(stored(world, organization.id, directory_id)) == 1)
        eventually(lambda: timers() <= elsewhere)
        log.add(record(world, directory_id))
        eventually(lambda: len(stored(world, organization.id, directory_id)) == 2)


def test_no_request_waits_for_whoever_writes_at_the_moment(world: World) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world, flush_at=2) as log:
        one = record(world, directory_id)
        with world.transactions.writing():
            for _ in range(10):
                log.add(one)  # would wait for this very transaction

        eventually(lambda: len(stored(world, organization.id, directory_id)) == 10)


def test_closing_writes_what_waits_and_what_comes_after_is_written_at_once(world: World) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world) as log:
        log.add(record(world, directory_id))
        log.close()
        assert len(stored(world, organization.id, directory_id)) == 1

        log.add(record(world, directory_id))

        assert len(stored(world, organization.id, directory_id)) == 2


def test_end_of_the_process_writes_what_waits(world: World) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world) as log:
        log.add(record(world, directory_id))

        log._at_exit()

        assert len(stored(world, organization.id, directory_id)) == 1


def test_ids_are_those_of_the_writing_so_that_a_follower_misses_none(world: World) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world) as log:
        log.add(record(world, directory_id, path="/late"))
        seen = world.transactions.ports.randomness.id(Prefix.SCIM_REQUEST)

        log.flush()

        (late,) = stored(world, organization.id, directory_id)
        assert is_id(late.id, Prefix.SCIM_REQUEST)
        assert late.id > seen


def test_push_gives_its_record_no_later_id_that_is_seen_earlier(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    organization, directory_id = with_directory(world)
    insert, ids = rows.insert_many, list[str]()

    def push() -> None:
        with world.transactions.writing() as unit:
            unit.lock(organization.id)
            ids.append(unit.id(Prefix.SCIM_REQUEST))

    pushing = threading.Thread(target=push)

    def insert_beside_a_push(*given: Any) -> None:
        insert(*given)
        pushing.start()
        pushing.join(0.3)
        assert ids == []  # it waits for what has an earlier id

    with request_log(world) as log:
        log.add(record(world, directory_id))
        monkeypatch.setattr(rows, "insert_many", insert_beside_a_push)
        log.flush()
        pushing.join(_PATIENCE)

    (late,) = stored(world, organization.id, directory_id)
    assert [late.id] < ids


def test_outage_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world, seconds=SOON, flush_at=2) as log:
        with database_away(world, monkeypatch), caplog.at_level(logging.ERROR):
            for number in range(5):
                log.add(record(world, directory_id, path=f"/{number}"))
            eventually(lambda: "wait for the database; 0 were given up" in caplog.text)
            assert stored(world, organization.id, directory_id) == []

        eventually(lambda: len(stored(world, organization.id, directory_id)) == 5)
        assert [one.path for one in stored(world, organization.id, directory_id)] == ["/0", "/1", "/2", "/3", "/4"]
        assert log.dropped == 0


def test_long_outage_drops_the_oldest_and_counts_them(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world, flush_at=2, most=3) as log:
        with database_away(world, monkeypatch):
            for number in range(5):
                log.add(record(world, directory_id, path=f"/{number}"))
            eventually(lambda: (log.waiting, log.dropped) == (3, 2))

        log.flush()

        assert [one.path for one in stored(world, organization.id, directory_id)] == ["/2", "/3", "/4"]


def test_records_still_waiting_at_the_end_are_told_to_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, directory_id = with_directory(world)
    with database_away(world, monkeypatch), request_log(world) as log:
        log.add(record(world, directory_id))

    assert "1 request records are lost" in caplog.text


def test_record_that_no_database_takes_holds_up_no_other(world: World, caplog: pytest.LogCaptureFixture) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world) as log:
        log.add(record(world, directory_id, path="/before"))
        log.add(record(world, directory_id, changes={"added": {1, 2}}))
        log.add(record(world, directory_id, path="/after"))

        log.flush()

        assert [one.path for one in stored(world, organization.id, directory_id)] == ["/before", "/after"]
        assert log.dropped == 1


def test_bug_ends_neither_the_thread_nor_a_request(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world, seconds=SOON) as log:
        with monkeypatch.context() as patched:
            patched.setattr(UnitOfWork, "id", lambda *_: 1 / 0)
            log.add(record(world, directory_id))
            eventually(lambda: "ZeroDivisionError" in caplog.text)

        eventually(lambda: len(stored(world, organization.id, directory_id)) == 1)


def test_records_of_an_organization_that_was_deleted_meanwhile_are_left_out(world: World) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world) as log:
        log.add(record(world, "dir_gone"))
        log.add(record(world, directory_id, path="/kept"))

        log.flush()

        assert [one.path for one in stored(world, organization.id, directory_id)] == ["/kept"]


def test_threads_lose_and_repeat_nothing(world: World) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world, seconds=SOON, flush_at=50) as log:

        def push(name: int) -> None:
            for number in range(200):
                log.add(record(world, directory_id, path=f"/{name}/{number}"))

        threads = [threading.Thread(target=push, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log.close()

        paths = [one.path for one in stored(world, organization.id, directory_id)]
        assert len(paths) == 800
        assert set(paths) == {f"/{name}/{number}" for name in range(4) for number in range(200)}


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_process_writes_its_own_records_and_leaves_those_of_its_parent(world: World) -> None:
    organization, directory_id = with_directory(world)
    with request_log(world) as log:
        log.add(record(world, directory_id, path="/parent"))
        child = os.fork()
        if child == 0:
            _in_the_child(world, log, directory_id)
        assert os.waitpid(child, 0)[1] == 0

        assert [one.path for one in stored(world, organization.id, directory_id)] == ["/child"]
        log.flush()
        assert [one.path for one in stored(world, organization.id, directory_id)] == ["/child", "/parent"]


def _in_the_child(world: World, log: RequestLog, directory_id: str) -> None:
    """What a worker does first after its fork, and its exit, which runs nothing of the test's."""
    try:
        world.transactions.database.engine.dispose(close=False)
        assert log.waiting == 0
        log.add(record(world, directory_id, path="/child"))
        log.close()
        with world.transactions.reading() as unit:
            assert unit.session.scalar(text("SELECT count(*) FROM scim_requests")) == 1
    except BaseException:  # noqa: BLE001 (nothing may escape into the copy of the test run)
        traceback.print_exc()
        os._exit(1)
    os._exit(0)

"""Records of SCIM reads and refused requests: they wait in memory and are written many at a time (see
docs/decisions).
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import DataError, IntegrityError, StatementError

from app.rules.ids import Prefix
from app.rules.scim_requests import ScimRequestRecord
from app.services.unit_of_work import Transactions
from app.store import scim_requests as rows

log = logging.getLogger("doorward.scim")

FLUSH_AT = 500
FLUSH_SECONDS = 1.0
MOST_WAITING = 10_000
_PER_TRANSACTION = 1_000
_JOIN_SECONDS = 15.0


@dataclass
class _Waiting:
    """What waits in this process. A fork begins with a new one: the parent writes what it had."""

    records: deque[ScimRequestRecord] = field(default_factory=deque)
    #: Guards this value; held for moments only.
    lock: threading.Lock = field(default_factory=threading.Lock)
    #: Held by whoever writes, so that records go in in their order.
    writing: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)
    #: Tells the thread not to wait any longer: enough is waiting, or the process ends.
    wake: threading.Event = field(default_factory=threading.Event)
    timer: threading.Thread | None = None
    due_at: float = 0.0
    #: Since the last try failed only the thread tries: no request waits for a database that does not answer.
    failing: bool = False
    dropped: int = 0


class RequestLog:
    """Records that need not be in anybody's transaction. Safe between threads, and across a fork.

    They are written together, when 500 wait or one has waited for a second, by a thread that ends when nothing waits
    any more: no request waits for whoever writes at the moment.

    `add` must be called outside of every transaction: after `close` it writes in one of its own.
    """

    def __init__(
        self,
        transactions: Transactions,
        *,
        flush_at: int = FLUSH_AT,
        seconds: float = FLUSH_SECONDS,
        most: int = MOST_WAITING,
    ) -> None:
        self._transactions = transactions
        self._flush_at, self._seconds, self._most = flush_at, seconds, most
        self._waiting = _Waiting()
        self._closed = False
        os.register_at_fork(after_in_child=_weakly(self.begin_anew))
        self._at_exit = _weakly(self.close)
        atexit.register(self._at_exit)

    @property
    def waiting(self) -> int:
        """How many records wait to be written."""
        return len(self._waiting.records)

    @property
    def dropped(self) -> int:
        """How many were given up since the start of the process."""
        return self._waiting.dropped

    def add(self, record: ScimRequestRecord) -> None:
        """Keep a record until it is written, a second at most while the database answers."""
        state = self._waiting
        with state.lock:
            if not state.records:
                state.due_at = time.monotonic() + self._seconds
            state.records.append(record)
            self._drop_what_is_too_much(state)
            if len(state.records) >= self._flush_at and not state.failing:
                state.wake.set()
            if state.timer is None and not self._closed:
                state.timer = threading.Thread(target=self._keep_time, args=(state,), name="request-log", daemon=True)
                state.timer.start()
        if self._closed:
            self._flush(state, wait=False)

    def flush(self) -> None:
        """Write what waits, now."""
        self._flush(self._waiting, wait=True)

    def close(self) -> None:
        """Write what waits and end the thread; whatever is added later is written at once."""
        self._closed = True
        atexit.unregister(self._at_exit)
        state = self._waiting
        state.closing.set()
        state.wake.set()
        timer = state.timer
        if timer is not None and timer is not threading.current_thread():
            timer.join(_JOIN_SECONDS)
        self.flush()
        if state.records:
            log.error("%d request records are lost: the database did not answer", len(state.records))

    def begin_anew(self) -> None:
        """In a process just forked: what the parent had waiting is the parent's to write, its thread is not here."""
        self._waiting = _Waiting()

    def _keep_time(self, state: _Waiting) -> None:
        """The thread: writes when it is time, and ends when nothing waits."""
        while not state.closing.is_set():
            with state.lock:
                if not state.records:
                    state.timer = None
                    return
                pause = state.due_at - time.monotonic()
            if pause > 0 and not state.wake.wait(pause):
                continue
            if not state.closing.is_set():
                state.wake.clear()
                self._flush(state, wait=True)

    def _flush(self, state: _Waiting, *, wait: bool) -> None:
        """Write what waits, a thousand to a transaction; `wait` False leaves it to whoever is writing already."""
        if not state.writing.acquire(blocking=wait):
            return
        try:
            while batch := self._take(state):
                left = self._write(state, batch)
                if left:
                    self._put_back(state, left)
                    return
                state.failing = False
        finally:
            state.writing.release()

    @staticmethod
    def _take(state: _Waiting) -> list[ScimRequestRecord]:
        with state.lock:
            return [state.records.popleft() for _ in range(min(len(state.records), _PER_TRANSACTION))]

    def _put_back(self, state: _Waiting, left: Sequence[ScimRequestRecord]) -> None:
        """Try again a second later, whoever adds meanwhile."""
        with state.lock:
            state.records.extendleft(reversed(left))
            state.due_at = time.monotonic() + self._seconds
            state.failing = True
            self._drop_what_is_too_much(state)

    def _drop_what_is_too_much(self, state: _Waiting) -> None:
        """The oldest go first: what is asked about is what happened last."""
        while len(state.records) > self._most:
            state.records.popleft()
            state.dropped += 1

    def _write(self, state: _Waiting, batch: Sequence[ScimRequestRecord]) -> Sequence[ScimRequestRecord]:
        """What is left to write: nothing as a rule, everything while the database is away or busy.

        A record no database takes is given up, so that it holds up no other.
        """
        try:
            self._insert(batch)
        except Exception as error:  # whatever it is, it must end neither the thread nor somebody's request
            if not _is_about_a_record(error):
                kept = len(state.records) + len(batch)
                log.exception("%d request records wait for the database; %d were given up so far", kept, state.dropped)
                return batch
            if len(batch) > 1:
                return [left for record in batch for left in self._write(state, [record])]
            log.exception("a request record could not be written; it is dropped")
            state.dropped += 1
        return ()

    def _insert(self, batch: Sequence[ScimRequestRecord]) -> None:
        """One transaction. Ids are given under the lock under which pushes give theirs, so that they become visible in
        their order and whoever follows the record by id misses none.
        """
        with self._transactions.writing() as unit:
            known = rows.lock_directories(unit.session, {record.directory_id for record in batch})
            kept = [record for record in batch if record.directory_id in known]
            rows.insert_many(unit.session, [replace(one, id=unit.id(Prefix.SCIM_REQUEST)) for one in kept])


def _is_about_a_record(error: Exception) -> bool:
    """Whether what failed is a value, which fails again, rather than the database or the way to it."""
    # SQLAlchemy's own class is what it makes of an error while it binds values; its subclasses are the database's.
    return type(error) is StatementError or isinstance(error, DataError | IntegrityError | TypeError | ValueError)


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    """The same method for whoever keeps it to the end of the process, without keeping the log alive."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        alive = reference()
        if alive is not None:
            alive()

    return call

"""Turns of SQLite's writers: whoever came first writes first, across threads and processes.

SQLite itself has a waiting writer sleep and look again, so that under load the newest may overtake the oldest for
seconds. A lock of the operating system is handed over at once, and it goes with the process that held it.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import OperationalError

_PATIENCE_SECONDS = 30.0


class Turns:
    """One writer at a time for one database file: threads queue here, processes at the lock file beside it."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}.writer")
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn, and hold it while the block runs. Raises OperationalError after half a minute, as for a
        database that is busy: something is stuck, and the caller is told to come again.
        """
        self._queue()
        try:
            with self._between_processes():
                yield
        finally:
            self._hand_over()

    def _queue(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(_PATIENCE_SECONDS):
            return
        with self._guard:
            if not mine.is_set():
                self._waiting.remove(mine)
                raise OperationalError("BEGIN IMMEDIATE", {}, TimeoutError("no turn to write"))

    def _hand_over(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False

    @contextmanager
    def _between_processes(self) -> Iterator[None]:
        # A descriptor for each turn: a lock that is inherited or shared would be held by nobody and everybody.
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

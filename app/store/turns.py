"""Turns of SQLite's writers: whoever came first writes first, across threads and processes.

SQLite itself has a waiting writer sleep and look again, so that under load the newest may overtake the oldest for
seconds. A lock of the operating system is handed over at once, and it goes with the process that held it.
"""

from __future__ import annotations

import fcntl
import os
import stat
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
        self._database = database
        self._path = database.with_name(f"{database.name}.writer")
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False
        self._is_ours = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn, and hold it while the block runs.

        Raises OperationalError after half a minute behind other threads of this process, as for a database that is
        busy. Another process is waited for as long as it takes: its server ends a worker that is stuck.
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
        try:
            if mine.wait(_PATIENCE_SECONDS):
                return
        except BaseException:  # an interrupt must not leave a place in the queue that nobody takes
            self._give_up(mine)
            raise
        if self._give_up(mine):
            raise OperationalError("BEGIN IMMEDIATE", {}, TimeoutError("no turn to write"))
        self._queue()

    def _give_up(self, mine: threading.Event) -> bool:
        """Leave the queue; False when the turn came at that very moment, which is then handed on."""
        with self._guard:
            if not mine.is_set():
                self._waiting.remove(mine)
                return True
        self._hand_over()
        return False

    def _hand_over(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False

    @contextmanager
    def _between_processes(self) -> Iterator[None]:
        # A descriptor for each turn: a lock that is inherited or shared would be held by nobody and everybody.
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if not self._is_ours:
                self._belong(descriptor)
                self._is_ours = True
        except OSError as error:
            raise OperationalError("BEGIN IMMEDIATE", {}, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _belong(self, descriptor: int) -> None:
        """Give the file to whoever the database belongs to, as SQLite does with its own: an operator's command that is
        run as root must not shut out the server.
        """
        found, wanted = os.fstat(descriptor), self._database.stat()
        if os.geteuid() == 0 and (found.st_uid, found.st_gid) != (wanted.st_uid, wanted.st_gid):
            os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
        if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != stat.S_IMODE(wanted.st_mode):
            os.fchmod(descriptor, stat.S_IMODE(wanted.st_mode))

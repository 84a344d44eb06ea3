"""Two processes that make conflicting changes at the same moment, meeting just before they commit."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError

from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.factory import Program, create_program
from app.ports.clock import SystemClock
from app.store import organizations
from app.web.request import BROWSER_COOKIE
from tests.application import BASE_URL, ports_for, settings_for
from tests.ports.fakes import Postbox, ZoneDns

#: How long the first waits for the second just before its commit. With the lock the second cannot come; without it,
#: it does.
_MEETING_SECONDS = 0.02
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Call:
    """One request of a round: JSON with a bearer token, or a form that a browser with the token as a cookie posts.

    `if_match` is the hash of the dry run it is held to.
    """

    method: str
    path: str
    body: dict[str, object] | None
    token: str
    content_type: str = "application/json"
    form: dict[str, str] | None = None
    if_match: str = ""


@dataclass
class Rivals:
    """The two processes; `play` sends each its request and returns both status codes."""

    pipes: tuple[Connection[Call | None, int], Connection[Call | None, int]]

    def play(self, first: Call, second: Call) -> tuple[int, int]:
        for pipe, call in zip(self.pipes, (first, second), strict=True):
            pipe.send(call)
        one, two = (pipe.recv() for pipe in self.pipes)
        return one, two


@contextmanager
def rivals(database_url: str, *, with_lock: bool = True) -> Iterator[Rivals]:
    """Start both, hand them out, and end them."""
    barrier = _SPAWN.Barrier(2)
    ends = [_SPAWN.Pipe() for _ in range(2)]
    processes = [_SPAWN.Process(target=_rival, args=(database_url, child, barrier, with_lock)) for _, child in ends]
    for process in processes:
        process.start()
    try:
        yield Rivals((ends[0][0], ends[1][0]))
    finally:
        for parent, _ in ends:
            parent.send(None)
        for process in processes:
            process.join(timeout=30)
            process.kill()


def _rival(database_url: str, pipe: Connection[int, Call | None], barrier: Barrier, with_lock: bool) -> None:
    if not with_lock:
        organizations.lock = organizations.find  # the one thing that is taken out
    program = create_program(settings_for(database_url), ports_for(SystemClock(), Postbox(), ZoneDns()))
    meeting = _Meeting(barrier)
    event.listen(Session, "before_commit", meeting)
    while (call := pipe.recv()) is not None:
        meeting.open = True
        pipe.send(send(program, call).status_code)
    program.transactions.database.engine.dispose()


def send(program: Program, call: Call) -> TestResponse:
    """Make the request to a program of this process."""
    client = program.app.test_client(use_cookies=False)
    if call.form is not None:
        headers = {"Cookie": f"{BROWSER_COOKIE}={call.token}", "Sec-Fetch-Site": "same-origin"}
        return client.post(call.path, data=call.form, base_url=BASE_URL, headers=headers)
    return client.open(
        call.path,
        method=call.method,
        json=call.body,
        base_url=BASE_URL,
        headers={"Authorization": f"Bearer {call.token}"} | ({"If-Match": call.if_match} if call.if_match else {}),
        content_type=call.content_type,
    )


class _Meeting:
    """Waits for the other process once a round, before the first commit."""

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier
        self.open = False

    def __call__(self, _session: Session) -> None:
        if not self.open:
            return
        self.open = False
        try:
            self._barrier.wait(timeout=_MEETING_SECONDS)
        except BrokenBarrierError:
            self._barrier.reset()

"""Two processes that make conflicting changes at the same moment: they meet just before they commit, or one begins when
the other is about to.
"""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError, Event
from typing import Any, Protocol

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from app.factory import Program, create_program
from app.ports.clock import SystemClock
from app.rules.actor import ActorKind
from app.rules.identity import ExternalIdentity
from app.services import answers
from app.services.answers import Arrival
from app.services.steps import AskCode, SignedIn
from app.services.unit_of_work import UnitOfWork
from app.store import organizations
from app.store.organizations import Organization
from app.web.request import BROWSER_COOKIE, SESSION_COOKIE
from tests.application import BASE_URL, ports_for, settings_for
from tests.ports.fakes import Postbox, ZoneDns

#: How long the first waits for the second just before its commit. With the lock the second cannot come; without it,
#: it does.
_MEETING_SECONDS = 0.02
#: How long the one in front gives the other to come as far as the lock, where it cannot be seen waiting there.
_RUN_UP_SECONDS = 0.02
_LONGEST_RUN_UP_SECONDS = 0.5
#: How long the one who has come as far as another lock waits for the other one, who nothing keeps from it.
_LONGEST_WAY_SECONDS = 10
_SPAWN = multiprocessing.get_context("spawn")


class Request(Protocol):
    """What a process does when it is told to."""

    def make(self, program: Program) -> int:
        """Do it; the HTTP status of its answer, or what it would be."""
        ...


@dataclass(frozen=True)
class Call:
    """One request of a round: JSON with a bearer token, or a form that a browser with the token as a cookie posts.

    `if_match` is the hash of the dry run it is held to, `session` the cookie of whoever is signed in.
    """

    method: str
    path: str
    body: dict[str, object] | None
    token: str
    content_type: str = "application/json"
    form: dict[str, str] | None = None
    if_match: str = ""
    session: str = ""

    def make(self, program: Program) -> int:
        return send(program, self).status_code


@dataclass(frozen=True)
class Arrive:
    """A browser that comes back from an identity provider with what its protocol has verified."""

    arrival: Arrival
    identity: ExternalIdentity
    browser: str

    def make(self, program: Program) -> int:
        try:
            with program.transactions.writing() as unit:
                step = answers.arrive(unit, self.arrival, browser=self.browser, result=self.identity)
        except DBAPIError:  # a server would answer so
            traceback.print_exc()
            return 500
        if isinstance(step, SignedIn):
            return 303
        return 200 if isinstance(step, AskCode) else 403


@dataclass(frozen=True)
class _Signals:
    """What the two tell each other while they make their requests."""

    barrier: Barrier
    about_to_commit: Any
    under_way: Any


@dataclass
class Rivals:
    """The two processes; each answers a request with a status code."""

    pipes: tuple[Connection[Any, int], Connection[Any, int]]
    signals: _Signals

    def play(self, first: Request, second: Request) -> tuple[int, int]:
        """Both at once, in whatever order they come to the lock."""
        for pipe, call in zip(self.pipes, (first, second), strict=True):
            pipe.send(("meets", call))
        one, two = (pipe.recv() for pipe in self.pipes)
        return one, two

    def play_across(self, first: Request, second: Request) -> tuple[int, int]:
        """Both hold the lock of an organization before either asks for that of another one."""
        for pipe, call in zip(self.pipes, (first, second), strict=True):
            pipe.send(("crosses", call))
        one, two = (pipe.recv() for pipe in self.pipes)
        return one, two

    def play_in_order(self, first: Request, second: Request) -> tuple[int, int]:
        """The second begins when the first is about to commit, and so waits behind it with whatever it has read."""
        self.signals.about_to_commit.clear()
        self.signals.under_way.clear()
        in_front, behind = self.pipes
        in_front.send(("leads", first))
        while not self.signals.about_to_commit.wait(0.002) and not in_front.poll():
            pass
        behind.send(("follows", second))
        return in_front.recv(), behind.recv()


@dataclass
class Processes:
    """Two processes, started once, that open one database after the other."""

    rivals: Rivals

    @contextmanager
    def meet(self, database_url: str, *, with_lock: bool = True) -> Iterator[Rivals]:
        """Have both open this database for a while."""
        for pipe in self.rivals.pipes:
            pipe.send((database_url, with_lock))
        try:
            yield self.rivals
        finally:
            for pipe in self.rivals.pipes:
                pipe.send(None)
            for pipe in self.rivals.pipes:
                pipe.recv()


@contextmanager
def started() -> Iterator[Processes]:
    """Start both, hand them out, and end them."""
    signals = _Signals(_SPAWN.Barrier(2), _SPAWN.Event(), _SPAWN.Event())
    ends = [_SPAWN.Pipe() for _ in range(2)]
    processes = [_SPAWN.Process(target=_rival, args=(child, signals), daemon=True) for _, child in ends]
    for process in processes:
        process.start()
    try:
        yield Processes(Rivals((ends[0][0], ends[1][0]), signals))
    finally:
        for parent, _ in ends:
            parent.send(None)
        for process in processes:
            process.join(timeout=30)
            process.kill()


def _rival(pipe: Connection[int, Any], signals: _Signals) -> None:
    meeting = _Meeting(signals)
    commit, lock, find = UnitOfWork.commit, organizations.lock, UnitOfWork._find

    def meet_and_commit(unit: UnitOfWork) -> None:
        meeting.before_commit(unit)
        commit(unit)

    def meet_and_find(unit: UnitOfWork, organization_id: str) -> Organization | None:
        meeting.before_another_lock(unit, organization_id)
        return find(unit, organization_id)

    UnitOfWork.commit = meet_and_commit  # type: ignore[method-assign, assignment]  # the one moment
    UnitOfWork._find = meet_and_find  # type: ignore[method-assign, assignment]  # the other one
    while (opened := pipe.recv()) is not None:
        database_url, with_lock = opened
        organizations.lock = lock if with_lock else organizations.find  # the one thing that is taken out
        program = create_program(settings_for(database_url), ports_for(SystemClock(), Postbox(), ZoneDns()))
        meeting.program = program
        while (told := pipe.recv()) is not None:
            meeting.role, call = told
            if meeting.role == "follows":
                signals.under_way.set()
            pipe.send(call.make(program))
        program.close()
        pipe.send(0)


def send(program: Program, call: Call) -> TestResponse:
    """Make the request to a program of this process."""
    client = program.app.test_client(use_cookies=False)
    if call.form is not None:
        session = f"; {SESSION_COOKIE}={call.session}" if call.session else ""
        headers = {"Cookie": f"{BROWSER_COOKIE}={call.token}{session}", "Sec-Fetch-Site": "same-origin"}
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
    """What a process waits for before it commits a change, once a request."""

    def __init__(self, signals: _Signals) -> None:
        self._signals = signals
        self.role = ""
        self.program: Program | None = None

    def before_commit(self, unit: UnitOfWork) -> None:
        # A push takes its lock by itself, who makes an organization needs none; the record of requests is no change.
        counts = bool(unit._locked or unit._told) or unit.actor.kind is ActorKind.DIRECTORY
        role, self.role = self.role if counts else "", "" if counts else self.role
        if role == "meets":
            self._meet()
        if role == "leads":
            self._lead()

    def before_another_lock(self, unit: UnitOfWork, organization_id: str) -> None:
        if self.role == "crosses" and unit._locked - {organization_id}:
            self.role = ""
            self._signals.barrier.wait(timeout=_LONGEST_WAY_SECONDS)

    def _meet(self) -> None:
        try:
            self._signals.barrier.wait(timeout=_MEETING_SECONDS)
        except BrokenBarrierError:
            self._signals.barrier.reset()

    def _lead(self) -> None:
        """Until the other one waits for the lock: PostgreSQL can tell."""
        self._signals.about_to_commit.set()
        self._signals.under_way.wait(timeout=_LONGEST_RUN_UP_SECONDS)
        engine = self.program.transactions.database.engine if self.program else None
        if engine is None or engine.dialect.name == "sqlite":
            Event().wait(_RUN_UP_SECONDS)
            return
        deadline = time.monotonic() + _LONGEST_RUN_UP_SECONDS
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not connection.scalar(_WAITING) and time.monotonic() < deadline:
                Event().wait(0.002)


_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")

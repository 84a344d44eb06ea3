"""Runs tasks over several connections at once and keeps the time of every answer."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import orjson

from bench.client import Answer, Connection
from bench.measuring import Target, is_right
from bench.operations import Exchange

#: What a provider sends again after a while: too many requests, or a database that is busy.
_AGAIN = frozenset({429, 503})
_TRIES = 10
_PAUSE_SECONDS = 1.0


class NotAnsweredError(Exception):
    """A request that was answered wrongly or not at all; the task it belongs to goes no further."""


@dataclass
class Phase:
    """Seconds of every answer by kind of request, and what came of them altogether."""

    name: str
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)
    again: int = 0
    elapsed: float = 0.0
    processor_seconds: float = 0.0


class Session:
    """One connection of the provider, which is opened again when the server has hung up."""

    def __init__(self, target: Target, phase: Phase) -> None:
        self._target = target
        self._phase = phase
        self._connection: Connection | None = None

    def ask(self, kind: str, exchange: Exchange) -> dict[str, Any]:
        """The body of a right answer. Raises NotAnsweredError, once that is noted."""
        answer = self._answer(exchange)
        for _ in range(_TRIES):
            if answer.status not in _AGAIN:
                break
            self._phase.again += 1
            time.sleep(_PAUSE_SECONDS)
            answer = self._answer(exchange)
        self._phase.seconds[kind].append(answer.seconds)
        if not is_right(exchange, answer):
            shown = answer.body[:300].decode("utf-8", "replace")
            self._fail(f"{exchange.method} {exchange.path} was answered {answer.status} {shown}")
        body: dict[str, Any] = orjson.loads(answer.body) if answer.body else {}
        return body

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _answer(self, exchange: Exchange) -> Answer:
        try:
            if self._connection is None:
                self._connection = Connection(self._target.port, self._target.headers)
            return self._connection.exchange(exchange.method, self._target.root + exchange.path, exchange.body)
        except OSError as error:
            self.close()
            self._fail(f"{exchange.method} {exchange.path} was not answered: {error}")

    def _fail(self, sentence: str) -> NoReturn:
        self._phase.failures.append(sentence)
        raise NotAnsweredError(sentence)


Task = Callable[[Session], None]


def run(target: Target, name: str, tasks: Iterable[Task], *, connections: int) -> Phase:
    """Every task once, as many at a time as there are connections."""
    waiting, turn = iter(tasks), threading.Lock()
    phases = [Phase(name) for _ in range(connections)]

    def work(phase: Phase) -> None:
        session = Session(target, phase)
        while True:
            with turn:
                task = next(waiting, None)
            if task is None:
                break
            try:
                task(session)
            except NotAnsweredError:
                continue
        session.close()

    threads = [threading.Thread(target=work, args=(phase,)) for phase in phases]
    before, began = target.processor_seconds(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = Phase(name, elapsed=time.perf_counter() - began, processor_seconds=target.processor_seconds() - before)
    for phase in phases:
        whole.failures += phase.failures
        whole.again += phase.again
        for kind, seconds in phase.seconds.items():
            whole.seconds[kind] += seconds
    return whole

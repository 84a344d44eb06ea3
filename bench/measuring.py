"""Slices of time: requests over one connection, each answer checked, with the processor time of the servers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson
import psutil

from bench.client import Answer, Connection
from bench.operations import Client, Exchange, Operation

_WARM_UP = 3


class WrongAnswerError(Exception):
    """A fast wrong answer is not an answer."""


@dataclass
class Target:
    """A server under measurement: where it is, what it holds, and the processes that work for it.

    `fixed` is what a server answers that always says the same; `database` is the kind it keeps its rows in. What a
    `peer` answers wrongly stands in `failures` beside the operation; of all others a wrong answer ends the run.
    """

    name: str
    port: int
    root: str
    client: Client
    headers: dict[str, str]
    processes: Sequence[psutil.Process]
    fixed: bytes | None = None
    database: str = ""
    peer: bool = False
    failures: dict[str, str] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)

    def processor_seconds(self) -> float:
        """What its processes and their children, dead ones included, have used since they started."""
        return sum(processor_seconds(process) for process in self.processes)


@dataclass
class Result:
    """Every answer to one operation of one target."""

    seconds: list[float] = field(default_factory=list)
    processor_seconds: float = 0.0

    @property
    def mean(self) -> float:
        return statistics.fmean(self.seconds)

    @property
    def processor_milliseconds(self) -> float:
        """For one operation."""
        return self.processor_seconds / len(self.seconds) * 1000

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] * 1000


def measure(target: Target, name: str, operation: Operation, *, seconds: float) -> None:
    """One slice of one operation. Raises WrongAnswerError."""
    result = target.results.setdefault(name, Result())
    connection = Connection(target.port, target.headers)
    try:
        for _ in range(_WARM_UP):
            _exchange(target, connection, operation(target.client))
        before, deadline = target.processor_seconds(), time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            answer = _exchange(target, connection, operation(target.client))
            result.seconds.append(answer.seconds)
        result.processor_seconds += target.processor_seconds() - before
        _prove(target, connection, operation(target.client))
    finally:
        connection.close()


def _exchange(target: Target, connection: Connection, exchange: Exchange) -> Answer:
    answer = connection.exchange(exchange.method, target.root + exchange.path, exchange.body)
    right = answer.body == target.fixed if target.fixed is not None else is_right(exchange, answer)
    if not right:
        shown = answer.body[:500].decode("utf-8", "replace")
        raise WrongAnswerError(f"{target.name}: {exchange.method} {exchange.path} was answered {answer.status} {shown}")
    return answer


def is_right(exchange: Exchange, answer: Answer) -> bool:
    """Whether an answer says what it must; one that lacks what was looked for does not."""
    if answer.status == 204:
        return exchange.proof is not None
    if answer.status != exchange.status:
        return False
    try:
        return exchange.is_right(orjson.loads(answer.body))
    except (ValueError, LookupError, TypeError, AttributeError):
        return False


def _prove(target: Target, connection: Connection, exchange: Exchange) -> None:
    """Once a slice: when an answer has no body, look whether what it acknowledged is so."""
    answer = _exchange(target, connection, exchange)
    if answer.status == 204 and exchange.proof is not None:
        _exchange(target, connection, exchange.proof)


def side_by_side(
    targets: Sequence[Target],
    operations: dict[str, Operation],
    *,
    seconds: float,
    rounds: int,
    tell: Callable[[str], None],
) -> None:
    """Every operation on every target in turn, A B C A B C, so that what else the machine does hits all alike."""
    for name, operation in operations.items():
        tell(name)
        for number in range(rounds):
            first = number % len(targets)
            for target in (*targets[first:], *targets[:first]):
                if name not in target.failures:
                    _measure_or_note(target, name, operation, seconds=seconds / rounds)


def _measure_or_note(target: Target, name: str, operation: Operation, *, seconds: float) -> None:
    try:
        measure(target, name, operation, seconds=seconds)
    except (WrongAnswerError, OSError) as error:
        if not target.peer:
            raise
        target.failures[name] = str(error)


def processor_seconds(process: psutil.Process) -> float:
    """User and system time of a process and of all that it started."""
    used = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
            used += times.user + times.system + times.children_user + times.children_system
        except psutil.NoSuchProcess:
            continue  # its time is among its parent's
    return used

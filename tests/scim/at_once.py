"""Requests that are sent at the same moment, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.scim.application import Answer

Send = Callable[[], Answer]


def at_once(sends: Sequence[Send]) -> list[Answer]:
    """Send all of them when the last thread is ready; the answers in the order of the requests."""
    barrier = Barrier(len(sends))

    def run(send: Send) -> Answer:
        barrier.wait()
        return send()

    with ThreadPoolExecutor(len(sends)) as pool:
        return list(pool.map(run, sends))


def statuses(answers: Sequence[Answer]) -> list[int]:
    """The status codes, sorted: which thread came first is chance."""
    return sorted(answer.status_code for answer in answers)

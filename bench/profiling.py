"""Where the time of one operation goes: `python -m bench.profiling get`, in this process; `--database postgresql`.

Prints the statements of one request, its processor time without a profiler, and the top of cProfile twice: by the time
in a function itself, by package, and by the time below our own functions.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import logging
import pstats
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.store import prepared
from bench.databases import KINDS, fresh_database, opened, postmaster, start_postgres, temporary_directory
from bench.measuring import processor_seconds
from bench.operations import OPERATIONS, Client, Operation
from bench.targets import fill
from tests.application import BASE_URL, World
from tests.scenes import provisioned
from tests.servers.postgres import PostgresServer

_ROOT = Path(__file__).parents[1]
_USERS = 200
_WARM_UP = 50
_REQUESTS = 200
_TOP = 14


def main() -> None:
    """Profile one operation."""
    parser = argparse.ArgumentParser(prog="python -m bench.profiling", description=__doc__)
    parser.add_argument("operation", choices=OPERATIONS)
    parser.add_argument("--database", choices=KINDS, default=KINDS[0])
    arguments = parser.parse_args()
    chosen: str = arguments.operation
    with temporary_directory() as directory, _world(arguments.database, directory) as (world, server):
        made = provisioned(world)
        requests = Requests(world, made.scim.base_url, made.scim.token, Client(fill(made, _USERS), random.Random(1)))
        requests.send(OPERATIONS[chosen], _WARM_UP)
        print(f"## {chosen}\n")
        _print_statements(world.transactions.database.engine, requests, OPERATIONS[chosen])
        began, began_server = time.process_time(), _server_time(server)
        requests.send(OPERATIONS[chosen], _REQUESTS)
        here, there = time.process_time() - began, _server_time(server) - began_server
        print(f"\n{here / _REQUESTS * 1000:.2f} ms of processor time, {there / _REQUESTS * 1000:.2f} of the database\n")
        profile = cProfile.Profile()
        profile.runcall(requests.send, OPERATIONS[chosen], _REQUESTS)
        _print_profile(pstats.Stats(profile))


@contextmanager
def _world(kind: str, directory: Path) -> Iterator[tuple[World, PostgresServer | None]]:
    server = start_postgres(directory) if kind == "postgresql" else None
    with opened(fresh_database(kind, directory, server)) as world:
        yield world, server


def _server_time(server: PostgresServer | None) -> float:
    """Seconds of processor time of a whole database server; 0 where there is none."""
    return 0.0 if server is None else processor_seconds(postmaster(server))


class Requests:
    """Sends the requests of an operation to the application, without a server between."""

    def __init__(self, world: World, base_url: str, token: str, client: Client) -> None:
        self._app = world.program.app
        self._root = base_url.removeprefix(BASE_URL)
        self._headers = [("Authorization", f"Bearer {token}")]
        self._client = client

    def send(self, operation: Operation, count: int) -> None:
        """Send this many and check each answer."""
        for _ in range(count):
            exchange = operation(self._client)
            path, _, query = exchange.path.partition("?")
            environ = EnvironBuilder(
                path=self._root + path,
                query_string=query or None,
                method=exchange.method,
                data=exchange.body or None,
                content_type="application/scim+json",
                headers=self._headers,
                base_url=BASE_URL,
            ).get_environ()
            body, status, _ = run_wsgi_app(self._app, environ)
            answer: dict[str, Any] = json.loads(b"".join(body) or b"{}")
            assert not answer or exchange.is_right(answer), (status, answer)


def _print_statements(engine: Engine, requests: Requests, operation: Operation) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(" ".join(statement.split()))

    handler = logging.Handler()
    handler.emit = lambda record: statements.append(" ".join(record.getMessage().split()))  # type: ignore[method-assign]
    handler.addFilter(lambda record: record.msg != "Row")
    prepared.log.addHandler(handler)
    prepared.log.setLevel(logging.DEBUG)
    event.listen(engine, "before_cursor_execute", note)
    requests.send(operation, 1)
    event.remove(engine, "before_cursor_execute", note)
    prepared.log.setLevel(logging.NOTSET)
    prepared.log.removeHandler(handler)
    print(f"{len(statements)} statements:")
    for statement in statements:
        columns, _, rest = statement.partition(" FROM ")
        print(f"- {columns.split()[0]} ... FROM {rest}"[:110] if rest else f"- {statement[:108]}")


def _print_profile(stats: pstats.Stats) -> None:
    table: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = stats.stats  # type: ignore[attr-defined]
    total = sum(entry[2] for entry in table.values())
    by_package: Counter[str] = Counter()
    for (file, _, _), entry in table.items():
        by_package[_package(file)] += entry[2]  # type: ignore[assignment]  # a counter of seconds
    _print_rows("time in functions of a package", ((name, spent) for name, spent in by_package.items()), total)
    ours = ((f"{Path(f).relative_to(_ROOT)}:{name}", entry[3]) for (f, _, name), entry in table.items() if _is_ours(f))
    _print_rows("time below a function of ours", ours, total)


def _print_rows(title: str, rows: Iterable[tuple[str, float]], total: float) -> None:
    print(f"{title}:")
    for name, spent in sorted(rows, key=lambda row: -row[1])[:_TOP]:
        print(f"- {spent / total:4.0%} {name}")
    print()


def _package(file: str) -> str:
    path = Path(file)
    if "site-packages" in path.parts:
        at = path.parts.index("site-packages")
        return ".".join(path.with_suffix("").parts[at + 1 : at + 3])
    if _is_ours(file):
        return path.relative_to(_ROOT).parts[0]
    return "Python and its C functions"


def _is_ours(file: str) -> bool:
    path = Path(file)
    return path.is_relative_to(_ROOT) and ".venv" not in path.parts and path.parts[len(_ROOT.parts)] in {"app", "scim"}


if __name__ == "__main__":
    main()

"""A wrong answer of a peer is a dash and a footnote; of anybody else it ends the run."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest

from bench.client import Answer
from bench.measuring import Result, Target, WrongAnswerError, is_right, side_by_side
from bench.operations import OPERATIONS, Client, get, patch_active
from bench.people import Population
from bench.table import tables
from bench.targets import BARE, NOOP

PEOPLE = Population([f"user-{number}" for number in range(100)], "small", "large")


class Wrong(BaseHTTPRequestHandler):
    """Answers every GET with somebody else."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name is the base class's
        self.send_response(200)
        self.send_header("Content-Length", "18")
        self.end_headers()
        self.wfile.write(b'{"id": "somebody"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Wrong)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def target(port: int, *, peer: bool, name: str = "Other", database: str = "") -> Target:
    client = Client(PEOPLE, random.Random(1))
    return Target(name, port, "", client, {}, [psutil.Process()], peer=peer, database=database)


def measure(one: Target) -> None:
    side_by_side([one], {"get": get}, seconds=0.1, rounds=2, tell=lambda _: None)


def test_wrong_answer_of_a_peer_is_noted_and_the_run_goes_on(port: int) -> None:
    peer = target(port, peer=True)
    measure(peer)
    assert "GET /Users/user-" in peer.failures["get"]
    assert '200 {"id": "somebody"}' in peer.failures["get"]


def test_wrong_answer_of_anybody_else_ends_the_run(port: int) -> None:
    with pytest.raises(WrongAnswerError):
        measure(target(port, peer=False))


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"{}", b'{"Resources": 3}'])
@pytest.mark.parametrize("name", OPERATIONS)
def test_answer_without_what_was_asked_is_wrong(name: str, body: bytes) -> None:
    client = Client(PEOPLE, random.Random(1), steps=1)
    exchange = OPERATIONS[name](client)
    assert not is_right(exchange, Answer(exchange.status, body, 0.0))


def test_answer_without_a_body_is_right_only_where_a_proof_follows() -> None:
    client = Client(PEOPLE, random.Random(1))
    assert is_right(patch_active(client), Answer(204, b"", 0.0))
    assert not is_right(get(client), Answer(204, b"", 0.0))


def test_table_shows_ratios_to_the_rows_of_the_same_database_and_footnotes() -> None:
    cells = {NOOP: 0.001, BARE["sqlite"]: 0.002, "Ours": 0.003, "Wrong": 0.0}
    rows = [target(0, peer=name == "Wrong", name=name, database="" if name == NOOP else "sqlite") for name in cells]
    for row in rows:
        row.results["get"] = Result([cells[row.name]], cells[row.name])
    rows[-1].failures["get"] = "it said\n| nothing"
    lines = tables(rows, ["get"]).splitlines()
    assert lines[4] == "| Ours | 333 | 3.00 | 3.00 | 3.00 | 3.00 | 3.00 | 3.00 | 1.50 | 1.50 |  |"
    assert lines[5].startswith("| Wrong [1] | - |")
    assert lines[-1] == "[1] it said \\| nothing"

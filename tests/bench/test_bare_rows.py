"""The floor answers every operation of the benchmark rightly on both databases, and nobody without its token."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from bench import bare_rows
from bench.bare import create_application
from bench.client import Answer
from bench.databases import libpq_url
from bench.measuring import is_right
from bench.operations import OPERATIONS, Client, Exchange
from bench.people import Population
from tests.servers.postgres import PostgresServer

USERS = 120


@dataclass(frozen=True)
class Floor:
    """The application and whom it was filled with."""

    client: FlaskClient
    people: Population


@pytest.fixture(params=["sqlite", "postgresql"])
def floor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Floor]:
    url = str(tmp_path / "bare.db")
    if request.param == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        url = libpq_url(postgres.create_database())
    people = bare_rows.fill(url, USERS)
    rows = bare_rows.open_rows(url)
    yield Floor(create_application(lambda: rows).test_client(), people)
    rows.close()


def answer_of(client: FlaskClient, exchange: Exchange, token: str = bare_rows.TOKEN) -> Answer:
    answer = client.open(
        exchange.path, method=exchange.method, data=exchange.body, headers={"Authorization": f"Bearer {token}"}
    )
    return Answer(answer.status_code, answer.data, 0.0)


def test_every_operation_is_answered_rightly_and_shows_afterwards(floor: Floor) -> None:
    for name, operation in OPERATIONS.items():
        stream = Client(floor.people, random.Random(1))
        for _ in range(4):
            exchange = operation(stream)
            assert is_right(exchange, answer_of(floor.client, exchange)), (name, exchange)
            if exchange.proof is not None:
                assert is_right(exchange.proof, answer_of(floor.client, exchange.proof)), (name, exchange.proof)


def test_unknown_token_is_refused(floor: Floor) -> None:
    stream = Client(floor.people, random.Random(1))
    asked = {name: operation(stream) for name, operation in OPERATIONS.items()}
    answered = {name: answer_of(floor.client, exchange, token="another").status for name, exchange in asked.items()}
    assert answered == dict.fromkeys(OPERATIONS, 401)


def test_unknown_user_is_not_found(floor: Floor) -> None:
    for method in ("GET", "PATCH"):
        exchange = Exchange(method, "/Users/nobody", {"Operations": []}, 200, lambda _: True)
        assert answer_of(floor.client, exchange).status == 404

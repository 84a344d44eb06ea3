"""The comparison at the end of a push finds what was lost, and the memory of it is what was acknowledged."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from bench.operations import Exchange
from bench.push import plan
from bench.push.ledger import Group, Ledger, Person
from bench.push.report import table
from bench.push.running import Phase, Session

ADA = Person("ada@acme.test", "Ada", active=True)
BOB = Person("bob@acme.test", "Bob", active=True)


def ledger() -> Ledger:
    return Ledger(frozenset({"0"}), {"1": ADA, "2": BOB}, {"g": Group("Team", {"1", "2"})})


def test_what_was_acknowledged_is_held() -> None:
    held = {"0": Person("first@acme.test", "First", active=True), "1": ADA, "2": BOB}
    assert list(ledger().problems(held, {"g": {"1", "2"}})) == []


@pytest.mark.parametrize(
    ("people", "members", "sentence"),
    [
        ({"1": ADA}, {"1", "2"}, "bob@acme.test (2) was acknowledged and is not there"),
        ({"1": ADA, "2": Person("bob@acme.test", "Bob", active=False)}, {"1", "2"}, "was acknowledged as"),
        ({"1": ADA, "2": BOB, "3": ADA}, {"1", "2"}, "(3) is there and was never acknowledged"),
        ({"1": ADA, "2": BOB}, {"1"}, "group Team lacks 1 acknowledged members, such as 2"),
        ({"1": ADA, "2": BOB}, {"1", "2", "0"}, "group Team has 1 members nobody was told of, such as 0"),
    ],
)
def test_each_difference_is_told(people: dict[str, Person], members: set[str], sentence: str) -> None:
    (problem,) = ledger().problems(people, {"g": members})
    assert sentence in problem


class Noted(Session):
    """A session of a server that takes everything; keeps the text of what was sent."""

    def __init__(self) -> None:
        self.sent = ""

    def ask(self, kind: str, exchange: Exchange) -> dict[str, Any]:
        self.sent += f"{exchange.path} {exchange.body.decode()} "
        return {"id": "new"}


def test_every_change_of_the_churn_is_to_somebody_else() -> None:
    """Otherwise the order in which connections finish would decide what is right at the end."""
    people = {f"person-{number:04d}": ADA for number in range(1_000)}
    teams = {"a": Group("Team 0", set(people)), "b": Group("Team 1"), "e": Group(plan.EVERYBODY, set(people))}
    made = Ledger(people=people, groups=teams)
    newcomers = plan.newcomers_of(1_000, 200)
    named: list[str] = []
    for task in plan.churn(made, random.Random(1), 200, newcomers):
        session = Noted()
        task(session)
        named += set(re.findall(r"person-\d{4}", session.sent))
    assert len(newcomers) == 20
    assert len(named) == len(set(named)) == 200
    assert "new" in made.people
    assert teams["b"].members
    assert teams["b"].members.isdisjoint(teams["a"].members)


def test_every_user_is_named_in_the_large_group_and_in_a_team() -> None:
    people = {f"{number:04d}": ADA for number in range(1_050)}
    made = Ledger(people=people, groups={name: Group(name) for name in (plan.EVERYBODY, "Team 0", "Team 1", "Team 2")})
    assert len(plan.fill_groups(made, random.Random(1))) == 2 * 11


def test_report_counts_answers_over_a_second() -> None:
    phase = Phase("first push", elapsed=2.0, processor_seconds=0.004)
    phase.seconds["create"] += [0.001, 1.5]
    row = table([phase]).splitlines()[2]
    assert row == "| **first push** | 2 | 1 | 1500.00 | 1500.00 | 1500.00 | 1500.00 | 1 | 2.00 |"

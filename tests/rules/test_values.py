"""Identifiers, actors, groups and sessions: the small values everything else is written in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.ports.randomness import SystemRandomness
from app.rules.actor import OPERATOR, SYSTEM
from app.rules.errors import TooManyError
from app.rules.events import STATEMENTS, EventType
from app.rules.identity import GroupsState, ReceivedGroups
from app.rules.ids import RANDOM_BITS, Prefix, is_id, make_id
from app.rules.sessions import IDLE, is_alive

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_identifier_with_a_higher_number_sorts_later() -> None:
    earlier = make_id(Prefix.MEMBER, (1 << RANDOM_BITS) + 2**RANDOM_BITS - 1)
    later = make_id(Prefix.MEMBER, 2 << RANDOM_BITS)

    assert earlier < later
    assert is_id(earlier, Prefix.MEMBER)


def test_identifiers_of_one_process_only_ever_grow() -> None:
    randomness = SystemRandomness()
    made = [randomness.id(Prefix.EVENT) for _ in range(2000)]

    assert made == sorted(set(made))


@pytest.mark.parametrize(
    "text", ["", "mem_", "org_01m84dwj63a9xa178cj0kc6sw8", "mem_01M84DWJ63A9XA178CJ0KC6SW8", "mem"]
)
def test_text_that_is_not_an_identifier_of_the_kind_is_recognised(text: str) -> None:
    assert not is_id(text, Prefix.MEMBER)


def test_operator_is_a_person_and_the_system_is_not() -> None:
    assert OPERATOR.is_person
    assert not SYSTEM.is_person


def test_no_groups_are_empty_and_some_are_present() -> None:
    assert ReceivedGroups.of(frozenset()).state is GroupsState.EMPTY
    assert ReceivedGroups.of(frozenset({"a"})).state is GroupsState.PRESENT


def test_every_event_is_described() -> None:
    assert set(STATEMENTS) == set(EventType)


def test_session_dies_when_idle_or_past_its_end() -> None:
    assert is_alive(seen_at=NOW, expires_at=NOW + timedelta(1), now=NOW)
    assert not is_alive(seen_at=NOW - IDLE, expires_at=NOW + timedelta(1), now=NOW)
    assert not is_alive(seen_at=NOW, expires_at=NOW, now=NOW)


def test_too_many_says_when_to_come_back() -> None:
    assert TooManyError("Slow down.", retry_after=7).retry_after == 7

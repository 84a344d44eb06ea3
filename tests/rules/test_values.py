"""Identifiers, actors, groups and sessions: the small values everything else is written in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.ports.randomness import SystemRandomness
from app.rules.actor import OPERATOR, SYSTEM
from app.rules.errors import InvalidInputError, TooManyError
from app.rules.events import STATEMENTS, EventType
from app.rules.identity import GroupsState, ReceivedGroups
from app.rules.ids import RANDOM_BITS, Prefix, is_id, make_id
from app.rules.sessions import Lifetimes, is_alive, read_lifetimes

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
    later = NOW + timedelta(seconds=1)

    assert is_alive(idle_ends_at=later, expires_at=later, now=NOW)
    assert not is_alive(idle_ends_at=NOW, expires_at=later, now=NOW)
    assert not is_alive(idle_ends_at=later, expires_at=NOW, now=NOW)


@pytest.mark.parametrize(
    ("idle", "hours", "field"),
    [
        (4, 1, "session_idle_minutes"),
        (61, 1, "session_idle_minutes"),
        (-1, 1, "session_idle_minutes"),
        (5, 0, "session_hours"),
        (5, 90 * 24 + 1, "session_hours"),
    ],
)
def test_sessions_of_no_sensible_length_are_refused_at_their_field(idle: int, hours: int, field: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read_lifetimes(idle_minutes=idle, absolute_hours=hours)

    assert error.value.field == field


def test_session_may_be_idle_as_long_as_it_lasts_at_most() -> None:
    assert read_lifetimes(idle_minutes=60, absolute_hours=1) == Lifetimes(timedelta(hours=1), timedelta(hours=1))


def test_too_many_says_when_to_come_back() -> None:
    assert TooManyError("Slow down.", retry_after=7).retry_after == 7

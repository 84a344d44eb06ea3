"""Setup links: how one stands, and what whoever holds one may touch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.rules.actor import OPERATOR, Actor, ActorKind
from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.events import EventType
from app.rules.holds import HELD_BY_DIRECTORY, refusal_for
from app.rules.lockout import OWN_HOLD
from app.rules.recent_authentication import ASKS, judge
from app.rules.setup_links import LIFETIME, SetupLinkState, may_add, may_make_token, may_touch_connection, state_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOLDER = Actor(ActorKind.SETUP_LINK, id="lnk_1", label="setup link lnk_1, made by ada@acme.test")
ADA = Actor(ActorKind.MEMBER, id="mem_1", label="ada@acme.test")


@pytest.mark.parametrize(
    ("closed_as", "is_backed", "left", "expected"),
    [
        (None, True, LIFETIME, SetupLinkState.OPEN),
        (None, True, timedelta(microseconds=1), SetupLinkState.OPEN),
        (None, True, timedelta(0), SetupLinkState.EXPIRED),
        (None, False, LIFETIME, SetupLinkState.ORPHANED),
        (None, False, timedelta(0), SetupLinkState.EXPIRED),
        ("revoked", True, LIFETIME, SetupLinkState.REVOKED),
        ("revoked", False, timedelta(0), SetupLinkState.REVOKED),
        ("orphaned", True, LIFETIME, SetupLinkState.ORPHANED),
    ],
)
def test_link_is_open_for_its_week_while_somebody_stands_behind_it_and_nobody_has_closed_it(
    closed_as: str | None, is_backed: bool, left: timedelta, expected: SetupLinkState
) -> None:
    assert state_of(closed_as=closed_as, is_backed=is_backed, expires_at=NOW + left, now=NOW) is expected


@pytest.mark.parametrize(
    ("actor", "is_active", "expected"),
    [(HOLDER, True, Code.SETUP_LINK_LIMITED), (HOLDER, False, None), (ADA, True, None), (OPERATOR, True, None)],
)
def test_holder_touches_no_connection_that_is_in_force(actor: Actor, is_active: bool, expected: Code | None) -> None:
    assert code(may_touch_connection(actor, is_active=is_active)) is expected


@pytest.mark.parametrize(
    ("actor", "is_draft", "is_reached", "has_token", "expected"),
    [
        (HOLDER, True, False, False, None),
        (HOLDER, True, False, True, Code.SETUP_LINK_LIMITED),
        (HOLDER, True, True, False, Code.SETUP_LINK_LIMITED),
        (HOLDER, False, False, False, Code.SETUP_LINK_LIMITED),
        (HOLDER, False, True, False, Code.SETUP_LINK_LIMITED),
        (ADA, False, True, True, None),
        (OPERATOR, False, True, True, None),
    ],
)
def test_holder_makes_the_first_token_only_of_a_directory_that_was_never_active_and_that_nothing_has_reached(
    actor: Actor, is_draft: bool, is_reached: bool, has_token: bool, expected: Code | None
) -> None:
    judged = may_make_token(actor, is_draft=is_draft, is_reached=is_reached, has_token=has_token)
    assert code(judged) is expected


@pytest.mark.parametrize(
    ("actor", "there", "expected"),
    [(HOLDER, 9, None), (HOLDER, 10, Code.SETUP_LINK_LIMITED), (ADA, 10, None), (OPERATOR, 1_000, None)],
)
def test_holder_fills_no_page_that_administrators_depend_on(actor: Actor, there: int, expected: Code | None) -> None:
    assert code(may_add(actor, there=there)) is expected


@pytest.mark.parametrize(
    ("actor", "revisions", "expected"),
    [(HOLDER, 49, None), (HOLDER, 50, Code.SETUP_LINK_LIMITED), (ADA, 50, None)],
)
def test_holder_edits_a_connection_fifty_times_at_most(actor: Actor, revisions: int, expected: Code | None) -> None:
    assert code(may_touch_connection(actor, is_active=False, revisions=revisions)) is expected


def test_what_asks_who_confirmed_lately_is_never_for_a_holder() -> None:
    for action in ASKS - {EventType.DIRECTORY_TOKEN_CREATED}:
        assert code(judge(HOLDER, action, now=NOW)) is Code.RECENT_SIGN_IN_REQUIRED
        assert code(judge(OPERATOR, action, now=NOW)) is None
    sensitive = judge(HOLDER, EventType.MEMBER_ROLE_CHANGED, now=NOW, is_sensitive=True)
    assert code(sensitive) is Code.RECENT_SIGN_IN_REQUIRED
    assert code(judge(HOLDER, EventType.DIRECTORY_TOKEN_CREATED, now=NOW)) is None


def test_holder_is_not_told_that_somebody_is_on_hold() -> None:
    told = refusal_for(HOLDER)

    assert told.code is Code.OWN_HOLD
    assert told not in (OWN_HOLD, HELD_BY_DIRECTORY)
    assert "hold" not in f"{told.sentence} {told.fix}"


def test_holder_answers_for_what_they_ask() -> None:
    assert HOLDER.is_person


def code(decision: Decision) -> Code | None:
    assert isinstance(decision, Allowed | Refused)
    return decision.code if isinstance(decision, Refused) else None

"""Who is asked who they are once more, and for what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Allowed, Code, Refused
from app.rules.events import EventType
from app.rules.recent_authentication import ASKS, judge

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
ANYTHING_ELSE = EventType.MEMBER_ROLE_CHANGED


def ada(*, minutes_ago: int | None) -> Actor:
    asked_at = None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago)
    return Actor(ActorKind.MEMBER, id="mem_ada", asked_at=asked_at)


@pytest.mark.parametrize("action", sorted(ASKS))
def test_browser_that_was_found_open_is_asked_and_one_that_was_asked_lately_is_not(action: EventType) -> None:
    assert isinstance(judge(ada(minutes_ago=15), action, now=NOW), Allowed)
    for found_open in (ada(minutes_ago=16), ada(minutes_ago=None)):
        refused = judge(found_open, action, now=NOW)
        assert isinstance(refused, Refused)
        assert refused.code is Code.RECENT_SIGN_IN_REQUIRED


@pytest.mark.parametrize("kind", sorted(set(ActorKind) - {ActorKind.MEMBER, ActorKind.SETUP_LINK}))
def test_whoever_cannot_be_asked_is_not(kind: ActorKind) -> None:
    assert isinstance(judge(Actor(kind), EventType.KEY_CREATED, now=NOW, is_sensitive=True), Allowed)


def test_anything_else_asks_only_where_its_particulars_do() -> None:
    assert isinstance(judge(ada(minutes_ago=None), ANYTHING_ELSE, now=NOW), Allowed)
    assert isinstance(judge(ada(minutes_ago=None), ANYTHING_ELSE, now=NOW, is_sensitive=True), Refused)
    assert isinstance(judge(ada(minutes_ago=0), ANYTHING_ELSE, now=NOW, is_sensitive=True), Allowed)


@pytest.mark.parametrize(
    "action",
    [
        EventType.MEMBER_SUSPENDED,
        EventType.MEMBER_REMOVED,
        EventType.MEMBER_SESSIONS_ENDED,
        EventType.SESSION_ENDED,
        EventType.KEY_REVOKED,
        EventType.DIRECTORY_TOKEN_REVOKED,
        EventType.INVITATION_REVOKED,
        EventType.ORGANIZATION_MFA_REQUIRED,
        EventType.CONNECTION_REVISION_RESTORED,
    ],
)
def test_whatever_takes_power_from_somebody_never_waits_for_a_code(action: EventType) -> None:
    assert isinstance(judge(ada(minutes_ago=None), action, now=NOW), Allowed)

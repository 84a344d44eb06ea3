"""What recovery may do: replace codes, try them, make one member an administrator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.rules.actor import OPERATOR, SYSTEM, Actor, ActorKind
from app.rules.decisions import Allowed, Code, Decision
from app.rules.recovery import may_appoint, may_replace_codes, may_return, wait_for_drill

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = Actor(ActorKind.API_KEY, id="key_x", label="Nightly")


def code(decision: Decision) -> Code | None:
    return None if isinstance(decision, Allowed) else decision.code


@pytest.mark.parametrize(
    ("actor", "left", "only_held", "refused"),
    [
        (KEY, 1, True, Code.LAST_RECOVERY_CODES),
        (KEY, 0, True, None),
        (KEY, 10, False, None),
        (OPERATOR, 10, True, None),
        (SYSTEM, 10, True, None),
        (Actor(ActorKind.RECOVERY, id="mem_x"), 10, True, None),
        (Actor(ActorKind.MEMBER, id="mem_x"), 10, True, None),
    ],
)
def test_only_a_key_cannot_void_the_last_way_back(
    actor: Actor, left: int, only_held: bool, refused: Code | None
) -> None:
    assert code(may_replace_codes(left=left, only_held=only_held, actor=actor)) is refused


@pytest.mark.parametrize(
    ("wrong", "ago", "wait"), [(0, None, None), (4, 0, None), (5, 0, 15), (5, 14, 1), (5, 15, None), (9, 10, 5)]
)
def test_after_five_wrong_codes_the_next_one_waits_until_a_quarter_of_an_hour_is_over(
    wrong: int, ago: int | None, wait: int | None
) -> None:
    since = None if ago is None else NOW - timedelta(minutes=ago)

    assert wait_for_drill(wrong=wrong, since=since, now=NOW) == (None if wait is None else timedelta(minutes=wait))


@pytest.mark.parametrize(
    ("is_active", "is_another", "refused"),
    [
        (True, False, None),
        (False, False, Code.MEMBER_NOT_ACTIVE),
        (True, True, Code.RECOVERY_APPOINTED),
        (False, True, Code.RECOVERY_APPOINTED),
    ],
)
def test_recovery_session_appoints_one_active_member(is_active: bool, is_another: bool, refused: Code | None) -> None:
    assert code(may_appoint(is_active=is_active, is_another=is_another)) is refused


@pytest.mark.parametrize(
    ("is_own", "others_active", "refused"),
    [(True, False, None), (True, True, Code.RECOVERY_RETURN), (False, False, Code.RECOVERY_RETURN)],
)
def test_recovery_session_brings_its_own_member_back_where_nobody_is_left(
    is_own: bool, others_active: bool, refused: Code | None
) -> None:
    assert code(may_return(is_own=is_own, others_active=others_active)) is refused

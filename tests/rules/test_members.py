"""Members: who may recover, and what follows from how a directory lists them."""

from __future__ import annotations

import pytest

from app.rules.members import MemberState, may_recover


@pytest.mark.parametrize(
    ("state", "suspended", "is_admin", "held", "expected"),
    [
        (MemberState.ACTIVE, False, True, False, True),
        (MemberState.DEACTIVATED, False, True, False, False),
        (MemberState.DEACTIVATED, False, True, True, True),
        (MemberState.ACTIVE, True, True, True, False),
        (MemberState.ACTIVE, False, False, False, False),
    ],
)
def test_recovery_is_for_active_administrators_and_whoever_is_on_hold(
    state: MemberState, suspended: bool, is_admin: bool, held: bool, expected: bool
) -> None:
    assert may_recover(state=state, suspended=suspended, is_admin=is_admin, held=held) is expected

"""Guests whom the owner of their host takes away: who may go, and who has to stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.rules.guests import leaving
from app.rules.lockout import Standing, World
from app.rules.roles import EffectiveRole, RoleSource
from tests.rules.test_lockout import ADA, EMAIL, GRACE, NOW

BOB = replace(ADA, member_id="mem_b", email="bob@acme.test", last_signed_in_at=NOW + timedelta(minutes=1))
HELD = replace(ADA, held=True, role=EffectiveRole("admin", RoleSource.HELD))
DEMOTED = replace(ADA, role=EffectiveRole("member", RoleSource.DEFAULT))
NEW = replace(ADA, has_signed_in=False, last_signed_in_at=None)


def who(*guests: str, stored: tuple[Standing, ...], worked_out: tuple[Standing, ...] | None = None) -> set[str]:
    worked_out = stored if worked_out is None else worked_out
    return set(leaving(World(EMAIL, stored), World(EMAIL, worked_out), guests))


@pytest.mark.parametrize(
    ("guests", "administrators", "expected"),
    [
        (("mem_x", "mem_y"), (ADA,), {"mem_x", "mem_y"}),
        (("mem_a",), (ADA,), set()),
        (("mem_a", "mem_x"), (ADA,), {"mem_x"}),
        (("mem_a",), (ADA, GRACE), {"mem_a"}),
        (("mem_a", "mem_g"), (ADA, GRACE), {"mem_g"}),
        (("mem_a", "mem_b", "mem_g"), (ADA, BOB, GRACE), {"mem_a", "mem_g"}),
        (("mem_a", "mem_b"), (ADA, BOB, GRACE), {"mem_a", "mem_b"}),
        (("mem_a",), (ADA, replace(GRACE, has_signed_in=False)), set()),
        (("mem_g",), (ADA, replace(GRACE, has_signed_in=False)), {"mem_g"}),
        (("mem_a",), (NEW,), set()),
        (("mem_x",), (), {"mem_x"}),
    ],
    ids=[
        "no administrator is among them",
        "the only administrator",
        "the only administrator and somebody else",
        "one of two",
        "both of two: the latest to have signed in stays",
        "all of three",
        "two of three",
        "the only one who has ever signed in",
        "one who has never signed in",
        "the only one, who has never signed in",
        "nobody administers the organization",
    ],
)
def test_guests_go_as_long_as_somebody_is_left_who_can_administer(
    guests: tuple[str, ...], administrators: tuple[Standing, ...], expected: set[str]
) -> None:
    assert who(*guests, stored=administrators) == expected


def test_whoever_is_on_hold_stays_and_others_go() -> None:
    assert who("mem_a", "mem_x", stored=(HELD,), worked_out=(DEMOTED,)) == {"mem_x"}

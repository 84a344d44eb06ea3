"""Who lost something by a change, and when that is so many that administrators must hear of it."""

from __future__ import annotations

import pytest

from app.rules.lockout import Standing
from app.rules.mass_changes import Loss, Lost, is_mass_change, losses
from app.rules.members import MemberState
from app.rules.roles import EffectiveRole, RoleSource

PRIORITIES = {"admin": 1000, "editor": 50, "member": 0}
GONE = MemberState.DEACTIVATED


def person(role: str = "member", state: MemberState = MemberState.ACTIVE, *, member_id: str = "a") -> Standing:
    return Standing(
        member_id=member_id,
        email="",
        state=state,
        suspended=False,
        role=EffectiveRole(role, RoleSource.MAPPED),
        held=False,
        has_signed_in=True,
        last_signed_in_at=None,
        proofs=frozenset(),
    )


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        (person(), person(), None),
        (person(), person(state=GONE), Lost("a", Loss.DEACTIVATED, "member", "member")),
        (person("admin"), person("member", GONE), Lost("a", Loss.DEACTIVATED, "admin", "member")),
        (person("admin"), person("editor"), Lost("a", Loss.DEMOTED, "admin", "editor")),
        (person("editor"), person("admin"), None),
        (person("editor", GONE), person("member", GONE), None),
        (person("editor", GONE), person("member"), None),
        (person("deleted"), person("editor"), None),
        (person("editor"), person("deleted"), Lost("a", Loss.DEMOTED, "editor", "deleted")),
    ],
)
def test_loss_is_being_deactivated_or_having_a_role_of_lower_priority(
    before: Standing, after: Standing, lost: Lost | None
) -> None:
    assert losses([before], [after], priorities=PRIORITIES) == (() if lost is None else (lost,))


def test_each_person_is_compared_with_themselves() -> None:
    before = [person("admin", member_id="a"), person("editor", member_id="b")]
    after = [person("editor", member_id="b"), person("editor", member_id="a")]

    assert [lost.member_id for lost in losses(before, after, priorities=PRIORITIES)] == ["a"]


@pytest.mark.parametrize(
    ("people", "managed", "is_one"),
    [(5, 5, False), (6, 6, True), (6, 20, True), (6, 29, True), (6, 30, False), (6, 40, False), (21, 100, True)],
)
def test_more_than_five_and_more_than_a_fifth_are_a_mass_change(people: int, managed: int, is_one: bool) -> None:
    assert is_mass_change(people, managed=managed) is is_one

"""The mirror's records: which address a user is known by, what counts as changed, how membership operations add up."""

from __future__ import annotations

import pytest

from app.rules.directories import (
    Address,
    MembershipChange,
    MembershipOutcome,
    choose_address,
)
from scim.dialects import Deviation
from scim.understanding import understand_patch, understand_resource


@pytest.mark.parametrize(
    ("addresses", "user_name", "expected"),
    [
        ([Address("a@x.y", "work"), Address("B@x.y", "home", primary=True)], "u@x.y", "b@x.y"),
        ([Address("a@x.y", "home"), Address("b@x.y", "Work")], "u@x.y", "b@x.y"),
        ([Address("a@x.y"), Address("b@x.y", "home")], "u@x.y", "a@x.y"),
        ([Address("nonsense", primary=True), Address("b@x.y")], "u@x.y", "b@x.y"),
        ([], " U@x.y ", "u@x.y"),
        ([], "ada", None),
        ([], "@x.y", None),
        ([], "ada@", None),
        ([], "a da@x.y", None),
    ],
)
def test_address_is_primary_then_work_then_first_then_user_name(
    addresses: list[Address], user_name: str, expected: str | None
) -> None:
    assert choose_address(addresses, user_name=user_name) == expected


def test_membership_operations_add_up_in_order() -> None:
    change = MembershipChange().then_add(["a", "b"]).then_remove(["b", "c"])
    assert change == MembershipChange(added=frozenset("a"), removed=frozenset("bc"))
    assert change.then_add(["c"]).removed == {"b"}
    replaced = change.then_replace(["x", "y"]).then_remove(["x", "z"])
    assert replaced == MembershipChange(keeps_others=False, added=frozenset("y"))


def test_a_change_without_effect_is_empty_and_emptying_a_group_is_not() -> None:
    assert MembershipChange().is_empty
    assert not MembershipChange().then_replace([]).is_empty
    assert not MembershipOutcome().changed
    assert MembershipOutcome(removed=["a"]).changed


def test_deviations_are_named() -> None:
    body = {"members": ["x"], "roles": [{"primary": "", "value": "r"}, "odd"]}
    understood = understand_resource(body)
    assert understood.value == {"members": [{"value": "x"}], "roles": [{"value": "r"}, "odd"]}
    assert understood.deviations == {Deviation.MEMBER_AS_STRING, Deviation.PRIMARY_EMPTY}
    assert understand_patch([]).value == []
    operations = {"operations": ["odd", {"op": "add", "value": 1}, {"op": "remove", "path": "title"}]}
    assert understand_patch(operations).value == operations

"""Directory records: whose address counts, and what several membership operations come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.rules.directories import (
    Address,
    DirectoryUserRecord,
    MembershipChange,
    MembershipOutcome,
    TokenStanding,
    choose_address,
    matters_to_membership,
    token_standing,
)


@pytest.mark.parametrize(
    ("addresses", "user_name", "expected"),
    [
        ([Address("a@x.test"), Address("b@x.test", primary=True)], "u", "b@x.test"),
        ([Address("a@x.test", type="home"), Address("b@x.test", type="Work")], "u", "b@x.test"),
        ([Address("First@X.test"), Address("b@x.test")], "u", "first@x.test"),
        ([Address("not an address", primary=True), Address("b@x.test")], "u", "b@x.test"),
        ([], "User@X.test", "user@x.test"),
        ([Address("")], "user", None),
    ],
)
def test_address_is_the_primary_one_else_the_work_one_else_the_first_else_the_user_name(
    addresses: list[Address], user_name: str, expected: str | None
) -> None:
    assert choose_address(addresses, user_name=user_name) == expected


def test_operations_on_members_come_to_one_change_whatever_their_order() -> None:
    added_then_removed = MembershipChange().then_add(["a", "b"]).then_remove(["a"])
    removed_then_added = MembershipChange().then_remove(["a"]).then_add(["a"])
    replaced = MembershipChange().then_add(["a"]).then_replace(["c"]).then_remove(["c"]).then_add(["d"])

    assert added_then_removed == MembershipChange(added=frozenset({"b"}), removed=frozenset({"a"}))
    assert removed_then_added == MembershipChange(added=frozenset({"a"}))
    assert replaced == MembershipChange(keeps_others=False, added=frozenset({"d"}))
    assert MembershipChange().is_empty
    assert not replaced.is_empty


def test_membership_is_worked_out_again_only_for_a_change_that_it_depends_on() -> None:
    user = DirectoryUserRecord(
        user_name_key="ada",
        external_id=None,
        active=True,
        email="ada@x.test",
        name="Ada",
        document="{}",
        search_keys="[]",
    )

    for changed in ({"active": False}, {"email": "ada@y.test"}, {"name": "A"}, {"external_id": "1"}):
        assert matters_to_membership(user, replace(user, **changed))
    assert not matters_to_membership(user, replace(user, document='{"title": "Countess"}', user_name_key="a"))


def test_change_that_moved_nobody_is_no_change() -> None:
    assert not MembershipOutcome().changed
    assert MembershipOutcome(added=("a",)).changed


@pytest.mark.parametrize(
    ("expires_in", "is_revoked", "expected"),
    [
        (None, False, TokenStanding.WORKS),
        (timedelta(days=14, seconds=1), False, TokenStanding.WORKS),
        (timedelta(days=14), False, TokenStanding.EXPIRES_SOON),
        (timedelta(seconds=1), False, TokenStanding.EXPIRES_SOON),
        (timedelta(0), False, TokenStanding.EXPIRED),
        (timedelta(days=-1), True, TokenStanding.REVOKED),
        (None, True, TokenStanding.REVOKED),
    ],
)
def test_token_is_warned_about_two_weeks_before_it_expires(
    expires_in: timedelta | None, is_revoked: bool, expected: TokenStanding
) -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    expires_at = None if expires_in is None else now + expires_in

    assert token_standing(expires_at=expires_at, revoked_at=now if is_revoked else None, now=now) is expected

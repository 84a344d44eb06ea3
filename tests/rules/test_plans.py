"""Plans: what a change means for each person, what counts as a loss, and when a hash that was shown still holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.decisions import Allowed, Code, Refused
from app.rules.factors import MfaPolicy
from app.rules.lockout import Access, Guests, Standing, WayIn
from app.rules.members import MemberState
from app.rules.plans import Loss, Outlook, Plan, hash_of, holds_to, judge_shown, make_plan, outlook, position
from app.rules.roles import EffectiveRole, RoleSource

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PRIORITIES = {"admin": 1_000_000, "editor": 20, "author": 10, "member": 0}
EMAIL = Access(frozenset({"acme.test"}), None, Guests.REFUSE)
SSO = Access(frozenset({"acme.test"}), "rev_1", Guests.REFUSE)
ADA = Standing(
    member_id="mem_a",
    email="ada@acme.test",
    state=MemberState.ACTIVE,
    suspended=False,
    role=EffectiveRole("admin", RoleSource.GRANTED),
    held=False,
    has_signed_in=True,
    last_signed_in_at=NOW,
)


def role(slug: str) -> EffectiveRole:
    return EffectiveRole(slug, RoleSource.GRANTED)


def change(before: Standing | None, after: Standing, was: Access = EMAIL, becomes: Access = EMAIL) -> Outlook:
    earlier = None if before is None else position(before, was)
    return outlook(earlier, position(after, becomes), priorities=PRIORITIES)


def plan(*outlooks: Outlook, about: str = "a change") -> Plan:
    return make_plan(Allowed(), outlooks, about=about)


# -------------------------------------------------------------------------------------------------------------- losses


@pytest.mark.parametrize(
    ("before", "after", "losses"),
    [
        ("admin", "editor", {Loss.ADMINISTRATION, Loss.ROLE}),
        ("editor", "author", {Loss.ROLE}),
        ("author", "editor", set()),
        ("editor", "editor", set()),
        ("editor", "admin", set()),
        ("a-role-that-is-gone", "editor", {Loss.ROLE}),
    ],
)
def test_lower_role_is_a_loss_and_so_is_one_that_is_deleted(before: str, after: str, losses: set[Loss]) -> None:
    found = change(replace(ADA, role=role(before)), replace(ADA, role=role(after)))

    assert found.losses == losses
    assert found.is_change is (before != after)


@pytest.mark.parametrize(
    "taken",
    [{"suspended": True}, {"state": MemberState.DEACTIVATED}, {"removed": True}],
    ids=lambda taken: next(iter(taken)),
)
def test_whoever_cannot_sign_in_any_more_loses_that(taken: dict[str, object]) -> None:
    gone = replace(ADA, **taken)  # type: ignore[arg-type]  # the fields are Standing's own

    assert change(ADA, gone).losses == {Loss.SIGN_IN}
    assert change(gone, gone).losses == frozenset()
    totals = plan(change(ADA, gone)).totals
    assert (totals.shut_out, totals.leaving, totals.let_in) == (1, 1, 0)
    assert plan(change(gone, ADA)).totals.let_in == 1


def test_guest_is_shut_out_when_single_sign_on_is_required_and_guests_are_refused() -> None:
    guest = replace(ADA, email="ada@else.test")

    assert change(guest, guest, EMAIL, SSO).losses == {Loss.SIGN_IN}
    assert change(guest, guest, EMAIL, replace(SSO, guests=Guests.EMAIL_CODE)).losses == frozenset()


def test_another_way_in_is_no_loss_but_is_told_while_it_was_never_used() -> None:
    unproven = change(ADA, ADA, EMAIL, SSO)
    proven = change(ADA, replace(ADA, proofs=frozenset({"rev_1"})), EMAIL, SSO)

    assert (unproven.losses, unproven.must_prove, unproven.is_change) == (frozenset(), True, True)
    assert unproven.after.door is WayIn.SINGLE_SIGN_ON
    assert not proven.must_prove
    assert plan(unproven, proven).totals.must_prove == 1


def test_new_revision_that_somebody_has_not_used_is_told_although_the_way_in_is_the_same() -> None:
    ada = replace(ADA, proofs=frozenset({"rev_1"}))

    swapped = change(ada, ada, SSO, replace(SSO, sso_revision="rev_2"))

    assert swapped.must_prove
    assert swapped.is_change


def test_somebody_who_never_came_in_and_keeps_the_way_in_has_nothing_more_to_prove() -> None:
    never = replace(ADA, has_signed_in=False)

    assert not change(never, replace(never, role=role("editor"))).must_prove


def test_new_member_loses_nothing_and_is_counted_as_joining() -> None:
    joined = change(None, ADA)

    assert (joined.losses, joined.is_change, joined.must_prove) == (frozenset(), True, False)
    totals = plan(joined).totals
    assert (totals.joining, totals.leaving, totals.role_changed, totals.let_in) == (1, 0, 0, 0)


def test_people_for_whom_nothing_changes_are_not_in_the_plan() -> None:
    assert plan(change(ADA, ADA)).people == ()
    assert not plan(change(ADA, ADA)).takes


@pytest.mark.parametrize(
    "different",
    [
        {"role": EffectiveRole("admin", RoleSource.MAPPED, "map_1")},
        {"held": True},
        {"suspended": True, "state": MemberState.DEACTIVATED},
    ],
)
def test_role_for_another_reason_hold_or_state_is_a_change(different: dict[str, object]) -> None:
    inside = replace(ADA, state=MemberState.DEACTIVATED) if "state" in different else ADA

    assert change(inside, replace(inside, **different)).is_change  # type: ignore[arg-type]  # Standing's own fields


def test_those_who_lose_most_come_first() -> None:
    people = {
        "mem_1": ({"role": role("author")}, {"role": role("editor")}),
        "mem_2": ({"role": role("editor")}, {"role": role("author")}),
        "mem_3": ({}, {"suspended": True}),
        "mem_4": ({}, {"role": role("editor")}),
    }
    outlooks = [
        change(replace(ADA, member_id=id_, **before), replace(ADA, member_id=id_, **after))  # type: ignore[arg-type]
        for id_, (before, after) in people.items()
    ]
    outlooks.append(change(None, replace(ADA, member_id="mem_0")))

    found = plan(*outlooks)

    assert [one.member_id for one in found.people] == ["mem_4", "mem_3", "mem_2", "mem_0", "mem_1"]
    assert found.takes
    totals = found.totals
    assert (totals.changed, totals.demoted, totals.losing_administration, totals.role_changed) == (5, 2, 1, 3)


# ---------------------------------------------------------------------------------------------------------------- hash


def losing(number: int, *, to: str = "member") -> Outlook:
    person = replace(ADA, member_id=f"mem_{number}")
    return change(replace(person, role=role("editor")), replace(person, role=role(to)))


def gaining(number: int) -> Outlook:
    person = replace(ADA, member_id=f"mem_{number}")
    return change(replace(person, role=role("member")), replace(person, role=role("editor")))


def test_hash_holds_while_nothing_more_is_taken_whatever_else_changes() -> None:
    shown = plan(losing(1), losing(2)).hash

    assert holds_to(shown, plan(losing(1), losing(2)).hash)
    assert holds_to(shown, plan(losing(2), losing(1), gaining(3)).hash)
    assert holds_to(shown, plan(losing(1)).hash)
    assert holds_to(shown, plan().hash)


def test_hash_does_not_hold_once_somebody_loses_more_than_was_shown() -> None:
    shown = plan(losing(1), losing(2, to="author")).hash

    assert not holds_to(shown, plan(losing(1), losing(2, to="author"), losing(3)).hash)
    assert not holds_to(shown, plan(losing(1), losing(2, to="member")).hash)
    suspended = replace(ADA, member_id="mem_1", role=role("member"), suspended=True)
    also_shut_out = change(replace(ADA, member_id="mem_1", role=role("editor")), suspended)
    assert not holds_to(shown, plan(also_shut_out).hash)


def test_hash_does_not_hold_when_somebody_has_risen_since_and_would_fall_further() -> None:
    person = replace(ADA, member_id="mem_1")
    shown = plan(change(replace(person, role=role("author")), replace(person, role=role("member")))).hash

    assert not holds_to(
        shown, plan(change(replace(person, role=role("editor")), replace(person, role=role("member")))).hash
    )


def test_hash_does_not_hold_once_it_would_make_somebody_an_administrator_who_was_not_shown() -> None:
    stranger = replace(ADA, member_id="mem_9", email="mallory@acme.test")
    promoted = change(replace(stranger, role=role("member")), stranger)
    shown = plan(promoted).hash

    assert not holds_to(plan().hash, plan(promoted).hash)
    assert not holds_to(plan().hash, plan(change(None, stranger)).hash)
    assert holds_to(shown, plan(promoted).hash)
    assert holds_to(shown, plan().hash)
    assert not plan(promoted).takes
    totals = plan(promoted, gaining(1)).totals
    assert (totals.new_administrators, totals.promoted) == (1, 1)


def test_another_address_is_a_change_that_is_counted() -> None:
    moved = change(ADA, replace(ADA, email="lovelace@acme.test"))

    assert moved.is_change
    assert moved.losses == frozenset()
    assert plan(moved).totals.readdressed == 1
    assert plan(change(None, ADA)).totals.readdressed == 0


def test_nobody_is_asked_for_anything_behind_a_door_that_is_shut() -> None:
    shut_out = position(replace(ADA, suspended=True), replace(EMAIL, mfa=MfaPolicy.REQUIRED))

    assert (shut_out.door, shut_out.is_proven, shut_out.then) == (None, False, None)


@pytest.mark.parametrize(
    ("was", "becomes", "must_enroll"),
    [
        (EMAIL, replace(EMAIL, mfa=MfaPolicy.REQUIRED), True),
        (replace(EMAIL, mfa=MfaPolicy.REQUIRED), replace(EMAIL, mfa=MfaPolicy.REQUIRED), False),
        (replace(EMAIL, mfa=MfaPolicy.REQUIRED), EMAIL, False),
        (SSO, replace(SSO, mfa=MfaPolicy.REQUIRED), False),
    ],
)
def test_whoever_has_no_second_factor_must_set_one_up_where_it_comes_to_be_required(
    was: Access, becomes: Access, must_enroll: bool
) -> None:
    assert change(ADA, ADA, was, becomes).must_enroll is must_enroll
    assert not change(replace(ADA, is_enrolled=True), replace(ADA, is_enrolled=True), was, becomes).must_enroll


def test_hash_is_the_same_without_a_plan_around_it_whoever_stays_as_they_are() -> None:
    untouched = change(ADA, ADA)

    assert hash_of("one", [untouched, losing(2), losing(1), gaining(3)]) == plan(losing(1), losing(2), about="one").hash


def test_hash_is_good_for_no_other_change() -> None:
    assert not holds_to(plan(about="one").hash, plan(about="another").hash)


@pytest.mark.parametrize("shown", ["", "1", "*", "nonsense", "1--", "all", "1-" + "-".join(["all"] * 3), "x" * 100_000])
def test_hash_that_is_none_holds_to_nothing(shown: str) -> None:
    assert not holds_to(shown, plan(losing(1)).hash)
    assert not holds_to(shown, plan().hash)


def test_hash_of_very_many_losses_is_short_and_asks_for_exactly_them() -> None:
    many = [losing(number) for number in range(1000)]
    shown = plan(*many)

    assert len(shown.hash) < 100
    assert holds_to(shown.hash, shown.hash)
    assert not holds_to(shown.hash, plan(*many[:-1]).hash)
    assert not holds_to(shown.hash, plan(*many, losing(1000)).hash)
    assert not holds_to(plan(*many[:5]).hash, shown.hash)


@given(st.sets(st.integers(0, 80)), st.sets(st.integers(0, 80)), st.sets(st.integers(100, 110)))
def test_hash_of_what_fits_holds_exactly_for_subsets(shown: set[int], now: set[int], gains: set[int]) -> None:
    before, after = plan(*map(losing, shown)), plan(*map(losing, now), *map(gaining, gains))

    fits = len(shown) <= 64 and len(now) <= 64
    assert holds_to(before.hash, after.hash) is (now <= shown if fits else now == shown)


def test_change_that_needs_it_is_refused_without_a_hash_and_with_one_that_does_not_hold() -> None:
    now = plan(losing(1))

    assert isinstance(judge_shown(None, now.hash, required=False), Allowed)
    missing, outdated = judge_shown(None, now.hash, required=True), judge_shown(plan().hash, now.hash, required=False)
    assert isinstance(missing, Refused)
    assert isinstance(outdated, Refused)
    assert (missing.code, outdated.code) == (Code.PLAN_REQUIRED, Code.PLAN_OUTDATED)
    assert isinstance(judge_shown(now.hash, now.hash, required=True), Allowed)


# -------------------------------------------------------------------------------------------------------------- numbers


NEVER = replace(ADA, has_signed_in=False)
OUT = replace(ADA, state=MemberState.DEACTIVATED)


@pytest.mark.parametrize(
    ("before", "after", "becomes", "counted"),
    [
        (ADA, replace(ADA, role=role("editor")), EMAIL, {"role_changed", "demoted", "losing_administration"}),
        (replace(ADA, role=role("editor")), replace(ADA, role=role("author")), EMAIL, {"role_changed", "demoted"}),
        (replace(ADA, role=role("author")), replace(ADA, role=role("editor")), EMAIL, {"role_changed", "promoted"}),
        (replace(ADA, role=role("author")), ADA, EMAIL, {"role_changed", "new_administrators"}),
        (ADA, replace(ADA, role=EffectiveRole("admin", RoleSource.MAPPED, "map_1")), EMAIL, set()),
        (ADA, OUT, EMAIL, {"leaving", "shut_out"}),
        (OUT, ADA, EMAIL, {"let_in"}),
        (OUT, replace(OUT, role=role("editor")), EMAIL, {"role_changed", "demoted", "losing_administration"}),
        (replace(OUT, role=role("author")), replace(OUT, role=role("editor")), EMAIL, {"role_changed", "promoted"}),
        (ADA, replace(ADA, email="lovelace@acme.test"), EMAIL, {"readdressed"}),
        (ADA, ADA, SSO, {"must_prove"}),
        (NEVER, NEVER, SSO, {"must_prove"}),
        (ADA, OUT, SSO, {"leaving", "shut_out"}),
        (None, NEVER, SSO, {"joining", "new_administrators"}),
        (None, replace(NEVER, role=role("member")), EMAIL, {"joining"}),
        (None, replace(OUT, role=role("member")), EMAIL, {"joining"}),
    ],
)
def test_every_person_counts_where_something_happens_to_them_and_nowhere_else(
    before: Standing | None, after: Standing, becomes: Access, counted: set[str]
) -> None:
    totals = plan(change(before, after, EMAIL, becomes)).totals

    assert {name for name in totals.__slots__ if getattr(totals, name)} == counted | {"changed"}


def test_losing_the_way_in_is_the_same_loss_whatever_the_role_is_meanwhile() -> None:
    author, editor = replace(ADA, role=role("author")), replace(ADA, role=role("editor"))

    shown = plan(change(author, replace(author, suspended=True)))

    assert holds_to(shown.hash, plan(change(editor, replace(editor, suspended=True))).hash)


def test_administrator_for_another_reason_is_no_new_one() -> None:
    mapped = change(ADA, replace(ADA, role=EffectiveRole("admin", RoleSource.MAPPED, "map_1")))

    assert holds_to(plan().hash, plan(mapped).hash)


def test_hash_lists_up_to_so_many_losses_and_their_order_does_not_matter() -> None:
    listed, counted = plan(*map(losing, range(64))), plan(*map(losing, range(65)))

    assert holds_to(listed.hash, plan(*map(losing, range(63))).hash)
    assert not holds_to(counted.hash, listed.hash)
    head, pieces = listed.hash.split("-")[:2], listed.hash.split("-")[2:]
    assert holds_to("-".join((*head, *reversed(pieces))), listed.hash)


def test_plan_keeps_the_names_of_groups_and_everybodys_address() -> None:
    found = make_plan(Allowed(), [change(ADA, OUT)], about="a change", groups={"map_1": "Staff"})

    assert found.groups == {"map_1": "Staff"}
    assert [one.email for one in found.people] == ["ada@acme.test"]
    assert plan().groups == {}

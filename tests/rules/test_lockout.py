"""The guard's own decisions, without a database: who is usable, what is refused, who is held."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.factors import MfaPolicy, SecondStep
from app.rules.lockout import (
    Access,
    Guests,
    Settlement,
    Standing,
    WayIn,
    World,
    after_door,
    door,
    is_usable,
    settle,
    step_after,
    usable,
    way_in,
)
from app.rules.members import MemberState
from app.rules.roles import EffectiveRole, RoleSource

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ADMIN = EffectiveRole("admin", RoleSource.GRANTED)
PLAIN = EffectiveRole("member", RoleSource.DEFAULT)
EMAIL = Access(frozenset({"acme.test"}), None, Guests.REFUSE)
SSO = Access(frozenset({"acme.test"}), "rev_1", Guests.REFUSE)
ADA = Standing(
    member_id="mem_a",
    email="ada@acme.test",
    state=MemberState.ACTIVE,
    suspended=False,
    role=ADMIN,
    held=False,
    has_signed_in=True,
    last_signed_in_at=NOW,
    proofs=frozenset({"rev_1"}),
)
GRACE = replace(ADA, member_id="mem_g", email="grace@acme.test", last_signed_in_at=None)


@pytest.mark.parametrize(
    ("person", "access", "expected"),
    [
        (ADA, EMAIL, WayIn.EMAIL_CODE),
        (replace(ADA, has_signed_in=False), EMAIL, None),
        (replace(ADA, suspended=True), EMAIL, None),
        (replace(ADA, removed=True), EMAIL, None),
        (replace(ADA, state=MemberState.DEACTIVATED), EMAIL, None),
        (replace(ADA, state=MemberState.INVITED), EMAIL, None),
        (ADA, SSO, WayIn.SINGLE_SIGN_ON),
        (replace(ADA, proofs=frozenset({"rev_0"})), SSO, None),
        (replace(ADA, email="ada@other.test"), SSO, None),
        (replace(ADA, email="ada@other.test"), replace(SSO, guests=Guests.EMAIL_CODE), WayIn.EMAIL_CODE),
    ],
)
def test_way_in_is_what_the_settings_leave_open_and_the_person_has_proven(
    person: Standing, access: Access, expected: WayIn | None
) -> None:
    assert way_in(person, access) is expected


@pytest.mark.parametrize("change", [{"held": True}, {"role": PLAIN}, {"suspended": True}])
def test_administrator_on_hold_demoted_or_suspended_is_not_usable(change: dict[str, object]) -> None:
    assert is_usable(ADA, EMAIL)
    assert not is_usable(replace(ADA, **change), EMAIL)  # type: ignore[arg-type]  # the fields are Standing's own


def test_change_that_leaves_an_administrator_is_allowed_and_names_them() -> None:
    outcome = settle(World(EMAIL, (ADA, GRACE)), World(EMAIL, (ADA, replace(GRACE, role=PLAIN))), by_person=True)

    assert outcome.proof == {"administrator": "mem_a", "email": "ada@acme.test", "way_in": "email_code"}


@pytest.mark.parametrize(
    ("person", "access", "step"),
    [
        (ADA, replace(EMAIL, mfa=MfaPolicy.REQUIRED), "enroll"),
        (replace(ADA, is_enrolled=True), EMAIL, "code"),
        (replace(ADA, is_enrolled=True), replace(SSO, mfa=MfaPolicy.REQUIRED), None),
    ],
)
def test_proof_names_the_second_step_of_a_way_in_that_has_one(
    person: Standing, access: Access, step: str | None
) -> None:
    outcome = settle(World(access, (person,)), World(access, (person,)), by_person=True)

    assert outcome.proof.get("second_step") == step


def test_persons_change_that_leaves_nobody_is_refused_and_names_the_last() -> None:
    outcome = settle(World(EMAIL, (ADA,)), World(EMAIL, (replace(ADA, role=PLAIN),)), by_person=True)

    assert isinstance(outcome.decision, Refused)
    assert outcome.decision.code is Code.LAST_ADMINISTRATOR
    assert outcome.people == (ADA,)
    assert outcome.proof == {}


def test_turning_on_single_sign_on_that_no_administrator_has_proven_is_refused() -> None:
    people = (replace(ADA, proofs=frozenset()),)

    assert isinstance(settle(World(EMAIL, people), World(SSO, people), by_person=True).decision, Refused)


def test_push_that_leaves_nobody_holds_the_latest_to_have_signed_in_and_only_them() -> None:
    before = World(EMAIL, (GRACE, ADA))
    after = World(EMAIL, (replace(GRACE, role=PLAIN), replace(ADA, role=PLAIN)))

    outcome = settle(before, after, by_person=False)

    assert [person.member_id for person in outcome.held] == ["mem_a"]
    assert [(person.member_id, person.role.role) for person in outcome.people] == [
        ("mem_g", "member"),
        ("mem_a", "admin"),
    ]


def test_held_person_is_released_as_soon_as_somebody_else_is_usable() -> None:
    on_hold = replace(ADA, held=True, role=EffectiveRole("admin", RoleSource.HELD))
    outcome = settle(World(EMAIL, (on_hold,)), World(EMAIL, (replace(ADA, role=PLAIN), GRACE)), by_person=False)

    assert [person.member_id for person in outcome.released] == ["mem_a"]
    assert outcome.people[0].role == PLAIN


def test_held_person_stays_on_hold_through_further_pushes() -> None:
    on_hold = replace(ADA, held=True, role=EffectiveRole("admin", RoleSource.HELD))
    after = World(EMAIL, (replace(ADA, role=PLAIN, state=MemberState.DEACTIVATED),))

    outcome = settle(World(EMAIL, (on_hold,)), after, by_person=False)

    assert outcome.people[0].held
    assert outcome.held == ()
    assert outcome.people[0].state is MemberState.DEACTIVATED


def test_held_person_made_administrator_again_without_a_proven_way_in_is_released_but_still_one() -> None:
    on_hold = replace(ADA, held=True, role=EffectiveRole("admin", RoleSource.HELD), proofs=frozenset())
    after = World(SSO, (replace(on_hold, held=False, role=ADMIN),))

    outcome = settle(World(SSO, (on_hold,)), after, by_person=False)

    assert [person.member_id for person in outcome.released] == ["mem_a"]
    assert not outcome.people[0].held


@pytest.mark.parametrize("change", [{"suspended": True}, {"removed": True}])
def test_taking_the_way_back_of_the_only_administrator_on_hold_is_refused(change: dict[str, object]) -> None:
    on_hold = replace(ADA, held=True, role=EffectiveRole("admin", RoleSource.HELD))
    after = World(EMAIL, (replace(ADA, role=PLAIN, **change),))  # type: ignore[arg-type]  # Standing's own fields

    outcome = settle(World(EMAIL, (on_hold,)), after, by_person=True)

    assert isinstance(outcome.decision, Refused)
    assert outcome.decision.code is Code.LAST_HELD_ADMINISTRATOR


def test_other_changes_are_allowed_while_only_held_administrators_are_left() -> None:
    on_hold = replace(ADA, held=True, role=EffectiveRole("admin", RoleSource.HELD))
    outcome = settle(World(EMAIL, (on_hold,)), World(EMAIL, (replace(ADA, role=PLAIN),)), by_person=True)

    assert isinstance(outcome.decision, Allowed)
    assert outcome.people[0].held


def test_role_may_not_be_taken_from_the_only_one_who_has_it_even_if_they_never_signed_in() -> None:
    fresh = replace(ADA, has_signed_in=False)
    after = World(EMAIL, (replace(fresh, role=PLAIN),))

    assert isinstance(settle(World(EMAIL, (fresh,)), after, by_person=True).decision, Refused)
    assert settle(World(EMAIL, (fresh,)), after, by_person=False).held


def test_push_in_an_organization_without_any_administrator_changes_what_it_says() -> None:
    nobody = World(EMAIL, (replace(ADA, role=PLAIN),))

    assert settle(nobody, nobody, by_person=False).people == nobody.people


def test_push_that_only_takes_the_proof_of_an_administrator_who_stays_one_holds_nobody() -> None:
    after = World(SSO, (replace(ADA, proofs=frozenset()),))

    assert settle(World(SSO, (ADA,)), after, by_person=False).held == ()


def test_removed_person_cannot_be_held() -> None:
    after = World(EMAIL, (replace(ADA, removed=True),))

    assert settle(World(EMAIL, (ADA,)), after, by_person=False).held == ()


_ACCESSES = st.sampled_from([EMAIL, SSO, replace(SSO, guests=Guests.EMAIL_CODE)])


@st.composite
def _people(draw: st.DrawFn) -> tuple[Standing, ...]:
    def person(name: str) -> Standing:
        held = draw(st.booleans())
        role = EffectiveRole("admin", RoleSource.HELD) if held else draw(st.sampled_from([ADMIN, PLAIN]))
        return Standing(
            member_id=f"mem_{name}",
            email=f"{name}@{draw(st.sampled_from(['acme.test', 'guest.test']))}",
            state=draw(st.sampled_from(MemberState)),
            suspended=draw(st.booleans()),
            role=role,
            held=held,
            has_signed_in=draw(st.booleans()),
            last_signed_in_at=NOW,
            proofs=draw(st.sampled_from([frozenset(), frozenset({"rev_1"})])),
        )

    return tuple(person(name) for name in ("a", "b", "c"))


@given(before=_people(), after=_people(), first=_ACCESSES, second=_ACCESSES, by_person=st.booleans())
def test_nobody_usable_before_and_nobody_usable_or_held_after_never_follows_a_usable_one(
    before: tuple[Standing, ...], after: tuple[Standing, ...], first: Access, second: Access, by_person: bool
) -> None:
    """From a world with a usable administrator no allowed change leads to one with neither a usable nor a held
    administrator.
    """
    worked_out = tuple(replace(person, held=False, role=ADMIN if person.held else person.role) for person in after)
    start = World(first, before)
    outcome = settle(start, World(second, worked_out), by_person=by_person)
    if not usable(start) or isinstance(outcome.decision, Refused):
        return
    left = World(second, outcome.people)
    still_admin = [person for person in left.people if person.holds_admin and person.is_present]
    assert usable(left) or [person for person in left.people if person.held] or still_admin


@given(before=_people(), after=_people(), access=_ACCESSES, by_person=st.booleans())
def test_hold_never_stands_beside_a_usable_administrator(
    before: tuple[Standing, ...], after: tuple[Standing, ...], access: Access, by_person: bool
) -> None:
    worked_out = tuple(replace(person, held=False) for person in after)
    outcome = settle(World(access, before), World(access, worked_out), by_person=by_person)
    if isinstance(outcome.decision, Refused):
        return
    left = World(access, outcome.people)
    assert not (usable(left) and any(person.held for person in left.people))


def test_member_on_hold_who_would_make_themselves_administrator_is_refused_whoever_else_becomes_one() -> None:
    on_hold = replace(ADA, held=True, role=EffectiveRole("admin", RoleSource.HELD))
    after = World(EMAIL, (ADA, GRACE))

    outcome = settle(World(EMAIL, (on_hold,)), after, by_person=True, acting="mem_a")

    assert isinstance(outcome.decision, Refused)
    assert outcome.decision.code is Code.OWN_HOLD
    assert not isinstance(settle(World(EMAIL, (on_hold,)), after, by_person=True).decision, Refused)


def test_guest_on_hold_keeps_the_way_in_they_have() -> None:
    guest = replace(ADA, email="ada@other.test", role=PLAIN)
    on_hold = replace(guest, held=True, role=EffectiveRole("admin", RoleSource.HELD))
    allowed = replace(SSO, guests=Guests.EMAIL_CODE)

    outcome = settle(World(allowed, (on_hold,)), World(SSO, (guest,)), by_person=True)

    assert isinstance(outcome.decision, Refused)
    assert outcome.decision.code is Code.LAST_HELD_ADMINISTRATOR


# ------------------------------------------------------------------------------------------ the smallest change to make


TEST_FIRST = (
    "Have grace@acme.test, who is an administrator, come in through the identity provider with exactly these settings"
    " first: a test sign-in is enough."
)


@pytest.mark.parametrize(
    ("left", "access", "fix"),
    [
        ({"has_signed_in": False}, EMAIL, "Have grace@acme.test, who is an administrator, sign in once first."),
        ({"proofs": frozenset()}, SSO, TEST_FIRST),
        ({"suspended": True}, EMAIL, "Lift the suspension of grace@acme.test, who is an administrator, first."),
        ({"suspended": True}, SSO, "Lift the suspension of grace@acme.test, who is an administrator, first."),
        ({"state": MemberState.DEACTIVATED}, EMAIL, "Make another active member who has signed in an admin first."),
        (
            {"state": MemberState.DEACTIVATED, "suspended": True},
            EMAIL,
            "Make another active member who has signed in an admin first.",
        ),
        ({"removed": True}, EMAIL, "Make another active member who has signed in an admin first."),
        ({"role": PLAIN}, EMAIL, "Make another active member who has signed in an admin first."),
        ({"email": "grace@other.test"}, SSO, "Make another active member who has signed in an admin first."),
    ],
)
def test_refusal_names_the_smallest_change_that_would_be_enough(
    left: dict[str, object], access: Access, fix: str
) -> None:
    grace = replace(GRACE, **left)  # type: ignore[arg-type]  # the fields are Standing's own

    outcome = settle(World(access, (ADA, grace)), World(access, (replace(ADA, role=PLAIN), grace)), by_person=True)

    assert isinstance(outcome.decision, Refused)
    assert outcome.decision.fix == fix
    assert outcome.decision.facts == {"last": "ada@acme.test"}


def test_smallest_change_names_the_latest_to_have_signed_in() -> None:
    lin = replace(GRACE, member_id="mem_l", email="lin@acme.test", proofs=frozenset(), last_signed_in_at=NOW)
    grace = replace(GRACE, proofs=frozenset())

    outcome = settle(World(SSO, (ADA, grace, lin)), World(SSO, (replace(ADA, role=PLAIN), grace, lin)), by_person=True)

    assert isinstance(outcome.decision, Refused)
    assert str(outcome.decision.fix).startswith("Have lin@acme.test")


HELD = EffectiveRole("admin", RoleSource.HELD)
FRESH = replace(ADA, has_signed_in=False, last_signed_in_at=None)
FRESH_GRACE = replace(GRACE, has_signed_in=False)
GRACE_PLAIN = replace(GRACE, role=PLAIN)


def on_hold(person: Standing, **changes: object) -> Standing:
    return replace(person, held=True, role=HELD, **changes)  # type: ignore[arg-type]  # the fields are Standing's own


def code_of(outcome: Settlement) -> Code | None:
    return outcome.decision.code if isinstance(outcome.decision, Refused) else None


def test_usable_administrators_stand_in_the_order_of_their_last_sign_in_and_then_of_their_ids() -> None:
    later = replace(ADA, member_id="mem_z", last_signed_in_at=NOW + timedelta(minutes=1))
    tested_only = replace(GRACE, member_id="mem_0")
    people = (GRACE, ADA, replace(ADA, member_id="mem_b"), later, tested_only)

    assert [person.member_id for person in usable(World(SSO, people))] == ["mem_z", "mem_a", "mem_b", "mem_0", "mem_g"]


def test_where_nobody_is_usable_there_is_no_lockout_proof() -> None:
    outcome = settle(World(EMAIL, (FRESH,)), World(EMAIL, (FRESH,)), by_person=True)

    assert outcome.decision == Allowed()
    assert outcome.proof == {}


def test_member_on_hold_may_make_somebody_else_an_administrator() -> None:
    demoted, promoted = replace(ADA, role=PLAIN), replace(GRACE, has_signed_in=False)
    before = World(EMAIL, (on_hold(ADA), replace(promoted, role=PLAIN)))

    outcome = settle(before, World(EMAIL, (demoted, promoted)), by_person=True, acting="mem_a")

    assert isinstance(outcome.decision, Allowed)
    assert outcome.people == (on_hold(ADA), promoted)


def test_administrator_who_is_not_on_hold_may_release_whoever_is() -> None:
    before = World(EMAIL, (on_hold(ADA), FRESH_GRACE))

    outcome = settle(before, World(EMAIL, (ADA, FRESH_GRACE)), by_person=True, acting="mem_g")

    assert isinstance(outcome.decision, Allowed)
    assert outcome.released == (ADA,)


def test_grant_that_leaves_the_one_on_hold_deactivated_does_not_lift_the_hold_and_may_be_asked_for() -> None:
    away = replace(ADA, state=MemberState.DEACTIVATED)

    outcome = settle(World(EMAIL, (on_hold(away),)), World(EMAIL, (away,)), by_person=True, acting="mem_a")

    assert isinstance(outcome.decision, Allowed)
    assert outcome.people == (on_hold(away),)
    assert outcome.released == ()


def test_last_one_who_has_the_role_at_all_is_named_by_the_refusal() -> None:
    outcome = settle(World(EMAIL, (FRESH,)), World(EMAIL, (replace(FRESH, role=PLAIN),)), by_person=True)

    assert code_of(outcome) is Code.LAST_ADMINISTRATOR
    assert isinstance(outcome.decision, Refused)
    assert outcome.decision.facts == {"last": "ada@acme.test"}


def test_where_nobody_is_usable_any_change_is_allowed_that_leaves_somebody_with_the_role() -> None:
    before = World(EMAIL, (FRESH, FRESH_GRACE))

    outcome = settle(before, World(EMAIL, (replace(FRESH, role=PLAIN), FRESH_GRACE)), by_person=True)

    assert isinstance(outcome.decision, Allowed)


@pytest.mark.parametrize("change", [{"suspended": True}, {"state": MemberState.DEACTIVATED}, {"removed": True}])
def test_somebody_who_has_the_role_but_is_away_is_not_left_with_it(change: dict[str, object]) -> None:
    away = replace(FRESH, **change)  # type: ignore[arg-type]  # the fields are Standing's own

    assert code_of(settle(World(EMAIL, (FRESH,)), World(EMAIL, (away,)), by_person=True)) is Code.LAST_ADMINISTRATOR


def test_in_an_organization_without_any_administrator_nothing_is_refused() -> None:
    nobody, away = World(EMAIL, (replace(ADA, role=PLAIN),)), World(EMAIL, (replace(ADA, suspended=True),))

    assert isinstance(settle(nobody, nobody, by_person=True).decision, Allowed)
    assert isinstance(settle(away, nobody, by_person=True).decision, Allowed)


def test_push_that_takes_the_only_proven_administrator_holds_them_beside_one_who_never_signed_in() -> None:
    after = World(EMAIL, (replace(ADA, role=PLAIN), FRESH_GRACE))

    outcome = settle(World(EMAIL, (ADA, FRESH_GRACE)), after, by_person=False)

    assert outcome.people == (on_hold(ADA), FRESH_GRACE)


def test_push_that_takes_one_of_two_who_never_signed_in_holds_nobody() -> None:
    after = World(EMAIL, (replace(FRESH, role=PLAIN), FRESH_GRACE))

    outcome = settle(World(EMAIL, (FRESH, FRESH_GRACE)), after, by_person=False)

    assert outcome.people == after.people


def test_push_that_takes_another_administrator_beside_one_on_hold_holds_nobody_else() -> None:
    before = World(EMAIL, (on_hold(ADA), FRESH_GRACE))
    after = World(EMAIL, (replace(ADA, role=PLAIN), replace(FRESH_GRACE, role=PLAIN)))

    outcome = settle(before, after, by_person=False)

    assert outcome.people == (on_hold(ADA), replace(FRESH_GRACE, role=PLAIN))
    assert outcome.held == outcome.released == ()


def test_push_that_deactivates_the_last_administrator_holds_them_as_deactivated() -> None:
    away = replace(ADA, state=MemberState.DEACTIVATED)

    outcome = settle(World(EMAIL, (ADA,)), World(EMAIL, (away,)), by_person=False)

    assert outcome.held == outcome.people == (on_hold(away),)


def test_push_that_takes_several_passes_over_whoever_was_removed() -> None:
    before = World(EMAIL, (ADA, replace(GRACE, last_signed_in_at=NOW - timedelta(days=1))))
    after = World(EMAIL, (replace(ADA, removed=True), replace(before.people[1], role=PLAIN)))

    assert [person.member_id for person in settle(before, after, by_person=False).held] == ["mem_g"]


def test_one_of_several_on_hold_who_may_return_is_enough() -> None:
    before = World(EMAIL, (on_hold(ADA), on_hold(GRACE)))
    after = World(EMAIL, (replace(ADA, role=PLAIN, suspended=True), replace(GRACE, role=PLAIN)))

    assert isinstance(settle(before, after, by_person=True).decision, Allowed)


def test_operator_may_make_the_one_on_hold_an_administrator_again_who_only_has_to_prove_a_way_in() -> None:
    unproven = replace(ADA, proofs=frozenset())

    outcome = settle(World(SSO, (on_hold(unproven),)), World(SSO, (unproven,)), by_person=True)

    assert isinstance(outcome.decision, Allowed)
    assert outcome.people == outcome.released == (unproven,)


def test_deactivated_person_on_hold_loses_no_way_in_when_guests_are_refused() -> None:
    """They come back by recovery only, before as after."""
    away = replace(ADA, email="ada@other.test", state=MemberState.DEACTIVATED, role=PLAIN)
    before = World(replace(SSO, guests=Guests.EMAIL_CODE), (on_hold(away),))

    assert isinstance(settle(before, World(SSO, (away,)), by_person=True).decision, Allowed)


def test_request_that_deactivates_the_only_one_on_hold_who_could_sign_in_is_refused() -> None:
    """Turning a directory on that lists them as inactive; somebody who never signed in does not make up for it."""
    deactivated = replace(ADA, state=MemberState.DEACTIVATED, role=PLAIN)
    newcomer = replace(GRACE, has_signed_in=False, last_signed_in_at=None)
    before = World(EMAIL, (on_hold(ADA), replace(newcomer, role=PLAIN)))

    left_alone = settle(before, World(EMAIL, (deactivated, newcomer)), by_person=True)
    replaced = settle(before, World(EMAIL, (deactivated, GRACE)), by_person=True)

    assert code_of(left_alone) is Code.LAST_HELD_ADMINISTRATOR
    assert isinstance(replaced.decision, Allowed)


def test_request_after_which_nobody_on_hold_is_there_at_all_is_refused() -> None:
    """A guest whose membership would end, because the owner of their host brings their address."""
    outcome = settle(World(EMAIL, (on_hold(ADA), GRACE_PLAIN)), World(EMAIL, (GRACE_PLAIN,)), by_person=True)

    assert code_of(outcome) is Code.LAST_HELD_ADMINISTRATOR


def test_refusal_that_keeps_a_hold_names_who_is_on_hold() -> None:
    after = World(EMAIL, (GRACE_PLAIN, replace(ADA, role=PLAIN, suspended=True)))

    outcome = settle(World(EMAIL, (GRACE_PLAIN, on_hold(ADA))), after, by_person=True)

    assert isinstance(outcome.decision, Refused)
    assert outcome.decision.facts == {"last": "ada@acme.test"}
    assert outcome.people == (GRACE_PLAIN, on_hold(ADA))


def test_guest_on_hold_is_not_made_an_administrator_again_by_what_takes_their_way_in() -> None:
    """Their host would be verified: the provider has to let them in then, and nobody knows yet that it does."""
    guest = replace(ADA, email="ada@other.test", proofs=frozenset())
    before = World(replace(SSO, guests=Guests.EMAIL_CODE), (on_hold(guest),))
    verified = Access(frozenset({"acme.test", "other.test"}), "rev_1", Guests.EMAIL_CODE)

    outcome = settle(before, World(verified, (guest,)), by_person=True)

    assert code_of(outcome) is Code.LAST_HELD_ADMINISTRATOR
    assert outcome.people == (on_hold(guest),)


def test_smallest_change_names_nobody_whom_the_change_itself_makes_an_administrator_or_suspends() -> None:
    generic = "Make another active member who has signed in an admin first."
    promoted = settle(
        World(EMAIL, (ADA, replace(GRACE, role=PLAIN, has_signed_in=False))),
        World(EMAIL, (replace(ADA, role=PLAIN), replace(GRACE, has_signed_in=False))),
        by_person=True,
    )
    suspended = settle(World(EMAIL, (ADA,)), World(EMAIL, (replace(ADA, suspended=True),)), by_person=True)

    for outcome in (promoted, suspended):
        assert isinstance(outcome.decision, Refused)
        assert outcome.decision.fix == generic


def _without_second_step(decision: Decision) -> Decision:
    """The decision, with its proof naming the way in alone."""
    if isinstance(decision, Refused) or decision.proof is None:
        return decision
    return Allowed({name: told for name, told in decision.proof.items() if name != "second_step"})


def test_nothing_more_is_asked_of_whoever_cannot_come_in_at_all() -> None:
    required = replace(EMAIL, mfa=MfaPolicy.REQUIRED)

    assert step_after(replace(ADA, suspended=True), required) is None
    assert step_after(ADA, required) is SecondStep.ENROLL


@given(
    before=_people(),
    after=_people(),
    first=_ACCESSES,
    second=_ACCESSES,
    by_person=st.booleans(),
)
def test_second_factor_changes_nothing_of_what_the_guard_decides(
    before: tuple[Standing, ...], after: tuple[Standing, ...], first: Access, second: Access, by_person: bool
) -> None:
    """So neither requiring one nor losing one can lock anybody out, and the search of small worlds needs to know of
    neither: whoever has none sets one up behind their door.
    """

    def with_factors(people: tuple[Standing, ...]) -> tuple[Standing, ...]:
        return tuple(replace(person, is_enrolled=number % 2 == 0) for number, person in enumerate(people))

    plain = settle(World(first, before), World(second, after), by_person=by_person)
    required = replace(second, mfa=MfaPolicy.REQUIRED)

    held_to_it = settle(World(first, with_factors(before)), World(required, with_factors(after)), by_person=by_person)

    assert _without_second_step(held_to_it.decision) == plain.decision
    assert held_to_it.people == with_factors(plain.people)
    for person in after:
        way = door(person, required)
        asked = None if way is None else after_door(person, way, required)
        assert (asked is None) is way_in_is_closed(person, required)


def way_in_is_closed(person: Standing, access: Access) -> bool:
    """Whether nobody is asked anything here: no door, or one that the identity provider keeps."""
    return door(person, access) in {None, WayIn.SINGLE_SIGN_ON}

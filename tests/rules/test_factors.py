"""Second factors: which code counts, when too many were wrong, and who is asked for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.actor import Actor, ActorKind
from app.rules.decisions import Allowed, Code, Refused
from app.rules.factors import (
    DAY,
    DRIFT,
    LOCK,
    NOTICED_DRIFT,
    STEP,
    WRONG_IN_A_DAY,
    WRONG_IN_A_ROW,
    MfaPolicy,
    SecondStep,
    Tries,
    Verdict,
    as_issuer,
    judge,
    second_step,
)
from app.rules.prerequisites import Acting, Recovery, release_mfa, require_mfa, reset_factor

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STORED = Recovery(unused=10, confirmed=True)
ENROLLED = Acting(host="acme.test", is_enrolled=True, passed_mfa_at=NOW)


def codes(now_step: int) -> dict[int, str]:
    """A code for each step around now, each of them different."""
    return {step: f"{step:06}" for step in range(now_step - NOTICED_DRIFT, now_step + NOTICED_DRIFT + 1)}


@pytest.mark.parametrize(
    ("is_enrolled", "policy", "through_provider", "expected"),
    [
        (False, MfaPolicy.OFF, False, None),
        (False, MfaPolicy.REQUIRED, False, SecondStep.ENROLL),
        (True, MfaPolicy.OFF, False, SecondStep.CODE),
        (True, MfaPolicy.REQUIRED, False, SecondStep.CODE),
        (False, MfaPolicy.REQUIRED, True, None),
        (True, MfaPolicy.REQUIRED, True, None),
    ],
)
def test_who_is_enrolled_is_asked_for_a_code_and_who_is_not_enrolls_where_it_is_required(
    is_enrolled: bool, policy: MfaPolicy, through_provider: bool, expected: SecondStep | None
) -> None:
    assert second_step(is_enrolled=is_enrolled, policy=policy, through_provider=through_provider) is expected


@given(offset=st.integers(-NOTICED_DRIFT, NOTICED_DRIFT), used=st.one_of(st.none(), st.integers(900, 1100)))
def test_code_counts_within_one_step_of_now_and_after_the_last_one_used(offset: int, used: int | None) -> None:
    judged = judge(f"{1000 + offset:06}", codes(1000), now_step=1000, last_step=used)

    if abs(offset) > DRIFT:
        assert judged.verdict is Verdict.CLOCK_OFF
        assert judged.off_by == offset * STEP
    elif used is not None and 1000 + offset <= used:
        assert judged.verdict is Verdict.USED
    else:
        assert (judged.verdict, judged.step) == (Verdict.RIGHT, 1000 + offset)


@given(typed=st.text(max_size=12))
def test_anything_else_is_wrong_and_never_an_error(typed: str) -> None:
    judged = judge(typed, codes(1000), now_step=1000, last_step=None)

    assert judged.verdict is Verdict.WRONG or typed in codes(1000).values()
    assert judged.step is None or typed in codes(1000).values()


def test_code_that_two_steps_share_is_taken_for_the_one_that_is_not_used_up() -> None:
    shared = {999: "123456", 1000: "000001", 1001: "123456"}

    judged = judge("123456", shared, now_step=1000, last_step=1000)

    assert (judged.verdict, judged.step) == (Verdict.RIGHT, 1001)


def test_used_code_is_not_taken_for_one_of_another_time_that_happens_to_be_the_same() -> None:
    shared = {1000: "123456", 1001: "000001", 1005: "123456"}

    assert judge("123456", shared, now_step=1000, last_step=1000).verdict is Verdict.USED


@pytest.mark.parametrize("name", ["Acme", "株" * 200, "é" * 200, " Acme "])
def test_issuer_is_the_beginning_of_the_name_and_fits_into_a_code(name: str) -> None:
    issuer = as_issuer(name)

    assert issuer
    assert name.strip().startswith(issuer)
    assert len(issuer.encode()) <= 64


def test_new_day_of_tries_begins_a_day_after_the_first_one() -> None:
    tries = wrong(Tries(), 3, NOW)

    assert tries.after_wrong(NOW + DAY - timedelta(seconds=1)).in_a_day == 4
    new = tries.after_wrong(NOW + DAY)
    assert (new.in_a_day, new.day_began_at) == (1, NOW + DAY)
    assert new.after_wrong(NOW + DAY + timedelta(hours=1)).day_began_at == NOW + DAY


def wrong(tries: Tries, times: int, at: datetime) -> Tries:
    for _ in range(times):
        tries = tries.after_wrong(at)
    return tries


def test_fifth_wrong_code_in_a_row_locks_for_a_quarter_of_an_hour() -> None:
    tries = wrong(Tries(), WRONG_IN_A_ROW - 1, NOW)
    assert tries.locked_for(NOW) is None

    tries = tries.after_wrong(NOW)

    assert tries.locked_for(NOW) == LOCK
    assert tries.locked_for(NOW + LOCK - timedelta(seconds=1)) == timedelta(seconds=1)
    assert tries.locked_for(NOW + LOCK) is None


def test_right_code_breaks_the_row_but_the_day_still_counts() -> None:
    tries = wrong(Tries(), WRONG_IN_A_ROW - 1, NOW).after_right()

    assert wrong(tries, WRONG_IN_A_ROW - 1, NOW).locked_for(NOW) is None
    assert wrong(tries, WRONG_IN_A_ROW, NOW).in_a_day == 2 * WRONG_IN_A_ROW - 1


def test_whoever_guesses_all_day_has_fifty_tries_of_it() -> None:
    """One in 6,667 days, with three codes good at any moment."""
    tries, at, tried = Tries(), NOW, 0
    while at < NOW + DAY:
        wait = tries.locked_for(at)
        if wait is not None:
            at += wait
            continue
        tries, tried = tries.after_wrong(at), tried + 1

    assert tried == WRONG_IN_A_DAY
    assert tried * 3 / 10**6 < 0.0002
    assert tries.locked_for(NOW + DAY) is None


def test_requirement_needs_an_enrolled_admin_who_has_just_shown_it_and_stored_recovery_codes() -> None:
    def code(**changes: object) -> Code | None:
        facts = {"sso_active": False, "acting": ENROLLED, "recovery": STORED, "now": NOW} | changes
        decision = require_mfa(**facts)  # type: ignore[arg-type]  # the facts by name
        return decision.code if isinstance(decision, Refused) else None

    assert code() is None
    assert code(now=NOW + timedelta(minutes=15)) is None
    assert code(now=NOW + timedelta(minutes=15, seconds=1)) is Code.MFA_PROOF_REQUIRED
    assert code(acting=Acting("acme.test", is_enrolled=True)) is Code.MFA_PROOF_REQUIRED
    assert code(acting=Acting("acme.test")) is Code.MFA_ENROLLMENT_REQUIRED
    assert code(acting=None) is Code.ACTING_ADMIN_REQUIRED
    assert code(recovery=Recovery(unused=10, confirmed=False)) is Code.RECOVERY_CODES_REQUIRED
    assert code(sso_active=True) is Code.MFA_WITH_SINGLE_SIGN_ON


def test_requirement_is_kept_as_it_is_while_single_sign_on_is_active() -> None:
    kept = release_mfa(sso_active=True)

    assert isinstance(kept, Refused)
    assert kept.code is Code.MFA_WITH_SINGLE_SIGN_ON
    assert isinstance(release_mfa(sso_active=False), Allowed)


@pytest.mark.parametrize(
    ("kind", "is_own", "expected"),
    [
        (ActorKind.MEMBER, False, None),
        (ActorKind.MEMBER, True, Code.FACTOR_OWN),
        (ActorKind.RECOVERY, True, None),
        (ActorKind.RECOVERY, False, Code.FACTOR_IN_RECOVERY),
        (ActorKind.OPERATOR, False, None),
        (ActorKind.API_KEY, False, None),
    ],
)
def test_factor_is_reset_by_another_admin_and_ones_own_only_in_recovery(
    kind: ActorKind, is_own: bool, expected: Code | None
) -> None:
    actor = Actor(kind, id="mem_ada" if kind in {ActorKind.MEMBER, ActorKind.RECOVERY} else None)

    decision = reset_factor(actor=actor, member_id="mem_ada" if is_own else "mem_grace")

    assert (decision.code if isinstance(decision, Refused) else None) is expected

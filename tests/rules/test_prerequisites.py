"""Every control of the settings page: what it needs, and what its refusal says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.rules import prerequisites as rules
from app.rules.connections import ConnectionState
from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.prerequisites import Acting, Recovery, SignInProof

NOW = datetime(2026, 11, 23, tzinfo=UTC)
STORED = Recovery(unused=10, confirmed=True)
HOSTS = frozenset({"acme.test"})
ADA = Acting(host="acme.test")
NO_DOMAIN = Refused(Code.VERIFIED_DOMAIN_REQUIRED, "no domain")


def code_of(decision: Decision) -> Code | None:
    """Why it was refused; None where it is allowed, which is an answer of its own."""
    if isinstance(decision, Refused):
        return decision.code
    assert decision == Allowed()
    return None


@pytest.mark.parametrize(
    ("hosts", "acting", "code"),
    [
        (HOSTS, ADA, None),
        (frozenset(), ADA, Code.VERIFIED_DOMAIN_REQUIRED),
        (HOSTS, None, Code.ACTING_ADMIN_REQUIRED),
        (HOSTS, Acting(host="other.test"), Code.OWN_DOMAIN_REQUIRED),
    ],
)
def test_setting_up_single_sign_on_needs_a_verified_domain_that_is_the_acting_admins_own(
    hosts: frozenset[str], acting: Acting | None, code: Code | None
) -> None:
    assert code_of(rules.set_up_sso(verified_hosts=hosts, acting=acting)) is code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"set_up": NO_DOMAIN}, Code.VERIFIED_DOMAIN_REQUIRED),
        ({"state": ConnectionState.ACTIVE, "in_force_is_latest": True}, Code.CONNECTION_ACTIVE),
        ({"state": ConnectionState.ACTIVE}, None),
        ({"in_force_is_latest": True}, None),
        ({"proof": SignInProof(NOW - timedelta(hours=24), True)}, None),
        ({"proof": None}, Code.TEST_SIGN_IN_REQUIRED),
        ({"proof": SignInProof(NOW - timedelta(hours=24, seconds=1), True)}, Code.TEST_SIGN_IN_REQUIRED),
        ({"proof": SignInProof(NOW, False)}, Code.TEST_WOULD_NOT_BE_ADMIN),
        ({"recovery": Recovery(unused=0, confirmed=True)}, Code.RECOVERY_CODES_REQUIRED),
        ({"recovery": Recovery(unused=9, confirmed=False)}, Code.RECOVERY_CODES_REQUIRED),
    ],
)
def test_requiring_single_sign_on(changes: dict[str, object], code: Code | None) -> None:
    facts: dict[str, object] = {
        "state": ConnectionState.VALIDATING,
        "in_force_is_latest": False,
        "set_up": Allowed(),
        "proof": SignInProof(NOW - timedelta(hours=23), True),
        "recovery": STORED,
        "now": NOW,
    }
    assert code_of(rules.activate_sso(**(facts | changes))) is code  # type: ignore[arg-type]  # its own names


def test_only_an_active_connection_is_deactivated_and_only_an_inactive_one_deleted() -> None:
    assert code_of(rules.deactivate_sso(state=ConnectionState.ACTIVE)) is None
    assert code_of(rules.deactivate_sso(state=ConnectionState.VALIDATING)) is Code.CONNECTION_NOT_ACTIVE
    assert code_of(rules.delete_connection(state=ConnectionState.INACTIVE)) is None
    assert code_of(rules.delete_connection(state=ConnectionState.ACTIVE)) is Code.CONNECTION_ACTIVE


def test_directory_needs_a_verified_domain() -> None:
    assert code_of(rules.set_up_directory(verified_hosts=HOSTS)) is None
    assert code_of(rules.set_up_directory(verified_hosts=frozenset())) is Code.VERIFIED_DOMAIN_REQUIRED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"set_up": NO_DOMAIN}, Code.VERIFIED_DOMAIN_REQUIRED),
        ({"is_active": True}, Code.DIRECTORY_ACTIVE),
        ({"another_active": True}, Code.ANOTHER_DIRECTORY_ACTIVE),
        ({"future_admins": 0}, Code.DIRECTORY_ADMIN_REQUIRED),
        ({"recovery": Recovery(unused=3, confirmed=False)}, Code.RECOVERY_CODES_REQUIRED),
    ],
)
def test_turning_the_directory_on(changes: dict[str, object], code: Code | None) -> None:
    facts: dict[str, object] = {
        "is_active": False,
        "another_active": False,
        "set_up": Allowed(),
        "future_admins": 1,
        "recovery": STORED,
    }
    assert code_of(rules.activate_directory(**(facts | changes))) is code  # type: ignore[arg-type]  # its own names


@pytest.mark.parametrize(
    ("is_active", "held", "may_lift", "code"),
    [
        (True, False, False, None),
        (False, False, False, Code.DIRECTORY_NOT_ACTIVE),
        (True, True, False, Code.DIRECTORY_HOLDS_ADMIN),
        (True, True, True, None),
    ],
)
def test_turning_the_directory_off_waits_for_a_hold_to_end(
    is_active: bool, held: bool, may_lift: bool, code: Code | None
) -> None:
    off = rules.deactivate_directory(is_active=is_active, anybody_held=held, may_lift_holds=may_lift)
    gone = rules.delete_directory(anybody_held=held, may_lift_holds=may_lift)

    assert code_of(off) is code
    assert code_of(gone) is (Code.DIRECTORY_HOLDS_ADMIN if held and not may_lift else None)


def test_domain_that_something_active_depends_on_stays_and_the_refusal_lists_what() -> None:
    refused = rules.remove_domain(is_verified=True, sso_active=True, directory_active=True)

    assert isinstance(refused, Refused)
    assert refused.code is Code.DOMAIN_IN_USE
    assert "single sign-on and the directory" in refused.sentence
    assert rules.remove_domain(is_verified=False, sso_active=True, directory_active=True) == Allowed()
    assert rules.remove_domain(is_verified=True, sso_active=False, directory_active=False) == Allowed()


@pytest.mark.parametrize(
    ("sso", "directory", "needed", "off_first"),
    [
        (True, False, "single sign-on.", "single_sign_on"),
        (False, True, "the directory.", "directory"),
        (True, True, "single sign-on and the directory.", "single_sign_on"),
    ],
)
def test_domain_stays_and_the_refusal_says_what_depends_on_it_and_what_to_turn_off_first(
    sso: bool, directory: bool, needed: str, off_first: str
) -> None:
    refused = rules.remove_domain(is_verified=True, sso_active=sso, directory_active=directory)

    assert isinstance(refused, Refused)
    assert refused.sentence == f"This domain is needed by {needed}"
    assert refused.facts == {"needed_by": off_first}


@pytest.mark.parametrize(
    ("recovery", "sentence"),
    [
        (Recovery(unused=0, confirmed=True), "There are no unused recovery codes."),
        (Recovery(unused=0, confirmed=False), "There are no unused recovery codes."),
        (Recovery(unused=1, confirmed=False), "No administrator has confirmed that the recovery codes are stored."),
    ],
)
def test_refusal_for_want_of_recovery_codes_says_which_step_is_missing(recovery: Recovery, sentence: str) -> None:
    refused = rules.recovery_stored(recovery)

    assert isinstance(refused, Refused)
    assert refused.sentence == sentence


def test_recovery_codes_are_stored_when_one_is_left_and_somebody_there_has_confirmed_it() -> None:
    assert rules.recovery_stored(Recovery(unused=1, confirmed=True)) == Allowed()

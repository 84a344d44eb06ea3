"""What a rule returns: Allowed, or Refused with a stable code and a sentence. A refusal is a value, a bug is an
exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """Every refusal there is; the same word stands in page, JSON, log, audit and the name of its test."""

    # prerequisites
    DOMAIN_NOT_YOUR_OWN = "domain_not_your_own"
    DOMAIN_PUBLIC_PROVIDER = "domain_public_provider"
    DOMAIN_PUBLIC_SUFFIX = "domain_public_suffix"
    DOMAIN_LOOKALIKE = "domain_lookalike"
    DOMAIN_CLAIMED = "domain_claimed"
    DOMAIN_VERIFIED_ELSEWHERE = "domain_verified_elsewhere"
    DOMAIN_IN_USE = "domain_in_use"
    DOMAIN_MANUAL_FORBIDDEN = "domain_manual_forbidden"
    VERIFIED_DOMAIN_REQUIRED = "verified_domain_required"
    OWN_DOMAIN_REQUIRED = "own_domain_required"
    ACTING_ADMIN_REQUIRED = "acting_admin_required"
    CONNECTION_NOT_ACTIVE = "connection_not_active"
    CONNECTION_ACTIVE = "connection_active"
    REVISION_IN_FORCE = "revision_in_force"
    REVISION_NOT_PREVIOUS = "revision_not_previous"
    REVISION_NOT_WAITING = "revision_not_waiting"
    NOTHING_TO_TAKE_OVER = "nothing_to_take_over"
    TEST_SIGN_IN_REQUIRED = "test_sign_in_required"
    MFA_WITH_SINGLE_SIGN_ON = "mfa_with_single_sign_on"
    MFA_ENROLLMENT_REQUIRED = "mfa_enrollment_required"
    MFA_PROOF_REQUIRED = "mfa_proof_required"
    RECOVERY_CODES_REQUIRED = "recovery_codes_required"
    DIRECTORY_ADMIN_REQUIRED = "directory_admin_required"
    DIRECTORY_ACTIVE = "directory_active"
    DIRECTORY_NOT_ACTIVE = "directory_not_active"
    ANOTHER_DIRECTORY_ACTIVE = "another_directory_active"
    DIRECTORY_HOLDS_ADMIN = "directory_holds_admin"
    # the guard
    LAST_ADMINISTRATOR = "last_administrator"
    OWN_HOLD = "own_hold"
    LAST_RECOVERY_CODES = "last_recovery_codes"
    RECOVERY_APPOINTED = "recovery_appointed"
    RECOVERY_RETURN = "recovery_return"
    LAST_HELD_ADMINISTRATOR = "last_held_administrator"
    # plans
    PLAN_REQUIRED = "plan_required"
    PLAN_OUTDATED = "plan_outdated"
    # roles and members
    DEFAULT_ROLE_ADMIN = "default_role_admin"
    ROLE_BUILT_IN = "role_built_in"
    ROLE_IS_DEFAULT = "role_is_default"
    ROLE_LOWEST = "role_lowest"
    ROLE_DECIDED_BY_GROUP = "role_decided_by_group"
    MEMBER_EXISTS = "member_exists"
    INVITATION_OPEN = "invitation_open"
    INVITATION_FROM_DIRECTORY = "invitation_from_directory"
    MEMBER_NOT_ACTIVE = "member_not_active"
    MEMBER_DIRECTORY_MANAGED = "member_directory_managed"
    FACTOR_OWN = "factor_own"
    FACTOR_IN_RECOVERY = "factor_in_recovery"
    RECENT_SIGN_IN_REQUIRED = "recent_sign_in_required"
    SETUP_LINK_LIMITED = "setup_link_limited"
    SETUPS_LIMITED = "setups_limited"
    # signing in
    FLOW_EXPIRED = "flow_expired"
    EMAIL_SIGN_IN_OFF = "email_sign_in_off"
    GUESTS_REFUSED = "guests_refused"
    NOT_A_MEMBER = "not_a_member"
    NOT_PROVISIONED = "not_provisioned"
    MEMBER_DEACTIVATED = "member_deactivated"
    MEMBER_SUSPENDED = "member_suspended"
    MEMBER_REMOVED = "member_removed"
    SIGN_IN_REJECTED = "sign_in_rejected"
    SIGN_IN_DECLINED = "sign_in_declined"
    SUBJECT_CHANGED = "subject_changed"
    ADDRESS_IN_USE = "address_in_use"
    TEST_AS_SOMEONE_ELSE = "test_as_someone_else"
    TEST_WOULD_NOT_BE_ADMIN = "test_would_not_be_admin"
    FACTOR_WRONG = "factor_wrong"
    FACTOR_LOCKED = "factor_locked"
    LINK_SPENT = "link_spent"
    RECOVERY_CODE_WRONG = "recovery_code_wrong"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The change may be made. `proof` names a usable administrator and their way in where the change tightens
    something.
    """

    proof: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The change may not be made: why (for people), and which smallest change would make it acceptable."""

    code: Code
    sentence: str
    fix: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


Decision = Allowed | Refused
ALLOWED = Allowed()

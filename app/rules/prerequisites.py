"""Every control of the settings page: available, or the code and sentence that says what is missing and where to fix
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.rules.actor import Actor, ActorKind
from app.rules.connections import ConnectionState
from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.recent_authentication import is_recent
from app.rules.sessions import PROOF_FRESH


@dataclass(frozen=True, slots=True)
class Acting:
    """The admin whose own facts count: the one acting, or the one an operator acts on behalf of. `passed_mfa_at` is
    when they last proved a second factor.
    """

    host: str
    is_enrolled: bool = False
    passed_mfa_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignInProof:
    """The acting admin's latest test of exactly the revision in question."""

    proven_at: datetime
    would_be_admin: bool


@dataclass(frozen=True, slots=True)
class Recovery:
    """How many codes are left, and whether an admin who is still there has confirmed storing them."""

    unused: int
    confirmed: bool


def set_up_sso(*, verified_hosts: frozenset[str], acting: Acting | None) -> Decision:
    """A verified domain, and the acting admin's email host is one of them."""
    if not verified_hosts:
        return Refused(
            Code.VERIFIED_DOMAIN_REQUIRED,
            "Single sign-on needs a verified domain.",
            fix="Verify your email domain under Domains first.",
        )
    if acting is None:
        return _acting_admin_required()
    if acting.host not in verified_hosts:
        return Refused(
            Code.OWN_DOMAIN_REQUIRED,
            f"Your own address is at {acting.host}, which this organization has not verified.",
            fix=f"Verify {acting.host}, or let an administrator with an address at a verified domain do this.",
        )
    return Allowed()


def activate_sso(
    *,
    state: ConnectionState,
    in_force_is_latest: bool,
    set_up: Decision,
    proof: SignInProof | None,
    recovery: Recovery,
    now: datetime,
) -> Decision:
    """The latest revision was tested by the acting admin within a day, and recovery codes are in somebody's hands."""
    if isinstance(set_up, Refused):
        return set_up
    if state is ConnectionState.ACTIVE and in_force_is_latest:
        return Refused(Code.CONNECTION_ACTIVE, "This connection is active already.")
    if proof is None or now - proof.proven_at > PROOF_FRESH:
        return Refused(
            Code.TEST_SIGN_IN_REQUIRED,
            "You have not completed a test sign-in with these settings within the last 24 hours.",
            fix="Make a test sign-in as yourself.",
        )
    if not proof.would_be_admin:
        return Refused(
            Code.TEST_WOULD_NOT_BE_ADMIN,
            "After signing in through this connection you would no longer be an administrator.",
            fix="Map a group of yours to the admin role, or grant yourself the role.",
        )
    return recovery_stored(recovery)


def deactivate_sso(*, state: ConnectionState) -> Decision:
    """Nothing more than that it is active."""
    if state is not ConnectionState.ACTIVE:
        return Refused(Code.CONNECTION_NOT_ACTIVE, "This connection is not active.")
    return Allowed()


def delete_connection(*, state: ConnectionState) -> Decision:
    """Only one that nobody depends on."""
    if state is ConnectionState.ACTIVE:
        return Refused(Code.CONNECTION_ACTIVE, "This connection is active.", fix="Deactivate it first.")
    return Allowed()


def set_up_directory(*, verified_hosts: frozenset[str]) -> Decision:
    """A verified domain."""
    if not verified_hosts:
        return Refused(
            Code.VERIFIED_DOMAIN_REQUIRED,
            "Directory provisioning needs a verified domain.",
            fix="Verify your email domain under Domains first.",
        )
    return Allowed()


def activate_directory(
    *, is_active: bool, another_active: bool, set_up: Decision, future_admins: int, recovery: Recovery
) -> Decision:
    """Somebody in the directory would be an administrator, and recovery codes are in somebody's hands."""
    if isinstance(set_up, Refused):
        return set_up
    if is_active:
        return Refused(Code.DIRECTORY_ACTIVE, "This directory is active already.")
    if another_active:
        return Refused(
            Code.ANOTHER_DIRECTORY_ACTIVE, "Another directory is active.", fix="Deactivate the active directory first."
        )
    if future_admins == 0:
        return Refused(
            Code.DIRECTORY_ADMIN_REQUIRED,
            "Nobody in this directory would be an administrator.",
            fix="Push a group with an active user at a verified domain and map it to the admin role.",
        )
    return recovery_stored(recovery)


def deactivate_directory(*, is_active: bool, anybody_held: bool, may_lift_holds: bool) -> Decision:
    """Not while someone is on hold, except by an operator or in that member's recovery session."""
    if not is_active:
        return Refused(Code.DIRECTORY_NOT_ACTIVE, "This directory is not active.")
    if anybody_held and not may_lift_holds:
        return _held()
    return Allowed()


def delete_directory(*, anybody_held: bool, may_lift_holds: bool) -> Decision:
    """As turning it off."""
    return _held() if anybody_held and not may_lift_holds else Allowed()


def remove_domain(*, is_verified: bool, sso_active: bool, directory_active: bool) -> Decision:
    """Nothing active depends on it; the refusal lists what does, and its facts say what to turn off first."""
    dependants = [name for name, on in (("single sign-on", sso_active), ("the directory", directory_active)) if on]
    if is_verified and dependants:
        return Refused(
            Code.DOMAIN_IN_USE,
            f"This domain is needed by {' and '.join(dependants)}.",
            fix="Turn that off first.",
            facts={"needed_by": "single_sign_on" if sso_active else "directory"},
        )
    return Allowed()


def require_mfa(*, sso_active: bool, acting: Acting | None, recovery: Recovery, now: datetime) -> Decision:
    """Single sign-on is off, the acting admin is enrolled and has just shown it, and recovery codes are stored."""
    if sso_active:
        return MFA_WITH_SSO
    if acting is None:
        return _acting_admin_required()
    if not acting.is_enrolled:
        return Refused(
            Code.MFA_ENROLLMENT_REQUIRED,
            "You have no authenticator app yourself, so nobody knows whether it works here.",
            fix="Set one up on your profile first.",
        )
    if not is_recent(acting.passed_mfa_at, now):
        return Refused(
            Code.MFA_PROOF_REQUIRED,
            "You have not typed a code of your authenticator app within the last 15 minutes.",
            fix="Confirm that it is you, then do this.",
        )
    return recovery_stored(recovery)


def release_mfa(*, sso_active: bool) -> Decision:
    """Single sign-on is off: while it is on, the requirement is kept as it is."""
    return MFA_WITH_SSO if sso_active else Allowed()


MFA_WITH_SSO = Refused(
    Code.MFA_WITH_SINGLE_SIGN_ON,
    "Single sign-on is active: your identity provider decides about second factors.",
    fix="Require it there; what is set here is kept and applies again once single sign-on is off.",
)


def reset_factor(*, actor: Actor, member_id: str) -> Decision:
    """Another's, by an administrator; one's own only in a recovery session, which is for those who have lost it."""
    is_own = actor.id == member_id
    if actor.kind is ActorKind.RECOVERY:
        return Allowed() if is_own else _FACTOR_IN_RECOVERY
    return _FACTOR_OWN if is_own else Allowed()


_FACTOR_OWN = Refused(
    Code.FACTOR_OWN,
    "You cannot reset your own authenticator app.",
    fix="Replace it on your profile, or have another administrator reset it.",
)
_FACTOR_IN_RECOVERY = Refused(
    Code.FACTOR_IN_RECOVERY,
    "A recovery session resets only your own authenticator app.",
    fix="Sign in as usual, then reset theirs.",
)


def recovery_stored(recovery: Recovery) -> Decision:
    """Unused recovery codes exist and a present admin has confirmed storing them."""
    if recovery.unused == 0 or not recovery.confirmed:
        return Refused(
            Code.RECOVERY_CODES_REQUIRED,
            "No administrator has confirmed that the recovery codes are stored."
            if recovery.unused
            else "There are no unused recovery codes.",
            fix="Make a set of recovery codes under Additional security, store it, and confirm.",
        )
    return Allowed()


def _acting_admin_required() -> Refused:
    return Refused(
        Code.ACTING_ADMIN_REQUIRED,
        "This depends on what an administrator has shown themselves: address, test sign-in, second factor.",
        fix='Name one with "on_behalf_of".',
    )


def _held() -> Refused:
    return Refused(
        Code.DIRECTORY_HOLDS_ADMIN,
        "An administrator is on hold because of this directory.",
        fix="Make another member an administrator first; the hold then ends by itself.",
    )

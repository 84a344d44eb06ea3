"""Invitations: who may be invited, for how long, what becomes of one, and which role it gives."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.domains import host_of
from app.rules.lockout import Access, Guests
from app.rules.roles import ADMIN

LIFETIME = timedelta(days=7)
SEND_EVERY = timedelta(minutes=1)


class InvitationState(StrEnum):
    """`superseded`: the person became a member otherwise."""

    PENDING = "pending"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


def state_of(*, closed_as: str | None, is_member: bool, expires_at: datetime, now: datetime) -> InvitationState:
    """How an invitation stands; `closed_as` is what it was closed as, if it was."""
    if closed_as is not None:
        return InvitationState(closed_as)
    if is_member:
        return InvitationState.SUPERSEDED
    return InvitationState.PENDING if now < expires_at else InvitationState.EXPIRED


def judge_invitation(
    email: str, *, access: Access, has_directory: bool, is_member: bool, is_listed: bool = False
) -> Decision:
    """Whether this address may be invited, asked again when the invitation is accepted. `is_member`: of this very
    organization; whether it is one of another is nobody's business here, and told to its owner only. `is_listed`: the
    active directory lists the address, active or not.
    """
    if is_member:
        return Refused(Code.MEMBER_EXISTS, f"{email} is a member already.", fix="Look for them under Members.")
    host = host_of(email)
    if is_listed or (has_directory and host in access.verified_hosts):
        return Refused(
            Code.INVITATION_FROM_DIRECTORY,
            f"The directory decides whether {email} is a member.",
            fix="Assign the application to them in the identity provider.",
        )
    if access.sso_revision is not None and host not in access.verified_hosts and access.guests is Guests.REFUSE:
        return Refused(
            Code.GUESTS_REFUSED,
            f"Single sign-on is required, and an address at {host} cannot come through it.",
            fix="Let guests sign in by email first, under Who else comes in.",
        )
    return Allowed()


def role_given(role: str, *, known: frozenset[str], default: str, inviter_is_admin: bool) -> str | None:
    """The role to grant; None: the default one. An invitation to admin counts only while who made it is one, and a role
    that was deleted meanwhile for nothing.
    """
    if role not in known or role == default:
        return None
    return None if role == ADMIN and not inviter_is_admin else role


def wait_before_sending(*, sent_at: datetime, now: datetime) -> timedelta | None:
    """How long until the mail may be sent again; None: now."""
    return sent_at + SEND_EVERY - now if now - sent_at < SEND_EVERY else None

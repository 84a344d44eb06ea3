"""Invitations: who may be invited, how one stands, and which role it gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.rules.decisions import Allowed, Code, Refused
from app.rules.invitations import (
    LIFETIME,
    InvitationState,
    judge_invitation,
    role_given,
    state_of,
    wait_before_sending,
)
from app.rules.lockout import Access, Guests

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EMAIL = Access(frozenset({"acme.test"}), None, Guests.REFUSE)
SSO = Access(frozenset({"acme.test"}), "rev_1", Guests.REFUSE)
GUESTS = Access(frozenset({"acme.test"}), "rev_1", Guests.EMAIL_CODE)


@pytest.mark.parametrize(
    ("host", "access", "has_directory", "expected"),
    [
        ("acme.test", EMAIL, False, None),
        ("guest.test", EMAIL, False, None),
        ("acme.test", SSO, False, None),
        ("guest.test", SSO, False, Code.GUESTS_REFUSED),
        ("guest.test", GUESTS, False, None),
        ("acme.test", EMAIL, True, Code.INVITATION_FROM_DIRECTORY),
        ("acme.test", SSO, True, Code.INVITATION_FROM_DIRECTORY),
        ("guest.test", EMAIL, True, None),
        ("guest.test", GUESTS, True, None),
    ],
)
def test_whoever_could_not_come_in_or_comes_from_the_directory_is_not_invited(
    host: str, access: Access, has_directory: bool, expected: Code | None
) -> None:
    decision = judge_invitation(f"bob@{host}", access=access, has_directory=has_directory, is_member=False)

    assert (decision.code if isinstance(decision, Refused) else None) is expected


def test_guest_whom_the_directory_lists_is_not_invited_though_their_host_is_nobody_s() -> None:
    decision = judge_invitation("b@guest.test", access=EMAIL, has_directory=True, is_member=False, is_listed=True)

    assert isinstance(decision, Refused)
    assert decision.code is Code.INVITATION_FROM_DIRECTORY


def test_member_is_not_invited_whatever_else_holds() -> None:
    decision = judge_invitation("bob@acme.test", access=EMAIL, has_directory=True, is_member=True)

    assert isinstance(decision, Refused)
    assert decision.code is Code.MEMBER_EXISTS
    assert isinstance(judge_invitation("b@acme.test", access=EMAIL, has_directory=False, is_member=False), Allowed)


@pytest.mark.parametrize(
    ("closed_as", "is_member", "days", "expected"),
    [
        (None, False, 0, InvitationState.PENDING),
        (None, False, 7, InvitationState.EXPIRED),
        (None, True, 0, InvitationState.SUPERSEDED),
        (None, True, 7, InvitationState.SUPERSEDED),
        ("accepted", True, 0, InvitationState.ACCEPTED),
        ("revoked", False, 9, InvitationState.REVOKED),
    ],
)
def test_invitation_stands_as_it_was_closed_else_as_time_and_members_say(
    closed_as: str | None, is_member: bool, days: int, expected: InvitationState
) -> None:
    state = state_of(
        closed_as=closed_as, is_member=is_member, expires_at=NOW + LIFETIME, now=NOW + timedelta(days=days)
    )

    assert state is expected


@pytest.mark.parametrize(
    ("role", "inviter_is_admin", "expected"),
    [
        ("editor", False, "editor"),
        ("editor", True, "editor"),
        ("admin", True, "admin"),
        ("admin", False, None),
        ("member", True, None),
        ("gone", True, None),
    ],
)
def test_role_is_granted_while_there_is_one_and_admin_only_by_an_admin(
    role: str, inviter_is_admin: bool, expected: str | None
) -> None:
    known = frozenset({"admin", "editor", "member"})

    assert role_given(role, known=known, default="member", inviter_is_admin=inviter_is_admin) == expected


def test_mail_is_sent_again_after_a_minute() -> None:
    assert wait_before_sending(sent_at=NOW, now=NOW + timedelta(seconds=59)) == timedelta(seconds=1)
    assert wait_before_sending(sent_at=NOW, now=NOW + timedelta(seconds=60)) is None

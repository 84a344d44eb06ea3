"""Members: who may recover, and what follows from how a directory lists them."""

from __future__ import annotations

import pytest

from app.rules.decisions import Allowed, Code, Refused
from app.rules.members import Listing, MemberState, may_activate, may_recover


@pytest.mark.parametrize(
    ("state", "suspended", "is_admin", "held", "expected"),
    [
        (MemberState.ACTIVE, False, True, False, True),
        (MemberState.DEACTIVATED, False, True, False, False),
        (MemberState.DEACTIVATED, False, True, True, True),
        (MemberState.ACTIVE, True, True, True, False),
        (MemberState.ACTIVE, False, False, False, False),
    ],
)
def test_recovery_is_for_active_administrators_and_whoever_is_on_hold(
    state: MemberState, suspended: bool, is_admin: bool, held: bool, expected: bool
) -> None:
    assert may_recover(state=state, suspended=suspended, is_admin=is_admin, held=held) is expected


@pytest.mark.parametrize("listing", [Listing.NOT_LISTED, Listing.ACTIVE])
def test_deactivated_member_whom_no_directory_lists_as_inactive_may_be_made_active(listing: Listing) -> None:
    assert may_activate("ada@acme.test", listing) == Allowed()


def test_member_listed_as_inactive_is_not_made_active_and_the_refusal_leads_to_the_directory() -> None:
    refused = may_activate("ada@acme.test", Listing.INACTIVE)

    assert isinstance(refused, Refused)
    assert refused.code is Code.MEMBER_DIRECTORY_MANAGED
    assert refused.sentence == "The directory lists ada@acme.test as inactive, or they were deleted there."
    assert refused.fix == "Make them active in the identity provider."

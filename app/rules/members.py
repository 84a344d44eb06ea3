"""Members: their states, and what follows from what the directory lists."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.rules.decisions import Allowed, Code, Decision, Refused


class MemberState(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


class Listing(StrEnum):
    """How the active directory lists a member: not at all, as active, or as inactive (deleted counts as inactive)."""

    NOT_LISTED = "not_listed"
    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which members: a part of name or address, a role's slug, a state (active, deactivated, suspended, held), and
    whether they have a second factor (set_up, none). "" takes everybody, a word that is none of these nobody.
    """

    text: str = ""
    role: str = ""
    state: str = ""
    factor: str = ""


EVERYBODY = Wanted()


def may_recover(*, state: MemberState, suspended: bool, is_admin: bool, held: bool) -> bool:
    """Whether recovery is for this person: an active administrator, or one on hold, also deactivated."""
    return not suspended and (held or (is_admin and state is MemberState.ACTIVE))


def may_activate(email: str, listing: Listing) -> Decision:
    """Whether a deactivated member may be made active by hand: never against the directory that decides."""
    if listing is Listing.INACTIVE:
        return Refused(
            Code.MEMBER_DIRECTORY_MANAGED,
            f"The directory lists {email} as inactive, or they were deleted there.",
            fix="Make them active in the identity provider.",
        )
    return Allowed()


def state_listed(state: MemberState, listing: Listing) -> MemberState:
    """The state that follows from the listing; whoever the directory does not list stays as they are."""
    if listing is Listing.ACTIVE:
        return MemberState.ACTIVE
    if listing is Listing.INACTIVE:
        return MemberState.DEACTIVATED
    return state

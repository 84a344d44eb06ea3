"""Sentences for facts: why someone has a role, how someone comes in."""

from __future__ import annotations

from app.rules.lockout import WayIn
from app.rules.roles import RoleSource
from app.services.members import Explained

_WAYS = {
    "email_code": "an emailed code",
    "single_sign_on": "single sign-on",
    "recovery": "recovery",
}


def way_in(opened_by: str) -> str:
    """How a session was opened."""
    return _WAYS.get(opened_by, opened_by)


def way_in_sentence(way: WayIn | None) -> str:
    """How someone would sign in."""
    return f"Signs in with {_WAYS[way]}" if way is not None else "Has no proven way in"


def role_reason(explained: Explained) -> str:
    """Where a role comes from, without a full stop."""
    match explained.source:
        case RoleSource.MAPPED:
            return f"From the group {explained.group}" if explained.group else "From a group"
        case RoleSource.GRANTED:
            return "Kept from a directory that was turned off" if explained.origin == "directory" else "Granted by hand"
        case RoleSource.HELD:
            return "On hold: a push would have taken the last administrator"
        case RoleSource.DEFAULT:
            return "The default role"

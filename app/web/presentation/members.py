"""Members and their sessions: the list for administrators, and the profile of whoever looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.elements import Change, Choice, Control, Moment


@dataclass(frozen=True, slots=True)
class Member:
    """One row. `state` is invited, active or deactivated; `suspended` and `held` are shown beside it.

    `role` is a slug, `role_label` its title; `why` says where it comes from ("granted by Ada", "from the group
    Engineering"). `managed_by` is the directory that manages them, "" for nobody. `remove.effects` count sessions.
    """

    id: str
    name: str
    email: str
    state: str
    role: str
    role_label: str
    why: str
    change_role: Control
    suspend: Change
    restore: Change
    remove: Change
    suspended: bool = False
    held: bool = False
    managed_by: str = ""
    is_you: bool = False
    last_signed_in: Moment | None = None


@dataclass(frozen=True, slots=True)
class MembersPage:
    """settings/members.html. `roles` are the choices of the role form; `total` counts everyone. `next_href` is the next
    page, "" at the end.
    """

    members: tuple[Member, ...]
    roles: tuple[Choice, ...]
    total: int
    next_href: str = ""
    previous_href: str = ""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One signed-in browser. `way_in` is how it was opened; `is_current` marks the one that asks."""

    id: str
    way_in: str
    opened: Moment
    seen: Moment
    expires: Moment
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """profile.html. `role` is a title, `why` where it comes from; `managed_by` is the directory that manages this
    person, if any.
    """

    name: str
    email: str
    organization: str
    role: str
    why: str
    sessions: tuple[SessionRow, ...]
    managed_by: str = ""

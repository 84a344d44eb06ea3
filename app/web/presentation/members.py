"""Members and their sessions: the list for administrators, and the profile of whoever looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.activity import Attempt
from app.web.presentation.elements import ALLOWED, EMPTY_FORM, Change, Choice, Control, Form, Moment


@dataclass(frozen=True, slots=True)
class Member:
    """One row. `state` is invited, active or deactivated; `suspended` and `held` are shown beside it.

    `role` is a title; `why` says where it comes from ("granted by Ada", "from the group Engineering"). `managed_by` is
    the directory that manages them, "" for nobody.
    """

    id: str
    name: str
    email: str
    state: str
    role: str
    why: str
    suspended: bool = False
    held: bool = False
    managed_by: str = ""
    is_you: bool = False
    last_active: Moment | None = None
    is_enrolled: bool = False


@dataclass(frozen=True, slots=True)
class Powers:
    """What may be done with a member: `role` is the slug of theirs, of the choices `roles`."""

    role: str
    roles: tuple[Choice, ...]
    change_role: Control
    suspend: Change
    restore: Change
    activate: Change
    remove: Change


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """Somebody who was invited and has not answered; `role` is a title, `invited_by` who it was in words."""

    id: str
    email: str
    role: str
    invited_by: str
    sent: Moment
    expires: Moment
    is_expired: bool = False


@dataclass(frozen=True, slots=True)
class MembersPage:
    """settings/members.html. `roles` are those to invite with; `total` counts everyone. `next_href` is the next
    page, "" at the end. `filter_form` has `text`, `role`, `state` and `factor`, `invite_form` `email` and `role`.
    """

    members: tuple[Member, ...]
    roles: tuple[Choice, ...]
    total: int
    next_href: str = ""
    previous_href: str = ""
    filter_form: Form = EMPTY_FORM
    filter_roles: tuple[Choice, ...] = ()
    filter_states: tuple[Choice, ...] = ()
    filter_factors: tuple[Choice, ...] = ()
    is_filtered: bool = False
    invitations: tuple[InvitationRow, ...] = ()
    has_more_invitations: bool = False
    may_invite: bool = False
    invite_form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class MappedRow:
    """A group they are in that gives a role; of several, one decides."""

    group: str
    role: str
    decides: bool


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One signed-in browser. `way_in` is how it was opened, `browser` and `address` what it was last seen as and from,
    "" where that is not known; `is_current` marks the one that asks.
    """

    id: str
    way_in: str
    opened: Moment
    seen: Moment
    expires: Moment
    browser: str = ""
    address: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class SessionList:
    """Where somebody is signed in, newest first. `has_others` says that there are more than the one that asks;
    `older_href` is the next page, "" at the end.
    """

    rows: tuple[SessionRow, ...] = ()
    has_others: bool = False
    older_href: str = ""


@dataclass(frozen=True, slots=True)
class MemberPage:
    """settings/member.html: why somebody has their role, how they sign in, what keeps them from being an
    administrator who counts, and what may be done about it.

    `groups_from` says whose groups count and as of when, as a sentence; `granted` is the role given by hand and by
    whom, "" for none; `missing` are whole sentences: what keeps an administrator from counting, and anybody else from
    signing in.
    """

    id: str
    name: str
    email: str
    state: str
    role: str
    why: str
    way_in: str
    groups_from: str
    groups: tuple[str, ...]
    mappings: tuple[MappedRow, ...]
    granted: str
    default_role: str
    missing: tuple[str, ...]
    is_admin: bool = False
    suspended: bool = False
    held: bool = False
    managed_by: str = ""
    groups_at: Moment | None = None
    powers: Powers | None = None
    factor: FactorCard | None = None
    sessions: SessionList = SessionList()
    end_session: Control = ALLOWED
    is_you: bool = False


@dataclass(frozen=True, slots=True)
class AuthenticatorCard:
    """The second factor of whoever looks at their profile; `added` is None while there is none.

    `set_up` replaces one that is there. `is_required` says that the organization asks for one; `provider` is the
    connection by which they sign in without it, "" for none.
    """

    set_up: Change
    make_codes: Change
    added: Moment | None = None
    used: Moment | None = None
    codes_left: int = 0
    codes_stored: bool = False
    is_required: bool = False
    provider: str = ""


@dataclass(frozen=True, slots=True)
class FactorCard:
    """The second factor of a member, for administrators; `added` is None while there is none."""

    id: str
    reset: Change
    added: Moment | None = None
    used: Moment | None = None
    codes_left: int = 0
    locked_until: Moment | None = None


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """profile.html. `role` is a title, `why` where it comes from; `managed_by` is the directory that manages this
    person, if any. `attempts` are their latest sign-ins. `name_form` has the field `name`.
    """

    name: str
    email: str
    organization: str
    role: str
    why: str
    authenticator: AuthenticatorCard
    sessions: SessionList
    attempts: tuple[Attempt, ...]
    managed_by: str = ""
    name_form: Form = EMPTY_FORM

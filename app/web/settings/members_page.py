"""The page of members: those who are wanted, and who was invited and has not answered."""

from __future__ import annotations

from dataclasses import asdict, replace
from urllib.parse import urlencode

from flask import Response

from app.rules.invitations import InvitationState
from app.rules.members import EVERYBODY, MemberState, Wanted
from app.rules.roles import ADMIN
from app.services import appointments, invitations
from app.services.overview import figures as read_figures
from app.services.overview import people as read_people
from app.services.overview import role_mappings as read_mappings
from app.services.overview.people import PersonFacts
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.moments import moment, moment_or_none
from app.web.presentation.elements import ALLOWED, EMPTY_FORM, Change, Choice, Form, Notice
from app.web.presentation.members import InvitationRow, Member, MembersPage
from app.web.settings.cards.role_mappings import role_choices
from app.web.settings.controls import IN_RECOVERY, change, control
from app.web.shell import show
from app.web.wording import count, role_reason

_PER_PAGE = 50
_INVITATIONS = 100
_ANY = Choice("", "Any")
_STATES = (
    Choice("active", "Active"),
    Choice("deactivated", "Deactivated"),
    Choice("suspended", "Suspended"),
    Choice("held", "On hold"),
)
_FACTORS = (Choice("set_up", "Set up"), Choice("none", "Not set up"))


def build(
    unit: UnitOfWork, *, after: str = "", before: str = "", wanted: Wanted = EVERYBODY, invite: Form = EMPTY_FORM
) -> MembersPage:
    """One page of the members that are wanted, after one id or before another; `invite` is the form with what was
    typed.
    """
    organization_id, person = current.organization_id(), current.signed_in()
    appointed = appointments.appointed_in(unit, person) if person.is_recovery else None
    page = read_people.page(unit, organization_id, after=after, before=before, wanted=wanted, limit=_PER_PAGE)
    roles = _roles(unit, organization_id)
    waiting = () if person.is_recovery else _invitations(unit, roles)
    return MembersPage(
        members=tuple(_member(unit, facts, appointed=appointed) for facts in page.people),
        roles=roles,
        total=read_figures.people(unit, organization_id).total,
        next_href=_href(wanted, after=page.after) if page.after else "",
        previous_href=_href(wanted, before=page.before) if page.before else "",
        filter_form=Form(values=asdict(wanted)),
        filter_roles=(_ANY, *roles),
        filter_states=(_ANY, *_STATES),
        filter_factors=(_ANY, *_FACTORS),
        is_filtered=wanted != EVERYBODY,
        invitations=waiting,
        has_more_invitations=not person.is_recovery and len(waiting) == _INVITATIONS,
        may_invite=not person.is_recovery,
        invite_form=invite,
    )


def again(unit: UnitOfWork, notice: Notice | None = None, *, status: int, invite: Form = EMPTY_FORM) -> Response:
    """The page with an error, after an action that changed nothing."""
    notices = (notice,) if notice is not None else ()
    return show("settings/members.html", build(unit, invite=invite), status=status, notices=notices)


def _href(wanted: Wanted, **cursor: str) -> str:
    kept = {name: value for name, value in asdict(wanted).items() if value}
    return f"/settings/members?{urlencode({**kept, **cursor})}"


def _invitations(unit: UnitOfWork, roles: tuple[Choice, ...]) -> tuple[InvitationRow, ...]:
    names = {role.value: role.label for role in roles}
    return tuple(
        InvitationRow(
            id=one.row.id,
            email=one.row.email,
            role=names.get(one.row.role, one.row.role),
            invited_by=one.row.inviter_label,
            sent=moment(one.row.sent_at, now=unit.now),
            expires=moment(one.row.expires_at, now=unit.now),
            is_expired=one.state is InvitationState.EXPIRED,
        )
        for one in invitations.waiting(unit, current.organization_id(), limit=_INVITATIONS)
    )


def _roles(unit: UnitOfWork, organization_id: str) -> tuple[Choice, ...]:
    roles = role_choices(read_mappings.roles_of(unit, organization_id))
    return tuple(role for role in roles if role.value == ADMIN) if current.signed_in().is_recovery else roles


def _member(unit: UnitOfWork, facts: PersonFacts, *, appointed: str | None) -> Member:
    """One row; `appointed` is whom the present recovery session has made an administrator."""
    ends = f"Ends {count(facts.sessions, 'session', 'sessions')}." if facts.sessions else "Ends no session."
    row = Member(
        id=facts.id,
        name=facts.name,
        email=facts.email,
        state=facts.state,
        role=facts.role,
        role_label=facts.explained.role_name,
        why=role_reason(facts.explained),
        change_role=control(facts.change_role),
        suspend=change(facts.suspend, ends, "They cannot sign in by any way until you restore them."),
        restore=Change(ALLOWED, effects=("They can sign in again, as their state and role allow.",)),
        activate=change(
            facts.activate,
            "They can sign in again, unless they are suspended.",
            "A role granted to them before does not come back: give them one afterwards.",
        ),
        remove=change(facts.remove, ends, "Only an invitation or the directory brings them back."),
        suspended=facts.suspended,
        held=facts.held,
        managed_by=facts.explained.managed_by,
        is_you=facts.id == current.signed_in().member_id,
        last_active=moment_or_none(facts.last_active_at, now=unit.now),
        is_enrolled=facts.is_enrolled,
    )
    if not current.signed_in().is_recovery:
        return row
    closed = Change(IN_RECOVERY)
    row = replace(row, suspend=closed, restore=closed, activate=closed, remove=closed)
    is_active = facts.state is MemberState.ACTIVE and not facts.suspended
    decision = appointments.judge(facts.id, is_active=is_active, appointed=appointed)
    return replace(row, change_role=control(decision)) if row.change_role.allowed else row

"""Members: listed page by page, given a role, suspended, restored, made active again, removed."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.errors import ForbiddenError, InvalidInputError
from app.rules.members import MemberState
from app.rules.roles import ADMIN
from app.rules.sessions import SessionKind
from app.services import appointments, explanation, factors, members, organizations, sessions
from app.services.overview import figures as read_figures
from app.services.overview import people as read_people
from app.services.overview import role_mappings as read_mappings
from app.services.overview.people import PersonFacts
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.moments import moment, moment_or_none
from app.web.presentation.elements import ALLOWED, Change, Choice, Notice
from app.web.presentation.members import FactorCard, Member, MembersPage
from app.web.sessions import session_row
from app.web.settings.cards.members import explained
from app.web.settings.cards.role_mappings import role_choices
from app.web.settings.controls import IN_RECOVERY, change, confirm_first, control, refusal
from app.web.settings.typed import not_confirmed
from app.web.shell import see, show
from app.web.wording import count, role_reason

pages = Blueprint("members", __name__, url_prefix="/settings/members")
_PER_PAGE = 50


@pages.get("", endpoint="list")
def list_members() -> ResponseReturnValue:
    """One page of members."""
    after, before = request.args.get("after", ""), request.args.get("before", "")
    return show("settings/members.html", _page(current.unit(), after=after, before=before))


@pages.get("/<member_id>", endpoint="show")
def show_member(member_id: str) -> ResponseReturnValue:
    """Why one member stands as they do, their second factor, and where they are signed in."""
    return _one(member_id)


@pages.post("/<member_id>/factor/<factor_id>/reset")
def reset_factor(member_id: str, factor_id: str) -> ResponseReturnValue:
    """Take their authenticator app away."""
    unit, person = current.unit(), current.signed_in()
    member = members.read(unit, person.organization_id, member_id)
    outcome = factors.reset(unit, member, factor_id, signed_in_at=person.signed_in_at)
    if isinstance(outcome, Refused):
        return _one(member_id, refusal(outcome), status=409)
    return see(f"/settings/members/{member_id}?done=factor-reset")


@pages.post("/<member_id>/sessions/<session_id>/end")
def end_session(member_id: str, session_id: str) -> ResponseReturnValue:
    """Sign one of their browsers out."""
    members.read(current.unit(), current.organization_id(), member_id)
    sessions.end_by_administrator(current.unit(), current.organization_id(), session_id)
    return see(f"/settings/members/{member_id}?done=session-ended#sessions")


def _one(member_id: str, *notices: Notice, status: int = 200) -> Response:
    unit, organization_id = current.unit(), current.organization_id()
    found = explanation.explain(unit, members.read(unit, organization_id, member_id))
    names = {role.slug: role.name for role in read_mappings.roles_of(unit, organization_id)}
    default = organizations.read(unit, organization_id).default_role
    page = explained(found, names, default_role=default, now=unit.now)
    signed_in = sessions.own(unit, member_id)
    page = replace(
        page,
        factor=_factor(unit, member_id, sessions=sum(row.kind != SessionKind.RECOVERY for row in signed_in)),
        sessions=tuple(session_row(row, current=current.signed_in().session_id, now=unit.now) for row in signed_in),
        end_session=IN_RECOVERY if current.signed_in().is_recovery else ALLOWED,
    )
    return show("settings/member.html", page, status=status, notices=notices)


@pages.post("/<member_id>/role")
def change_role(member_id: str) -> ResponseReturnValue:
    """Give a role by hand. A recovery session only makes administrators: that is the repair it is for."""
    unit, person, slug = current.unit(), current.signed_in(), request.form.get("role", "")
    member = members.read(unit, person.organization_id, member_id)
    if person.is_recovery and slug != ADMIN:
        raise ForbiddenError("A recovery session can only make someone an administrator.")
    if person.is_recovery:
        return _answer(appointments.appoint(unit, person, member.id), member_id, done="role-changed")
    try:
        outcome = members.to_edit(unit, person.organization_id, member.id, role=slug).apply()
    except InvalidInputError as error:
        return _again(member_id, Notice("error", "The role was not changed.", error.sentence), status=400)
    return _answer(outcome, member_id, done="role-changed")


@pages.post("/<member_id>/suspend")
def suspend(member_id: str) -> ResponseReturnValue:
    """Suspend by hand; no push lifts it."""
    outcome = members.to_edit(current.unit(), current.organization_id(), member_id, suspended=True).apply()
    return _answer(outcome, member_id, done="member-suspended")


@pages.post("/<member_id>/restore")
def restore(member_id: str) -> ResponseReturnValue:
    """Lift a suspension."""
    outcome = members.to_edit(current.unit(), current.organization_id(), member_id, suspended=False).apply()
    return _answer(outcome, member_id, done="member-restored")


@pages.post("/<member_id>/activate")
def activate(member_id: str) -> ResponseReturnValue:
    """Make someone active again whom a directory deactivated that decides no more."""
    outcome = members.to_edit(current.unit(), current.organization_id(), member_id, activate=True).apply()
    return _answer(outcome, member_id, done="member-activated")


@pages.post("/<member_id>/remove")
def remove(member_id: str) -> ResponseReturnValue:
    """Remove someone, once their address was typed."""
    unit, organization_id = current.unit(), current.organization_id()
    if notice := not_confirmed(members.read(unit, organization_id, member_id).email):
        return _again(member_id, notice, status=400)
    outcome = members.to_remove(unit, organization_id, member_id).apply()
    return _answer(outcome, member_id, done="member-removed")


def _answer(outcome: object, member_id: str, *, done: str) -> ResponseReturnValue:
    if isinstance(outcome, Refused):
        return _again(member_id, refusal(outcome), status=409)
    return see(f"/settings/members?done={done}&after={_just_before(member_id)}#{member_id}")


def _again(member_id: str, notice: Notice, *, status: int) -> Response:
    """The list with an error, from the member it is about."""
    page = _page(current.unit(), after=_just_before(member_id))
    return show("settings/members.html", page, status=status, notices=(notice,))


def _factor(unit: UnitOfWork, member_id: str, *, sessions: int) -> FactorCard | None:
    facts = factors.of_member(unit, member_id)
    if facts is None:
        return None
    judged = factors.may_reset(unit, member_id, signed_in_at=current.signed_in().signed_in_at)
    ends = f"Ends {count(sessions, 'session', 'sessions')}." if sessions else ""
    after = "They sign in without it, or set up another one where it is required, and are told by mail."
    shown = change(judged, ends, after)
    return FactorCard(
        id=facts.id,
        reset=replace(shown, control=confirm_first(shown.control, judged, return_to=f"/settings/members/{member_id}")),
        added=moment(facts.created_at, now=unit.now),
        used=moment_or_none(facts.last_used_at, now=unit.now),
        codes_left=facts.left,
        locked_until=moment(unit.now + facts.wait, now=unit.now) if facts.wait is not None else None,
    )


def _just_before(member_id: str) -> str:
    """A cursor after which this member comes first: a prefix sorts before everything it begins."""
    return member_id[:-1]


def _page(unit: UnitOfWork, *, after: str = "", before: str = "") -> MembersPage:
    organization_id, person = current.organization_id(), current.signed_in()
    appointed = appointments.appointed_in(unit, person) if person.is_recovery else None
    page = read_people.page(unit, organization_id, after=after, before=before, limit=_PER_PAGE)
    return MembersPage(
        members=tuple(_member(unit, facts, appointed=appointed) for facts in page.people),
        roles=_roles(unit, organization_id),
        total=read_figures.people(unit, organization_id).total,
        next_href=f"/settings/members?after={page.after}" if page.after else "",
        previous_href=f"/settings/members?before={page.before}" if page.before else "",
    )


def _roles(unit: UnitOfWork, organization_id: str) -> tuple[Choice, ...]:
    roles = role_choices(read_mappings.roles_of(unit, organization_id))
    return tuple(role for role in roles if role.value == ADMIN) if current.signed_in().is_recovery else roles


def _member(unit: UnitOfWork, facts: PersonFacts, *, appointed: str | None) -> Member:
    """One row; `appointed` is whom the present recovery session has made an administrator."""
    ends = f"Ends {count(facts.sessions, 'session', 'sessions')}." if facts.sessions else "Nobody is signed in as them."
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
        last_signed_in=moment_or_none(facts.last_signed_in_at, now=unit.now),
        is_enrolled=facts.is_enrolled,
    )
    if not current.signed_in().is_recovery:
        return row
    closed = Change(IN_RECOVERY)
    row = replace(row, suspend=closed, restore=closed, activate=closed, remove=closed)
    is_active = facts.state is MemberState.ACTIVE and not facts.suspended
    decision = appointments.judge(facts.id, is_active=is_active, appointed=appointed)
    return replace(row, change_role=control(decision)) if row.change_role.allowed else row

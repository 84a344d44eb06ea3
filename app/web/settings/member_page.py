"""The page of one member: why they stand as they do, and what may be done about it."""

from __future__ import annotations

from dataclasses import replace

from app.rules.lockout import OWN_HOLD
from app.rules.members import MemberState
from app.rules.roles import ADMIN
from app.services import appointments, explanation, factors, members, organizations, sessions
from app.services.overview import people as read_people
from app.services.overview import role_mappings as read_mappings
from app.services.rows import Member
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.moments import moment, moment_or_none
from app.web.presentation.elements import ALLOWED, Change
from app.web.presentation.members import FactorCard, MemberPage, Powers
from app.web.sessions import session_list
from app.web.settings.cards.members import explained
from app.web.settings.cards.role_mappings import role_choices
from app.web.settings.controls import IN_RECOVERY, change, control
from app.web.wording import count


def build(unit: UnitOfWork, member_id: str) -> MemberPage:
    """Everything the page shows. Raises NotFoundError."""
    person, organization_id = current.signed_in(), current.organization_id()
    member = members.read(unit, organization_id, member_id)
    names = {role.slug: role.name for role in read_mappings.roles_of(unit, organization_id)}
    default = organizations.read(unit, organization_id).default_role
    page = explained(explanation.explain(unit, member), names, default_role=default, now=unit.now)
    return replace(
        page,
        powers=_powers_of(unit, member),
        factor=_factor(unit, member_id),
        sessions=session_list(unit, member_id, current=person.session_id, path=f"/settings/members/{member_id}"),
        end_session=IN_RECOVERY if person.is_recovery else ALLOWED,
        is_you=member_id == person.member_id,
    )


def _powers(unit: UnitOfWork, member: Member) -> Powers:
    facts = read_people.powers(unit, member)
    ends = f"Ends {count(facts.sessions, 'session', 'sessions')}." if facts.sessions else "Ends no session."
    return Powers(
        role=member.role,
        roles=role_choices(read_mappings.roles_of(unit, member.organization_id)),
        change_role=control(facts.change_role),
        suspend=change(facts.suspend, ends, "They cannot sign in by any way until you restore them."),
        restore=Change(ALLOWED, effects=("They can sign in again, as their state and role allow.",)),
        activate=change(
            facts.activate,
            "They can sign in again, unless they are suspended.",
            "A role granted to them before does not come back: give them one afterwards.",
        ),
        remove=change(facts.remove, ends, "Only an invitation or the directory brings them back."),
    )


def _powers_of(unit: UnitOfWork, member: Member) -> Powers:
    """What whoever looks may do; nobody lifts their own hold."""
    person = current.signed_in()
    if person.is_recovery:
        return _powers_in_recovery(unit, member)
    powers = _powers(unit, member)
    is_own_hold = member.held and member.id == person.member_id
    return replace(powers, change_role=control(OWN_HOLD)) if is_own_hold else powers


def _powers_in_recovery(unit: UnitOfWork, member: Member) -> Powers:
    """A recovery session makes one active member an administrator, or its own active again, and nothing else."""
    powers, closed = _powers(unit, member), Change(IN_RECOVERY)
    admin = tuple(role for role in powers.roles if role.value == ADMIN)
    powers = replace(powers, roles=admin, suspend=closed, restore=closed, remove=closed)
    is_active = member.state == MemberState.ACTIVE and not member.suspended
    appointed = appointments.appointed_in(unit, current.signed_in())
    decision = appointments.judge(member.id, is_active=is_active, appointed=appointed)
    return replace(powers, change_role=control(decision)) if powers.change_role.allowed else powers


def _factor(unit: UnitOfWork, member_id: str) -> FactorCard | None:
    facts = factors.of_member(unit, member_id)
    if facts is None:
        return None
    judged = factors.may_reset(unit, member_id)
    ended = sessions.count_full(unit, member_id)
    ends = f"Ends {count(ended, 'session', 'sessions')}." if ended else ""
    after = "They sign in without it, or set up another one where it is required, and are told by mail."
    return FactorCard(
        id=facts.id,
        reset=change(judged, ends, after, at="factor"),
        added=moment(facts.created_at, now=unit.now),
        used=moment_or_none(facts.last_used_at, now=unit.now),
        codes_left=facts.left,
        locked_until=moment(unit.now + facts.wait, now=unit.now) if facts.wait is not None else None,
    )

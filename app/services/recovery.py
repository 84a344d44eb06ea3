"""Recovery codes: made, replaced, confirmed as stored, spent once; one-time links for the host's own command line."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete

from app.rules import codes as spelling
from app.rules.decisions import Decision, Refused
from app.rules.errors import ConflictError, NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.lockout import usable
from app.rules.prerequisites import Recovery
from app.rules.recovery import may_replace_codes
from app.rules.sessions import ONE_TIME_LINK
from app.services import authority, policy, recent_authentication
from app.services.unit_of_work import UnitOfWork
from app.store import members, organizations, recovery_drills, sign_ins
from app.store.members import Member
from app.store.organizations import Organization
from app.store.sign_ins import OneTimeLink, RecoveryCode

CODES = 10
Link = OneTimeLink


def replace_codes(unit: UnitOfWork, organization_id: str) -> tuple[str, ...] | Refused:
    """A new set at somebody's request; refused where the old one is the last way back and would be out of reach."""
    unit.lock(organization_id)
    decision = _may_replace(unit, organization_id)
    if isinstance(decision, Refused):
        return unit.refuse(organization_id, EventType.RECOVERY_CODES_CREATED, decision)
    return make_codes(unit, organization_id)


def _may_replace(unit: UnitOfWork, organization_id: str) -> Decision:
    in_force = policy.current(unit.session, unit.lock(organization_id))
    world = authority.world(unit, organization_id, policy=in_force)
    only_held = any(person.held for person in world.people) and not usable(world)
    left = sign_ins.unused_recovery_codes(unit.session, organization_id)
    decision = may_replace_codes(left=left, only_held=only_held, actor=unit.actor)
    return recent_authentication.judge(unit, EventType.RECOVERY_CODES_CREATED, first=decision)


def make_codes(unit: UnitOfWork, organization_id: str) -> tuple[str, ...]:
    """A new set; the old one is void and the confirmation with it. Shown once: only digests are kept."""
    organization = unit.lock(organization_id)
    unit.session.execute(delete(RecoveryCode).where(RecoveryCode.organization_id == organization_id))
    organization.recovery_confirmed_by = organization.recovery_confirmed_at = None
    _forget_good_drill(unit, organization_id)
    codes = tuple(unit.ports.randomness.key(spelling.LENGTH) for _ in range(CODES))
    for code in codes:
        unit.session.add(
            RecoveryCode(
                id=unit.id(Prefix.CODE),
                organization_id=organization_id,
                digest=unit.ports.sealing.code_digests(code, place=organization_id)[0],
                created_at=unit.now,
            )
        )
    unit.audit(organization_id, EventType.RECOVERY_CODES_CREATED)
    unit.event(organization_id, EventType.RECOVERY_CODES_CREATED, subject=organization_id)
    return tuple(map(spelling.spelled, codes))


def _forget_good_drill(unit: UnitOfWork, organization_id: str) -> None:
    """That a code of the old set worked says nothing of the new one."""
    drills = recovery_drills.of(unit.session, organization_id)
    if drills is not None:
        drills.good_at, drills.good_by = None, ""


def confirm(unit: UnitOfWork, organization_id: str, *, by: Member) -> Organization:
    """An administrator says that the codes are stored."""
    organization = unit.lock(organization_id)
    if sign_ins.unused_recovery_codes(unit.session, organization_id) == 0:
        raise ConflictError("There are no recovery codes to confirm; make a set first.", code="no_recovery_codes")
    organization.recovery_confirmed_by, organization.recovery_confirmed_at = by.id, unit.now
    unit.audit(organization_id, "recovery_codes.confirmed", subject=by.id)
    unit.event(organization_id, EventType.RECOVERY_CODES_CONFIRMED, subject=organization_id, member=by.id)
    return organization


def state(unit: UnitOfWork, organization_id: str) -> Recovery:
    """How many codes are left and whether an administrator who is still there has confirmed them.

    Who confirmed them and was then removed, demoted, deactivated or suspended may have taken them along.
    """
    organization = organizations.find(unit.session, organization_id)
    confirmer = organization.recovery_confirmed_by if organization else None
    admins = members.administrators(unit.session, organization_id)
    there = {admin.id for admin in admins if admin.state == "active" and not admin.suspended}
    unused = sign_ins.unused_recovery_codes(unit.session, organization_id)
    return Recovery(unused=unused, confirmed=confirmer in there)


@dataclass(frozen=True, slots=True)
class Spent:
    """A code was used up. `new_codes` are those of a new set, to show once, where it was the last one."""

    new_codes: tuple[str, ...] = ()


def spend(unit: UnitOfWork, organization_id: str, *, code: str, by: Member) -> Spent | None:
    """Use `code` up, if it is one of the unused ones. The organization is locked, so no code is spent twice.

    The last one is replaced at once, so that nobody is left without a way back.
    """
    unit.lock(organization_id)
    row = _find(unit, organization_id, code)
    if row is None:
        return None
    row.used_at, row.used_by = unit.now, by.id
    unit.flush()
    if sign_ins.unused_recovery_codes(unit.session, organization_id):
        return Spent()
    return Spent(new_codes=make_codes(unit, organization_id))


def is_unused(unit: UnitOfWork, organization_id: str, *, code: str) -> bool:
    """Whether `code` would work now; it is not spent."""
    return _find(unit, organization_id, code) is not None


def recovery_link(unit: UnitOfWork, *, email: str) -> str:
    """The token of a link that opens a recovery session for this administrator, once; only the host can ask for one."""
    found = members.by_email(unit.session, email)
    if found is not None:
        unit.lock(found.organization_id)
    member = members.by_email(unit.session, email)
    if member is None or not members.may_recover(member):
        raise NotFoundError("No administrator has this address.", field="email")
    unit.audit(member.organization_id, "recovery.link_made", subject=member.id)
    unit.event(member.organization_id, EventType.RECOVERY_LINK_MADE, subject=member.id)
    return make_link(unit, kind="recover", member_id=member.id)


def make_link(unit: UnitOfWork, *, kind: str, member_id: str | None = None) -> str:
    """A one-time link's token; the row keeps its digest."""
    token = unit.ports.randomness.token()
    unit.session.add(
        OneTimeLink(
            id=unit.id(Prefix.LINK),
            kind=kind,
            digest=unit.ports.sealing.digest(token),
            member_id=member_id,
            created_at=unit.now,
            expires_at=unit.now + ONE_TIME_LINK,
        )
    )
    return token


def find_link(unit: UnitOfWork, *, kind: str, token: str) -> OneTimeLink | None:
    """The link with this token if it may still be used, locked."""
    link = sign_ins.link(unit.session, unit.ports.sealing.digest(token))
    if link is None or link.kind != kind or link.used_at is not None or link.expires_at <= unit.now:
        return None
    return link


def member_of(unit: UnitOfWork, link: OneTimeLink) -> Member | None:
    """The administrator a recovery link is for, if they still are one, also on hold; their organization is locked."""
    found = members.by_id(unit.session, link.member_id or "")
    if found is None:
        return None
    unit.lock(found.organization_id)  # a change under way may end what the link would open
    member = members.by_id(unit.session, link.member_id or "")
    return member if member is not None and members.may_recover(member) else None


def _find(unit: UnitOfWork, organization_id: str, code: str) -> RecoveryCode | None:
    for digest in unit.ports.sealing.code_digests(spelling.typed(code), place=organization_id):
        row = sign_ins.recovery_code(unit.session, organization_id, digest)
        if row is not None:
            return row
    return None

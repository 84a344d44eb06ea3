"""Organizations: made with their first administrator, read, renamed, deleted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from app.rules.decisions import Allowed, Decision
from app.rules.domains import normalize_address
from app.rules.errors import ConflictError, InvalidInputError, NotFoundError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.rules.lockout import Guests
from app.rules.members import MemberState
from app.rules.organizations import read_text
from app.rules.roles import ADMIN, MEMBER, RoleSource, judge_default_role
from app.rules.sessions import Lifetimes, read_lifetimes
from app.services import authority, policy, roles
from app.services.authority import Change, Proposal
from app.services.plans import Planned, Proof
from app.services.policy import Policy
from app.services.unit_of_work import UnitOfWork
from app.store import connections, directories, members, organizations, sign_ins
from app.store.members import Member
from app.store.organizations import Organization

log = logging.getLogger("doorward.organizations")


_SETTINGS = ("name", "guests", "jit", "default_role", "session_idle_minutes", "session_hours")


@dataclass(frozen=True, slots=True)
class Created:
    organization: Organization
    admin: Member


def create(unit: UnitOfWork, *, name: str, admin_email: str, admin_name: str | None = None) -> Created:
    """An organization with its built-in roles and one active administrator. Raises ConflictError for an address in
    use.
    """
    email = normalize_address(admin_email, field="admin_email")
    if members.by_email(unit.session, email) is not None:
        raise ConflictError("This address is a member of an organization already.", field="admin_email")
    organization = Organization(
        id=unit.id(Prefix.ORGANIZATION),
        name=read_text(name, field="name"),
        guests=Guests.REFUSE,
        jit=True,
        default_role=MEMBER,
        created_at=unit.now,
    )
    unit.session.add(organization)
    unit.session.flush()
    roles.add_built_in(unit, organization.id)
    admin = Member(
        id=unit.id(Prefix.MEMBER),
        organization_id=organization.id,
        email=email,
        name=read_text(admin_name, field="admin_name") if admin_name else "",
        state=MemberState.ACTIVE,
        suspended=False,
        granted_role=ADMIN,
        granted_origin="start",
        role=ADMIN,
        role_source=RoleSource.GRANTED,
        held=False,
        sign_in_groups_state="unknown",
        sign_in_groups=[],
        created_at=unit.now,
    )
    unit.session.add(admin)
    unit.session.flush()
    unit.audit(organization.id, EventType.ORGANIZATION_CREATED, subject=organization.id, after={"admin": email})
    unit.event(organization.id, EventType.ORGANIZATION_CREATED, subject=organization.id)
    unit.event(organization.id, EventType.MEMBER_CREATED, subject=admin.id)
    return Created(organization, admin)


def read(unit: UnitOfWork, organization_id: str) -> Organization:
    """One organization. Raises NotFoundError."""
    organization = organizations.find(unit.session, organization_id)
    if organization is None:
        raise NotFoundError("There is no such organization.")
    return organization


def page(unit: UnitOfWork, *, after: str, limit: int) -> Sequence[Organization]:
    """Organizations, oldest first."""
    return organizations.page(unit.session, after=after, limit=limit)


@dataclass(frozen=True, slots=True)
class Edit:
    """What may be changed of an organization; None leaves it as it is."""

    name: str | None = None
    guests: Guests | None = None
    jit: bool | None = None
    default_role: str | None = None
    session_idle_minutes: int | None = None
    session_hours: int | None = None


def to_edit(unit: UnitOfWork, organization_id: str, changes: Edit) -> Planned[Organization]:
    """Rename, allow or refuse guests, just-in-time creation, default role, how long sessions last: the guard is asked
    about guests and role.
    """
    organization = unit.lock(organization_id)
    before = policy.current(unit.session, organization)
    name = None if changes.name is None else read_text(changes.name, field="name")
    judged: Decision = Allowed()
    if changes.default_role is not None:
        judged = judge_default_role(changes.default_role)
        if changes.default_role not in before.roles.priorities:
            raise InvalidInputError("There is no such role.", field="default_role")
    lifetimes = _read_lifetimes(organization, changes)

    def write(proof: Proof) -> Organization:
        _write(unit, organization, replace(changes, name=name), proof)
        if changes.guests is Guests.REFUSE and before.access.guests is not Guests.REFUSE:
            _end_guest_sessions(unit, organization_id)
        if lifetimes is not None:
            sign_ins.shorten(
                unit.connection, organization_id, idle=lifetimes.idle, absolute=lifetimes.absolute, now=unit.now
            )
        return organization

    return Planned(
        unit,
        organization_id,
        "organization.updated",
        write,
        propose=partial(_propose, unit, organization_id, before, changes),
        judged=judged,
        subject=organization_id,
        about=f"{changes.guests} {changes.default_role}",
        is_sensitive=lifetimes is not None and _lasts_longer(organization, lifetimes),
    )


def _read_lifetimes(organization: Organization, changes: Edit) -> Lifetimes | None:
    """How long sessions are to last, where that is asked for: what is left out stays, and both go together."""
    idle, absolute = changes.session_idle_minutes, changes.session_hours
    if idle is None and absolute is None:
        return None
    return read_lifetimes(
        idle_minutes=organization.session_idle_minutes if idle is None else idle,
        absolute_hours=organization.session_hours if absolute is None else absolute,
    )


def _lasts_longer(organization: Organization, wanted: Lifetimes) -> bool:
    now = Lifetimes.of(idle_minutes=organization.session_idle_minutes, absolute_hours=organization.session_hours)
    return wanted.idle > now.idle or wanted.absolute > now.absolute


def _propose(unit: UnitOfWork, organization_id: str, before: Policy, changes: Edit) -> Proposal:
    after, touched = before, frozenset[str]()
    if changes.guests is not None:
        after = after.with_access(guests=changes.guests)
    if changes.default_role not in {None, before.roles.default_role}:
        after = after.with_default_role(str(changes.default_role))
        touched = frozenset(members.following_default(unit.session, organization_id))
    change = Change(policy=after, touched=touched)
    return authority.propose(unit, organization_id, policy=before, change=change, by_person=True)


def _end_guest_sessions(unit: UnitOfWork, organization_id: str) -> None:
    """Guests are refused now, where single sign-on is required."""
    if connections.active(unit.session, organization_id) is not None:
        hosts = organizations.verified_hosts(unit.session, organization_id)
        sign_ins.end_guest_sessions(unit.session, organization_id, hosts=hosts, now=unit.now)


def _write(unit: UnitOfWork, organization: Organization, changes: Edit, proof: Proof) -> None:
    before = {key: getattr(organization, key) for key in _SETTINGS}
    for key in before:
        if getattr(changes, key) is not None:
            setattr(organization, key, getattr(changes, key))
    after = {key: getattr(organization, key) for key in before}
    unit.audit(
        organization.id, "organization.updated", subject=organization.id, before=before, after=after, proof=proof
    )
    if before != after:
        unit.event(organization.id, EventType.ORGANIZATION_UPDATED, subject=organization.id, before=before, after=after)
    if before["default_role"] != after["default_role"]:
        changed = {"before": before["default_role"], "after": after["default_role"]}
        unit.event(organization.id, EventType.ORGANIZATION_DEFAULT_ROLE_CHANGED, subject=organization.id, **changed)


def delete(unit: UnitOfWork, organization_id: str) -> None:
    """Delete the organization and everything in it: the one change the guard is not asked about.

    Its audit log goes with it, so the server's own log keeps who did it.
    """
    organization = unit.lock(organization_id)
    directories.forget_digests(unit.connection, organization_id)
    unit.session.delete(organization)
    log.warning("organization deleted", extra={"organization": organization_id, "actor": unit.actor.label})

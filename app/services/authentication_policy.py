"""The authentication policy: whether a second factor is required, and which of its controls are available."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from app.rules import prerequisites
from app.rules.decisions import Allowed, Decision
from app.rules.events import EventType
from app.rules.factors import MfaPolicy
from app.rules.prerequisites import Acting
from app.services import authority, connections, directories, organizations, policy, recent_authentication, recovery
from app.services.authority import Change, Proposal
from app.services.plans import Planned, Proof
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store import factors as factor_rows
from app.store import figures
from app.store.figures import Enrollment
from app.store.members import Member
from app.store.organizations import Organization


@dataclass(frozen=True, slots=True)
class AuthenticationPolicy:
    """How people sign in now. `connection_id` is that of the active connection, None while single sign-on is off;
    `available` says of each control whether it may be used.
    """

    mfa: MfaPolicy
    connection_id: str | None
    available: Mapping[str, Decision]


def read(unit: UnitOfWork, organization_id: str, *, acting: Acting | None) -> AuthenticationPolicy:
    """The policy, and what the acting administrator may change of it. Raises NotFoundError."""
    organization = organizations.read(unit, organization_id)
    active = connection_rows.active(unit.session, organization_id)
    return AuthenticationPolicy(
        mfa=MfaPolicy(organization.mfa),
        connection_id=active.id if active is not None else None,
        available={
            "set_up_sso": connections.may_set_up(unit, organization_id, acting=acting),
            "set_up_directory": directories.may_set_up(unit, organization_id),
            "require_mfa": _may_require(unit, organization_id, acting),
            "release_mfa": _may_release(unit, organization_id),
        },
    )


def is_required(unit: UnitOfWork, organization_id: str) -> bool:
    """Whether whoever does not come through an identity provider needs a second factor. Raises NotFoundError."""
    return organizations.read(unit, organization_id).mfa == MfaPolicy.REQUIRED


def acting_of(member: Member | None, *, passed_mfa_at: datetime | None) -> Acting | None:
    """The facts of the acting admin; `passed_mfa_at` is when they last proved a second factor."""
    acting = connections.acting_of(member)
    if acting is None or member is None:
        return None
    return replace(acting, is_enrolled=member.enrolled_at is not None, passed_mfa_at=passed_mfa_at)


def named(unit: UnitOfWork, member: Member | None) -> Acting | None:
    """The same for an administrator whom a program names: when they last typed a code that was right counts."""
    factor = factor_rows.of_member(unit.session, member.id) if member is not None else None
    return acting_of(member, passed_mfa_at=factor.last_used_at if factor is not None else None)


def enrollment(unit: UnitOfWork, organization_id: str) -> Enrollment:
    """How many active members have a second factor, and who has none."""
    return figures.enrollment(unit.session, organization_id)


def to_change(
    unit: UnitOfWork, organization_id: str, *, mfa: MfaPolicy, acting: Acting | None
) -> Planned[Organization]:
    """Require a second factor, or no longer. Whoever has none sets one up at their next sign-in; nobody is signed out,
    and whoever has one is asked for it either way.
    """
    organization = unit.lock(organization_id)
    before = policy.current(unit.session, organization)
    is_change = before.access.mfa is not mfa
    type_ = EventType.ORGANIZATION_MFA_REQUIRED if mfa is MfaPolicy.REQUIRED else EventType.ORGANIZATION_MFA_RELEASED

    def write(proof: Proof) -> Organization:
        if is_change:
            organization.mfa = mfa
            was, becomes = {"mfa": before.access.mfa}, {"mfa": mfa}
            unit.audit(organization_id, type_, subject=organization_id, before=was, after=becomes, proof=proof)
            unit.event(organization_id, type_, subject=organization_id)
        return organization

    return Planned(
        unit,
        organization_id,
        type_,
        write,
        propose=partial(_propose, unit, organization_id, before, before.with_access(mfa=mfa)),
        judged=_judge(unit, organization_id, mfa, acting) if is_change else Allowed(),
        subject=organization_id,
        about=mfa,
    )


def _judge(unit: UnitOfWork, organization_id: str, mfa: MfaPolicy, acting: Acting | None) -> Decision:
    if mfa is MfaPolicy.REQUIRED:
        return _may_require(unit, organization_id, acting)
    return _may_release(unit, organization_id)


def _may_require(unit: UnitOfWork, organization_id: str, acting: Acting | None) -> Decision:
    return prerequisites.require_mfa(
        sso_active=connection_rows.active(unit.session, organization_id) is not None,
        acting=acting,
        recovery=recovery.state(unit, organization_id),
        now=unit.now,
    )


def _may_release(unit: UnitOfWork, organization_id: str) -> Decision:
    released = prerequisites.release_mfa(sso_active=connection_rows.active(unit.session, organization_id) is not None)
    return recent_authentication.judge(unit, EventType.ORGANIZATION_MFA_RELEASED, first=released)


def _propose(unit: UnitOfWork, organization_id: str, before: policy.Policy, after: policy.Policy) -> Proposal:
    return authority.propose(unit, organization_id, policy=before, change=Change(policy=after), by_person=True)

"""Writes how everybody in a proposal stands: states, roles and holds, each with its news, and the end of sessions that
must end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.rules.events import EventType
from app.rules.lockout import Settlement, Standing
from app.rules.members import MemberState, may_recover
from app.services import alarms
from app.services.authority import Proposal
from app.services.unit_of_work import UnitOfWork
from app.store import people, sign_ins
from app.store.people import MemberFacts

#: How somebody stood, and how they stand now.
Step = tuple[Standing, Standing]


def write(unit: UnitOfWork, organization_id: str, proposal: Proposal) -> None:
    """Write what the proposal worked out. Addresses that waited for a hold are left to `settlements.carry_out`."""
    unit.flush()
    settlement, changes = proposal.settlement, _facts(proposal)
    stood = {person.member_id: person for person in proposal.before.people}
    steps = [(stood[person.member_id], person) for person in settlement.people]
    for before, after in steps:
        _tell_standing(unit, organization_id, before, after)
        written = _standing(unit, proposal.rows[after.member_id], after)
        if written:
            changes.setdefault(after.member_id, {}).update(written)
    people.write(unit.connection, changes)
    unit.keep_in_step(changes)
    _tell_holds(unit, organization_id, settlement)
    _end_sessions(unit, settlement, steps)


def _facts(proposal: Proposal) -> dict[str, dict[str, Any]]:
    """What the change itself says of single members, as columns."""
    change = proposal.change
    columns: dict[str, dict[str, Any]] = {}
    for member_id, grant in change.granted.items():
        role, origin = (grant.role, grant.origin) if grant is not None else (None, None)
        columns.setdefault(member_id, {}).update(granted_role=role, granted_origin=origin)
    for member_id, suspended in change.suspended.items():
        columns.setdefault(member_id, {}).update(suspended=suspended)
    return columns


def _standing(unit: UnitOfWork, row: MemberFacts, after: Standing) -> dict[str, Any]:
    """What of one person's standing differs from what is stored, as columns."""
    wanted: dict[str, Any] = {
        "state": after.state,
        "role": after.role.role,
        "role_source": after.role.source,
        "role_mapping_id": after.role.mapping_id,
        "held": after.held,
    }
    differs = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    return {**differs, "removed_at": unit.now} if after.removed else differs


def _tell_standing(unit: UnitOfWork, organization_id: str, before: Standing, after: Standing) -> None:
    """One event for each thing that happened to one person."""
    if before.state is not after.state:
        became = EventType.MEMBER_ACTIVATED if after.state is MemberState.ACTIVE else EventType.MEMBER_DEACTIVATED
        unit.event(organization_id, became, subject=after.member_id)
    if before.suspended is not after.suspended:
        became = EventType.MEMBER_SUSPENDED if after.suspended else EventType.MEMBER_RESTORED
        unit.event(organization_id, became, subject=after.member_id)
    if before.role.role != after.role.role:
        changed = {"before": before.role.role, "after": after.role.role, "source": after.role.source}
        unit.event(organization_id, EventType.MEMBER_ROLE_CHANGED, subject=after.member_id, **changed)
        unit.audit(organization_id, EventType.MEMBER_ROLE_CHANGED, subject=after.member_id, after=changed)


def _tell_holds(unit: UnitOfWork, organization_id: str, settlement: Settlement) -> None:
    for person in settlement.held:
        alarms.admin_held(unit, organization_id, email=person.email)
        unit.event(organization_id, EventType.ADMIN_HELD, subject=person.member_id)
        unit.audit(organization_id, EventType.ADMIN_HELD, subject=person.member_id, reason="last usable administrator")
    for person in settlement.released:
        unit.event(organization_id, EventType.ADMIN_RELEASED, subject=person.member_id)
        unit.audit(organization_id, EventType.ADMIN_RELEASED, subject=person.member_id, proof=settlement.proof)


def _end_sessions(unit: UnitOfWork, settlement: Settlement, steps: Sequence[Step]) -> None:
    """Sessions end of whoever is no longer present or is put on hold, recovery sessions of whoever recovery is not for
    any more: they would live again if it came to be within the quarter of an hour.
    """
    gone = {after.member_id for before, after in steps if before.is_present and not after.is_present}
    gone |= {person.member_id for person in settlement.held}
    recovered = {after.member_id for before, after in steps if _may_recover(before) and not _may_recover(after)}
    if gone:
        sign_ins.end_sessions(unit.connection, gone, now=unit.now, reason="no_longer_allowed")
    if recovered:
        sign_ins.end_recovery_sessions(unit.connection, recovered, now=unit.now)


def _may_recover(person: Standing) -> bool:
    return not person.removed and may_recover(
        state=person.state, suspended=person.suspended, is_admin=person.holds_admin, held=person.held
    )

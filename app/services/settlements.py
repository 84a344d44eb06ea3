"""Carries out what a proposal worked out: how everybody stands, and what a hold kept waiting."""

from __future__ import annotations

from app.services import effects, standings
from app.services.authority import Proposal
from app.services.unit_of_work import UnitOfWork


def carry_out(unit: UnitOfWork, organization_id: str, proposal: Proposal) -> None:
    """Write what the proposal worked out: facts, states, roles and holds, each with its events; end the sessions that
    must end; have addresses follow that waited for a hold.
    """
    standings.write(unit, organization_id, proposal)
    if proposal.settlement.released:
        effects.follow_released(unit, organization_id, proposal.policy)

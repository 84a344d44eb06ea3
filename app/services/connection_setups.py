"""Guided setups: begun, left, gone on with on another day, discarded; finished by making the connection."""

from __future__ import annotations

from collections.abc import Sequence

from app.rules.decisions import Allowed, Decision
from app.rules.errors import NotFoundError
from app.rules.guides import Guide, may_begin
from app.rules.ids import Prefix
from app.rules.prerequisites import Acting
from app.services import connections, key_pairs
from app.services.plans import Planned, Proof
from app.services.unit_of_work import UnitOfWork
from app.store import connection_setups as rows
from app.store.connection_setups import ConnectionSetup


def all_of(unit: UnitOfWork, organization_id: str) -> Sequence[ConnectionSetup]:
    """Those under way in the organization, oldest first."""
    return rows.all_of(unit.session, organization_id)


def read(unit: UnitOfWork, organization_id: str, connection_id: str) -> ConnectionSetup:
    """One of them. Raises NotFoundError."""
    setup = rows.one(unit.session, organization_id, connection_id)
    if setup is None:
        raise NotFoundError("There is no such setup. It was finished or discarded, or nobody came back to it.")
    return setup


def may_set_up(unit: UnitOfWork, organization_id: str, *, acting: Acting | None) -> Decision:
    """Whether another setup may be begun."""
    judged = connections.may_set_up(unit, organization_id, acting=acting)
    return may_begin(under_way=rows.count(unit.session, organization_id)) if isinstance(judged, Allowed) else judged


def to_begin(
    unit: UnitOfWork, organization_id: str, guide: Guide, *, protocol: str, acting: Acting | None
) -> Planned[ConnectionSetup]:
    """A setup by this guide. The organization has a key pair from then on, because its certificate is in the metadata
    that the identity provider reads first.
    """
    unit.lock(organization_id)
    setup = ConnectionSetup(
        id=unit.id(Prefix.CONNECTION),
        organization_id=organization_id,
        protocol=protocol,
        guide=guide.name,
        step=1,
        begun_at=unit.now,
        begun_by=unit.actor.label,
    )

    def write(_proof: Proof) -> ConnectionSetup:
        unit.session.add(setup)
        key_pairs.make_first(unit, organization_id)
        unit.audit(organization_id, "connection.setup_begun", subject=setup.id, after={"guide": guide.name})
        return setup

    judged = may_set_up(unit, organization_id, acting=acting)
    return Planned(unit, organization_id, "connection.setup_begun", write, judged=judged, about=setup.id)


def go_on(unit: UnitOfWork, organization_id: str, connection_id: str, guide: Guide, *, after: int) -> int:
    """The step after that one, where the setup stands from then on unless it was further already. Raises
    NotFoundError.
    """
    unit.lock(organization_id)
    setup = read(unit, organization_id, connection_id)
    following = min(max(after, 0) + 1, len(guide.steps))
    setup.step = max(setup.step, following)
    return following


def discard(unit: UnitOfWork, organization_id: str, connection_id: str) -> None:
    """Forget it; whatever was made at the identity provider leads nowhere. Raises NotFoundError."""
    unit.lock(organization_id)
    setup = read(unit, organization_id, connection_id)
    unit.session.delete(setup)
    unit.audit(organization_id, "connection.setup_discarded", subject=connection_id, before={"guide": setup.guide})

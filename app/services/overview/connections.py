"""The organization's connections as the settings page shows them: settings, proofs, and what activation still needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.rules import prerequisites
from app.rules.connections import ConnectionState
from app.rules.decisions import Allowed, Decision, Refused
from app.rules.events import EventType
from app.rules.prerequisites import Recovery, SignInProof
from app.rules.revisions import RevisionState
from app.services import (
    authority,
    certificates,
    connections,
    following,
    policy,
    readiness,
    recent_authentication,
    recovery,
    revisions,
)
from app.services.authority import Change
from app.services.certificates import CertificateFacts
from app.services.following import Following
from app.services.readiness import Totals
from app.services.revisions import RevisionFacts
from app.services.unit_of_work import UnitOfWork
from app.store import connections as rows
from app.store import figures, members, organizations
from app.store.connections import Connection

_STORED = Recovery(unused=1, confirmed=True)


@dataclass(frozen=True, slots=True)
class Needs:
    """The prerequisites of activation, each judged by itself: one line of the checklist each."""

    set_up: Decision
    tested: Decision
    stays_admin: Decision
    recovery: Decision


@dataclass(frozen=True, slots=True)
class LastTest:
    """The acting admin's latest test of the latest revision; `flow_id` is "" when its result is no longer kept."""

    at: datetime
    succeeded: bool
    sentence: str
    flow_id: str


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """One connection. The acting session is not counted; `sign_ins` are active people through the revision in force.

    `settings` are those in force, else the latest. `history` has all revisions, oldest first. `readiness` is of the one
    that is about to be put in force, None where none is: it looks at everybody, and pages that stay open ask again and
    again. `may_go_back` is whether the previous one may be put in force again; it is Allowed where there is none.
    `following` and `certificates` are of the settings.
    """

    id: str
    name: str
    protocol: str
    state: ConnectionState
    settings: Mapping[str, Any]
    needs: Needs
    may_activate: Decision
    may_deactivate: Decision
    may_delete: Decision
    history: tuple[RevisionFacts, ...]
    may_go_back: Decision
    readiness: Totals | None
    last_test: LastTest | None
    activated_at: datetime | None
    last_sign_in_at: datetime | None
    sign_ins: int
    following: Following | None
    certificates: tuple[CertificateFacts, ...]


def read(unit: UnitOfWork, organization_id: str, *, acting_id: str, keep_session: str) -> tuple[ConnectionFacts, ...]:
    """The organization's connections, oldest first, as this admin may change them."""
    found = connections.all_of(unit, organization_id)
    return tuple(_facts(unit, row, acting_id=acting_id, keep_session=keep_session) for row in found)


def needs_of(unit: UnitOfWork, connection: Connection, *, acting_id: str) -> Needs:
    """What activating the latest revision still needs, each condition asked of its rule with all others met."""
    acting = members.present(unit.session, connection.organization_id, acting_id)
    proof = _proof(unit, connection, acting_id)
    fresh = SignInProof(unit.now, would_be_admin=True)
    return Needs(
        set_up=connections.may_set_up(unit, connection.organization_id, acting=connections.acting_of(acting)),
        tested=_judge(unit, proof=SignInProof(proof.proven_at, would_be_admin=True) if proof else None),
        stays_admin=_judge(unit, proof=SignInProof(unit.now, proof.would_be_admin) if proof else fresh),
        recovery=prerequisites.recovery_stored(recovery.state(unit, connection.organization_id)),
    )


def still_missing(unit: UnitOfWork, organization_id: str, connection_id: str, *, acting_id: str) -> tuple[Refused, ...]:
    """What stands between a tested connection and its activation. Raises NotFoundError."""
    needs = needs_of(unit, connections.read(unit, organization_id, connection_id), acting_id=acting_id)
    judged = (needs.set_up, needs.tested, needs.stays_admin, needs.recovery)
    return tuple(decision for decision in judged if isinstance(decision, Refused))


def _judge(unit: UnitOfWork, *, proof: SignInProof | None) -> Decision:
    return prerequisites.activate_sso(
        state=ConnectionState.VALIDATING,
        in_force_is_latest=False,
        set_up=Allowed(),
        proof=proof,
        recovery=_STORED,
        now=unit.now,
    )


@dataclass(frozen=True, slots=True)
class SessionsEnding:
    """How many sessions were opened through a connection, and how many otherwise; the acting one is not counted."""

    through: int
    otherwise: int


def sessions_ending(unit: UnitOfWork, organization_id: str, connection_id: str, *, keep: str) -> SessionsEnding:
    """How many sessions end when the connection is turned off or on. Raises NotFoundError."""
    connections.read(unit, organization_id, connection_id)
    return SessionsEnding(
        *figures.sessions_by_way_in(unit.session, organization_id, connection_id, keep=keep, now=unit.now)
    )


def _facts(unit: UnitOfWork, row: Connection, *, acting_id: str, keep_session: str) -> ConnectionFacts:
    state = ConnectionState(row.state)
    history = revisions.all_of(unit, row.organization_id, row.id)
    measure = next(one for one in history if one.id == one.compared_with)
    waits = state is ConnectionState.VALIDATING or row.revision_in_force not in {None, row.latest_revision}
    return ConnectionFacts(
        id=row.id,
        name=row.name,
        protocol=row.protocol,
        state=state,
        settings=measure.settings,
        needs=needs_of(unit, row, acting_id=acting_id),
        may_activate=_may_activate(unit, row, acting_id=acting_id),
        may_deactivate=_may_deactivate(unit, row),
        may_delete=prerequisites.delete_connection(state=state),
        history=history,
        may_go_back=may_go_back(unit, row, history),
        readiness=readiness.outlook(unit, row.organization_id, row.id).totals(unit) if waits else None,
        last_test=_last_test(unit, row, acting_id),
        activated_at=row.activated_at,
        last_sign_in_at=figures.last_sign_in(unit.session, row.organization_id, row.id),
        sign_ins=figures.active_people_through(unit.session, row.revision_in_force) if row.revision_in_force else 0,
        following=following.read(unit, row),
        certificates=certificates.of(unit, row),
    )


def _may_activate(unit: UnitOfWork, row: Connection, *, acting_id: str) -> Decision:
    acting = members.present(unit.session, row.organization_id, acting_id)
    decision = connections.may_activate(unit, row, acting=acting)
    guarded = decision if isinstance(decision, Refused) else _guard(unit, row, row.latest_revision)
    return recent_authentication.judge(unit, EventType.CONNECTION_ACTIVATED, first=guarded)


def _may_deactivate(unit: UnitOfWork, row: Connection) -> Decision:
    decision = prerequisites.deactivate_sso(state=ConnectionState(row.state))
    guarded = decision if isinstance(decision, Refused) else _guard(unit, row, None)
    return recent_authentication.judge(unit, EventType.CONNECTION_DEACTIVATED, first=guarded)


def may_go_back(unit: UnitOfWork, row: Connection, history: tuple[RevisionFacts, ...]) -> Decision:
    """What the guard would say to going back to the previous revision; Allowed where there is none."""
    previous = next((one for one in history if one.state is RevisionState.PREVIOUS), None)
    return Allowed() if previous is None else _guard(unit, row, previous.id)


def _guard(unit: UnitOfWork, row: Connection, sso_revision: str | None) -> Decision:
    """Whether anybody could still get in as an administrator."""
    organization = organizations.find(unit.session, row.organization_id)
    assert organization is not None
    in_force = policy.current(unit.session, organization)
    change = Change(policy=in_force.with_access(sso_revision=sso_revision))
    return authority.would(unit, organization.id, policy=in_force, change=change)


def _proof(unit: UnitOfWork, row: Connection, acting_id: str) -> SignInProof | None:
    proof = rows.proof(unit.session, row.latest_revision, acting_id)
    return SignInProof(proof.proven_at, proof.would_be_admin) if proof else None


def _last_test(unit: UnitOfWork, row: Connection, acting_id: str) -> LastTest | None:
    flow = figures.last_test(unit.session, row.latest_revision, acting_id)
    if flow is not None and flow.spent_at is not None and flow.outcome:
        sentence = "it worked." if flow.outcome["ok"] else str(flow.outcome["sentence"])
        return LastTest(flow.spent_at, bool(flow.outcome["ok"]), sentence, flow.id)
    proof = _proof(unit, row, acting_id)
    return LastTest(proof.proven_at, succeeded=True, sentence="it worked.", flow_id="") if proof else None

"""The test sign-in of whoever holds a setup link: shows what arrived. It proves nothing, and is about no member."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from app.rules.attempts import Outcome
from app.rules.decisions import Refused
from app.rules.errors import NotFoundError
from app.rules.identity import ExternalIdentity
from app.services import (
    admission,
    asking,
    attempts,
    connection_settings,
    connection_tests,
    connections,
    flows,
    setup_links,
)
from app.services.flows import Purpose
from app.services.overview.activity import TestFacts
from app.services.setup_sessions import Holder
from app.services.steps import FLOW_EXPIRED, GoToProvider, Proven, Tested, TurnedAway
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store import setup_links as rows
from app.store.connections import Connection
from app.store.sign_ins import SignInFlow

_BEGUN = "connection.test_begun"
_KEPT = timedelta(hours=24)


def begin(unit: UnitOfWork, holder: Holder, connection_id: str, *, browser: str) -> GoToProvider | Refused:
    """Go to the identity provider with the latest settings. Raises NotFoundError."""
    unit.lock(holder.organization_id)
    connection = connections.read(unit, holder.organization_id, connection_id)
    decision = connections.may_touch(unit, connection)
    if isinstance(decision, Refused):
        return unit.refuse(holder.organization_id, _BEGUN, decision, subject=connection_id)
    flow = flows.begin(unit, browser=browser, purpose=Purpose.SETUP_TEST, email="")
    flow.setup_link_id = holder.link_id
    unit.audit(holder.organization_id, _BEGUN, subject=connection_id)
    return asking.provider(unit, flow, connection, connection.latest_revision)


def finish(unit: UnitOfWork, flow: SignInFlow, proven: Proven) -> Tested | TurnedAway:
    """Write down what arrived. Unlike a member's own test, it asks about no member and is no proof: that whoever it
    names could come in is shown by nothing but an administrator's own test.
    """
    organization_id, connection_id = flow.organization_id or "", flow.connection_id or ""
    unit.lock(organization_id)  # first: the link may be revoked while we wait
    if setup_links.open_one(unit, flow.setup_link_id or "") is None:
        return TurnedAway(FLOW_EXPIRED)
    if proven.identity is not None:
        flow.outcome = _outcome(unit, flow, proven.identity)
    elif proven.rejection is not None:
        flow.outcome = {"ok": False, **asdict(proven.rejection)}
    outcome = Outcome.TEST_SUCCEEDED if flow.outcome["ok"] else Outcome.TEST_FAILED
    attempts.record(unit, flow, outcome=outcome, reason=flow.outcome.get("name"), detail=flow.outcome)
    flows.finish(unit, flow)
    return Tested(organization_id, connection_id, flow.id, by_link=True)


def result(unit: UnitOfWork, holder: Holder, connection_id: str, flow_id: str) -> TestFacts:
    """A finished test of this very link, for a day. Raises NotFoundError."""
    connection = connections.read(unit, holder.organization_id, connection_id)
    flow = unit.session.get(SignInFlow, flow_id)
    if flow is None or (flow.connection_id, flow.setup_link_id) != (connection.id, holder.link_id):
        raise NotFoundError("There is no such test.")
    if flow.spent_at is None or not flow.outcome or unit.now - flow.spent_at >= _KEPT:
        raise NotFoundError("The result of this test is not kept.")
    return TestFacts(
        connection=connection.name,
        protocol=connection.protocol,
        at=flow.spent_at,
        by="",
        settings=connection_settings.settings_of(unit, connection, flow.revision_id),
        outcome=flow.outcome,
        reference="",
    )


def latest(unit: UnitOfWork, holder: Holder, connection: Connection) -> SignInFlow | None:
    """The latest finished test of the latest settings through this link, while it is kept."""
    flow = rows.last_test(unit.session, holder.link_id, connection.latest_revision)
    return flow if flow is not None and flow.outcome else None


def _outcome(unit: UnitOfWork, flow: SignInFlow, identity: ExternalIdentity) -> dict[str, Any]:
    connection = connection_rows.by_public_id(unit.session, flow.connection_id or "")
    if connection is None or not admission.consume(unit, connection, identity):
        return {"ok": False, **asdict(attempts.REPLAYED)}
    return {
        "ok": True,
        "email": identity.email,
        "profile_name": identity.name,
        "groups_state": identity.groups.state,
        "groups": sorted(identity.groups.values),
        "attributes": connection_tests.shown(identity.received),
    }

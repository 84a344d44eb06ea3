"""The test sign-in: makes nobody and changes no session; its success is the proof that activation asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.rules.attempts import Outcome
from app.rules.decisions import Code
from app.rules.identity import ExternalIdentity
from app.rules.roles import ADMIN
from app.services import admission, attempts, flows
from app.services.steps import FLOW_EXPIRED, Proven, Tested, TurnedAway
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store import members as member_rows
from app.store.members import Member
from app.store.sign_ins import SignInFlow

_SHOWN_ATTRIBUTES, _SHOWN_VALUES, _SHOWN_TEXT = 50, 20, 300


def finish(unit: UnitOfWork, flow: SignInFlow, proven: Proven) -> Tested | TurnedAway:
    """A test makes nobody, changes no session, and writes down what was seen; its success is the proof for
    activation.
    """
    organization_id, connection_id = flow.organization_id or "", flow.connection_id or ""
    tester = member_rows.present(unit.session, organization_id, flow.member_id or "")
    if tester is None:
        return TurnedAway(FLOW_EXPIRED)
    if proven.identity is not None:
        flow.outcome = _outcome(unit, flow, tester, proven.identity)
    elif proven.rejection is not None:
        flow.outcome = {"ok": False, **asdict(proven.rejection)}
    outcome = Outcome.TEST_SUCCEEDED if flow.outcome["ok"] else Outcome.TEST_FAILED
    attempts.record(unit, flow, outcome=outcome, member=tester, reason=flow.outcome.get("name"), detail=flow.outcome)
    flows.finish(unit, flow)
    return Tested(organization_id, connection_id, flow.id)


def _outcome(unit: UnitOfWork, flow: SignInFlow, tester: Member, identity: ExternalIdentity) -> dict[str, Any]:
    connection = connection_rows.by_public_id(unit.session, flow.connection_id or "")
    if connection is None or not admission.consume(unit, connection, identity):
        return {"ok": False, **asdict(attempts.REPLAYED)}
    role = admission.role_through(unit, tester, identity)
    seen = {
        "email": identity.email,
        "profile_name": identity.name,
        "groups_state": identity.groups.state,
        "groups": sorted(identity.groups.values),
        "role": role,
        "attributes": shown(identity.received),
    }
    if identity.email != tester.email:
        return {
            "ok": False,
            "name": str(Code.TEST_AS_SOMEONE_ELSE),
            "sentence": "The identity provider says you are someone else.",
            "expected": tester.email,
            "received": identity.email,
            "fix": "Sign in at the identity provider as yourself, or correct the attribute that carries the address.",
            **seen,
        }
    if admission.links_elsewhere(unit, connection, tester, identity):
        return {
            "ok": False,
            "name": str(Code.SUBJECT_CHANGED),
            "sentence": "The identity provider sent another identifier for you than at your sign-ins so far.",
            "expected": "the identifier you are linked with",
            "received": identity.subject,
            "fix": "Leave the attribute that identifies people as it was; nobody who has signed in could do so again.",
            **seen,
        }
    admission.prove(unit, tester, flow.revision_id or "", identity, would_be_admin=role == ADMIN)
    if connection.revision_in_force == flow.revision_id:
        admission.settle(unit, tester)
    return {"ok": True, **seen}


def shown(received: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """What the page of a test shows of the attributes: enough to recognise them, never a whole directory."""
    names = list(received)[:_SHOWN_ATTRIBUTES]
    return {name[:_SHOWN_TEXT]: [value[:_SHOWN_TEXT] for value in received[name][:_SHOWN_VALUES]] for name in names}

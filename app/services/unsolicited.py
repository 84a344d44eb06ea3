"""Sign-ins that begin at the identity provider: an answer that nobody here has asked for, then the consent of whoever
sits at the browser, and only then a sign-in like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.rules.connections import Revision
from app.rules.decisions import Code, Refused
from app.rules.identity import ExternalIdentity, Rejection, Stray, Unverified
from app.rules.limits import UNSOLICITED
from app.services import (
    admission,
    answers,
    asking,
    attempts,
    certificates,
    flows,
    limits,
    sign_in,
)
from app.services.flows import Purpose, Step
from app.services.steps import FLOW_EXPIRED, NextStep, Proven, TurnedAway
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store.connections import Connection
from app.store.sign_ins import SignInFlow

_DECLINED = Refused(Code.SIGN_IN_DECLINED, "You were not signed in, because you said that it was not you.")


def without_record(result: Unverified) -> TurnedAway:
    """Of what anybody may have sent nothing is written down: whoever wants to could fill the record with it."""
    return TurnedAway(attempts.said(result.rejection))


def arrive(
    unit: UnitOfWork,
    revision: Revision,
    *,
    browser: str,
    result: ExternalIdentity | Rejection | Stray,
    return_to: str | None,
) -> NextStep:
    """What the protocol made of an answer that the identity provider has signed. It is consumed now, so that it asks
    for consent in one browser only.
    """
    connection = connection_rows.by_public_id(unit.session, revision.connection_id)
    if connection is not None and isinstance(result, ExternalIdentity):
        unit.lock_if_there(connection.organization_id)
        connection = connection_rows.by_public_id(unit.session, revision.connection_id)
    if connection is None or connection.revision_in_force != revision.revision_id:
        return TurnedAway(FLOW_EXPIRED)  # turned off or changed while it was verified
    begin = partial(_begin, unit, connection, revision, browser=browser)
    if isinstance(result, ExternalIdentity):
        result = answers.with_known_spelling(result)
    match result:
        case Stray():
            return _rejected(unit, connection, result.rejection, partial(begin, Purpose.SIGN_IN))
        case Rejection():
            return _rejected(unit, connection, result, partial(begin, Purpose.IDP_INITIATED))
    begin = partial(begin, Purpose.IDP_INITIATED, email=result.email)
    if not admission.consume(unit, connection, result):
        return _rejected(unit, connection, attempts.REPLAYED, begin)
    step = asking.for_consent(unit, begin(return_to=return_to), result)
    certificates.note_use(unit, connection.id, result.signed_with)
    return step


def decide(unit: UnitOfWork, flow_id: str, *, browser: str, agreed: bool) -> NextStep:
    """Whoever sits at the browser has said whether they want to be signed in, which they are asked once. Everything
    else is decided now, by how things stand now.
    """
    flow = flows.find(unit, flow_id, browser=browser)
    identity = flows.kept_identity(unit, flow) if flow is not None else None
    if flow is None or identity is None or flow.step != Step.CONSENT:
        return TurnedAway(FLOW_EXPIRED)
    if not agreed:
        return attempts.turn_away(unit, flow, _DECLINED)
    flow.expires_at = flows.end_of(unit)  # an administrator's emailed code has its own time
    step = sign_in.next_step(unit, flow, Proven(identity=identity))
    if isinstance(step, TurnedAway):
        flows.finish(unit, flow)
    return step


def _rejected(
    unit: UnitOfWork, connection: Connection, rejection: Rejection, begin: Callable[[], SignInFlow]
) -> TurnedAway:
    """On record, the first hundred in an hour."""
    if not limits.fitting(unit, UNSOLICITED, connection.organization_id, 1):
        return TurnedAway(attempts.said(rejection))
    return attempts.rejected(unit, begin(), rejection)


def _begin(
    unit: UnitOfWork,
    connection: Connection,
    revision: Revision,
    purpose: Purpose,
    *,
    browser: str,
    email: str = "",
    return_to: str | None = None,
) -> SignInFlow:
    flow = flows.begin(unit, browser=browser, purpose=purpose, email=email, return_to=return_to)
    flow.organization_id, flow.connection_id = connection.organization_id, connection.id
    flow.revision_id = revision.revision_id
    return flow

"""What a browser brings back in a sign-in: a code that was typed, or the word of an identity provider."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from app.rules.actor import Actor, ActorKind
from app.rules.attempts import Outcome
from app.rules.connections import Flow, Revision
from app.rules.decisions import Code
from app.rules.domains import normalize_address
from app.rules.errors import InvalidInputError
from app.rules.factors import Verdict
from app.rules.identity import ExternalIdentity, Rejection
from app.services import (
    admission,
    asking,
    attempts,
    certificates,
    connection_settings,
    factors,
    flows,
    recovery,
    sign_in,
)
from app.services.factors import Checked
from app.services.flows import Purpose, Step
from app.services.steps import FLOW_EXPIRED, TOO_MANY_CODES, NextStep, Proven, TurnedAway
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store import members as member_rows
from app.store.members import Member
from app.store.sign_ins import SignInFlow


def resume(unit: UnitOfWork, flow_id: str, *, browser: str) -> NextStep:
    """What this sign-in waits for; reads only."""
    flow = flows.look_at(unit, flow_id, browser=browser)
    return TurnedAway(FLOW_EXPIRED) if flow is None else asking.again(unit, flow)


def enter_code(
    unit: UnitOfWork, flow_id: str, *, browser: str, code: str, recovery_code: str | None = None
) -> NextStep:
    """The emailed code was typed."""
    flow = flows.find(unit, flow_id, browser=browser)
    if flow is None or flow.step not in {Step.CODE, Step.CONFIRM_LINK}:
        return TurnedAway(FLOW_EXPIRED)
    is_own_app = flow.purpose == Purpose.RECOVER and partial(_is_code_of_app, unit, flow, code, recovery_code or "")
    if not flows.code_fits(unit, flow, code) and not (is_own_app and is_own_app()):
        flows.count_wrong(unit, flow)
        wrong = Checked(Verdict.WRONG)
        return TurnedAway(TOO_MANY_CODES) if flow.spent_at is not None else asking.again(unit, flow, failed=wrong)
    identity = flows.kept_identity(unit, flow)
    return sign_in.next_step(unit, flow, Proven(email=True, identity=identity, recovery_code=recovery_code))


def enter_factor(unit: UnitOfWork, flow_id: str, *, browser: str, code: str) -> NextStep:
    """A code of the authenticator app was typed, or a backup code."""
    flow = flows.find(unit, flow_id, browser=browser)
    member = _member_of(unit, flow, Step.FACTOR)
    if flow is None or member is None or member.enrolled_at is None:
        return TurnedAway(FLOW_EXPIRED)
    checked = factors.check(unit, member, code)
    if checked.verdict is not Verdict.RIGHT:
        if checked.has_just_locked or checked.verdict is not Verdict.LOCKED:
            reason = Code.FACTOR_LOCKED if checked.has_just_locked else Code.FACTOR_WRONG
            attempts.record(unit, flow, outcome=Outcome.REFUSED, member=member, reason=reason)
        return asking.again(unit, flow, failed=checked)
    return sign_in.next_step(unit, flow, Proven(email=True, factor=checked.method))


def enter_first_code(unit: UnitOfWork, flow_id: str, *, browser: str, code: str) -> NextStep:
    """The first code of an authenticator app was typed: the app is set up."""
    flow = flows.find(unit, flow_id, browser=browser)
    member = _member_of(unit, flow, Step.ENROLL)
    if flow is None or member is None or not sign_in.still_enrolls(unit, flow, member):
        return TurnedAway(FLOW_EXPIRED)
    secret = asking.proposed_secret(unit, flow)
    checked = factors.try_out(unit, secret, code)
    if checked.verdict is not Verdict.RIGHT:
        return asking.again(unit, flow, failed=checked)
    keep = flows.secrets_of(unit, flow).get("session")
    codes = factors.enroll(unit, member, secret, code, keep_session=keep)
    return sign_in.next_step(unit, flow, Proven(email=True, factor=checked.method, backup_codes=codes))


@dataclass(frozen=True, slots=True)
class Arrival:
    """A flow that was just spent by a browser coming back, with what its protocol needs to verify."""

    flow_id: str
    protocol_flow: Flow
    revision: Revision
    started_at: datetime = field(repr=False)


def claim_arrival(
    unit: UnitOfWork, connection_id: str, *, protocol: str, handle: str, browser: str
) -> Arrival | TurnedAway:
    """Find the flow a browser brings back and spend its handle, so that nothing is verified twice. A flow that leads
    through another connection, or one of another protocol, is none.

    In a transaction of its own: the verification that follows may take network time and holds no lock.
    """
    flow = flows.find_by_handle(unit, handle, browser=browser) if handle else None
    connection = connection_rows.by_public_id(unit.session, connection_id)
    if flow is None or connection is None or flow.connection_id != connection_id or flow.revision_id is None:
        return TurnedAway(FLOW_EXPIRED)
    if connection.protocol != protocol:
        return TurnedAway(FLOW_EXPIRED)
    protocol_flow = flows.protocol_view(flow, flows.secrets_of(unit, flow))
    flow.handle = None
    revision = connection_settings.load_revision(unit, connection, flow.revision_id)
    return Arrival(flow.id, protocol_flow, revision, flow.created_at)


def arrive(unit: UnitOfWork, arrival: Arrival, *, browser: str, result: ExternalIdentity | Rejection) -> NextStep:
    """What the protocol made of it."""
    flow = flows.find(unit, arrival.flow_id, browser=browser)
    if flow is None:
        return TurnedAway(FLOW_EXPIRED)
    if isinstance(result, ExternalIdentity):
        result = with_known_spelling(result)
    if isinstance(result, Rejection):
        return sign_in.next_step(unit, flow, Proven(rejection=result))
    step = sign_in.next_step(unit, flow, Proven(identity=result))
    # Afterwards, since that takes the organization's lock, which whoever deletes the connection holds first.
    certificates.note_use(unit, arrival.revision.connection_id, result.signed_with)
    return step


def _member_of(unit: UnitOfWork, flow: SignInFlow | None, step: Step) -> Member | None:
    """Whose flow this is, if it waits for that step and they may still come in; their organization is locked."""
    if flow is None or flow.step != step:
        return None
    unit.lock(flow.organization_id or "")
    member = member_rows.present(unit.session, flow.organization_id or "", flow.member_id or "")
    if member is None or admission.judge_state(member) is not None:
        return None
    unit.actor = Actor(ActorKind.SIGN_IN, label=member.email)  # they have not shown yet that it is them
    return member


def _is_code_of_app(unit: UnitOfWork, flow: SignInFlow, code: str, recovery_code: str) -> bool:
    """Whether, in the place of the emailed code, a code of the person's own authenticator app was typed.

    It is looked at only beside a recovery code that works: nobody else tries codes out here, or locks the app. Until
    then the same is asked for every address, so that no time tells who has an app.
    """
    member = member_rows.by_email(unit.session, flow.email)
    has_code = recovery.is_unused(unit, member.organization_id if member is not None else "", code=recovery_code)
    if member is None or not has_code or not member_rows.may_recover(member):
        return False
    return factors.check_app(unit, member, code).verdict is Verdict.RIGHT


def with_known_spelling(identity: ExternalIdentity) -> ExternalIdentity | Rejection:
    """The identity with its address as members are stored, so that no spelling makes a second person of somebody."""
    try:
        return replace(identity, email=normalize_address(identity.email))
    except InvalidInputError:
        return replace(attempts.NO_ADDRESS, received=identity.email)

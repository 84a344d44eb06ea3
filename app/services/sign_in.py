"""Signing in: start a flow, take what the browser brings back, and `next_step`, the single place that decides what
follows.
"""

from __future__ import annotations

from datetime import datetime

from app.rules.actor import Actor, ActorKind
from app.rules.attempts import Outcome
from app.rules.decisions import Code, Refused
from app.rules.domains import host_of, normalize_address
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.factors import Method, MfaPolicy, SecondStep, second_step
from app.rules.identity import ExternalIdentity
from app.rules.organizations import read_text
from app.rules.sessions import SessionKind
from app.services import (
    admission,
    alarms,
    asking,
    attempts,
    confirmations,
    connection_tests,
    connections,
    flows,
    new_browsers,
    organizations,
    recovery,
    sessions,
    setup_tests,
)
from app.services.admission import NeedsCode
from app.services.flows import Purpose
from app.services.steps import (
    FLOW_EXPIRED,
    RECOVERY_CODE_WRONG,
    NextStep,
    Proven,
    SignedIn,
    TurnedAway,
)
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store import members as member_rows
from app.store import organizations as organization_rows
from app.store.connections import Connection
from app.store.invitations import Invitation
from app.store.members import Member
from app.store.sign_ins import OneTimeLink, SignInFlow


def begin(
    unit: UnitOfWork,
    *,
    address: str,
    browser: str,
    purpose: Purpose = Purpose.SIGN_IN,
    return_to: str | None = None,
) -> NextStep:
    """A person typed their address. Raises InvalidInputError for what is not one."""
    email = normalize_address(address)
    flow = flows.begin(unit, browser=browser, purpose=purpose, email=email, return_to=return_to)
    return next_step(unit, flow, Proven())


def begin_invited(unit: UnitOfWork, invitation: Invitation, *, browser: str) -> NextStep:
    """Somebody followed the link of an invitation; it is accepted with the proof of its address."""
    secrets = {"invitation": invitation.id}
    flow = flows.begin(unit, browser=browser, purpose=Purpose.SIGN_IN, email=invitation.email, secrets=secrets)
    return next_step(unit, flow, Proven())


def begin_start(
    unit: UnitOfWork, link: OneTimeLink, *, browser: str, organization: str, name: str, address: str
) -> NextStep:
    """The first person opened the start link: prove the address before anything is made. Raises InvalidInputError."""
    pending = {
        "link": link.id,
        "organization": read_text(organization, field="organization"),
        "name": read_text(name, field="name") if name else "",
    }
    email = normalize_address(address)
    return next_step(
        unit, flows.begin(unit, browser=browser, purpose=Purpose.START, email=email, secrets=pending), Proven()
    )


def begin_through(
    unit: UnitOfWork,
    connection_id: str,
    *,
    browser: str,
    protocol: str | None = None,
    tester: Member | None = None,
    email: str = "",
    return_to: str | None = None,
) -> NextStep:
    """Go straight to a connection: the one in force, or for a test, made by `tester`, its latest settings. `email` is
    whom somebody else says to expect. Raises NotFoundError, also for a connection of another `protocol`, where one is
    given.
    """
    connection = connection_rows.by_public_id(unit.session, connection_id)
    if connection is not None and protocol not in {None, connection.protocol}:
        connection = None
    is_test = tester is not None
    revision_id = connections.revision_for_sign_in(connection, is_test=is_test) if connection else None
    if connection is None or revision_id is None:
        raise NotFoundError("There is no sign-in at this address.")
    flow = flows.begin(
        unit,
        browser=browser,
        purpose=Purpose.TEST if is_test else Purpose.SIGN_IN,
        email=tester.email if tester else email,
        return_to=return_to,
    )
    flow.member_id = tester.id if tester else None
    return asking.provider(unit, flow, connection, revision_id)


def next_step(unit: UnitOfWork, flow: SignInFlow, proven: Proven) -> NextStep:
    """What follows, from what the flow is for and what was proven in it. The only place that decides this."""
    match Purpose(flow.purpose):
        case Purpose.START:
            return _found_organization(unit, flow) if proven.email else asking.for_code(unit, flow)
        case Purpose.RECOVER:
            return _recover(unit, flow, proven.recovery_code or "") if proven.email else asking.for_code(unit, flow)
        case Purpose.TEST:
            return connection_tests.finish(unit, flow, proven)
        case Purpose.SETUP_TEST:
            return setup_tests.finish(unit, flow, proven)
        case Purpose.SIGN_IN | Purpose.IDP_INITIATED:
            return _sign_in_step(unit, flow, proven)
        case Purpose.CONFIRM | Purpose.ENROLL:
            return confirmations.next_step(unit, flow, proven)


def _sign_in_step(unit: UnitOfWork, flow: SignInFlow, proven: Proven) -> NextStep:
    if proven.rejection is not None:
        return attempts.rejected(unit, flow, proven.rejection)
    if proven.identity is not None:
        return _admit_identity(unit, flow, proven.identity, code_given=proven.email)
    if proven.email:
        return _admit_email(unit, flow, proven)
    connection = _connection_for(unit, flow.email)
    if connection is not None and connection.revision_in_force is not None:
        return asking.provider(unit, flow, connection, connection.revision_in_force)
    return asking.for_code(unit, flow)


def _connection_for(unit: UnitOfWork, email: str) -> Connection | None:
    """The connection that addresses at this host must use: that of the organization that has verified the host."""
    domain = organization_rows.verified_domain(unit.session, host_of(email))
    return connection_rows.active(unit.session, domain.organization_id) if domain else None


def _admit_email(unit: UnitOfWork, flow: SignInFlow, proven: Proven) -> NextStep:
    """Whoever does not come through the identity provider also proves a second factor, or sets one up, where it is
    needed.
    """
    invitation_id = flows.secrets_of(unit, flow).get("invitation")
    admitted = admission.by_email(unit, flow.email, invitation_id=invitation_id)
    if isinstance(admitted, Refused):
        return attempts.turn_away(unit, flow, admitted)
    member = admitted.member
    if flow.member_id not in {None, member.id}:
        return TurnedAway(FLOW_EXPIRED)  # the address went to somebody else while the second step was waited for
    if proven.factor is None:
        match _second_step(unit, member):
            case SecondStep.CODE:
                return asking.for_factor(unit, flow, member)
            case SecondStep.ENROLL:
                return asking.to_enroll(unit, flow, member)
    return _let_in(unit, flow, member, opened_by="email_code", proven=proven)


def _second_step(unit: UnitOfWork, member: Member) -> SecondStep | None:
    required = MfaPolicy(organizations.read(unit, member.organization_id).mfa)
    return second_step(is_enrolled=member.enrolled_at is not None, policy=required, through_provider=False)


def still_enrolls(unit: UnitOfWork, flow: SignInFlow, member: Member) -> bool:
    """Whether setting up an app is still what this flow is for, asked under the lock right before it is done: the
    session may have ended since, single sign-on been required, or an app been set up elsewhere.
    """
    if flow.purpose == Purpose.ENROLL:
        return confirmations.may_go_on(unit, flow)
    admitted = admission.by_email(unit, flow.email)
    is_theirs = not isinstance(admitted, Refused) and admitted.member.id == member.id
    return is_theirs and _second_step(unit, member) is SecondStep.ENROLL


def _admit_identity(unit: UnitOfWork, flow: SignInFlow, identity: ExternalIdentity, *, code_given: bool) -> NextStep:
    unit.lock(flow.organization_id or "")  # first: single sign-on may be turned off while we wait
    connection = connection_rows.by_public_id(unit.session, flow.connection_id or "")
    if connection is None or flow.revision_id is None or connection.revision_in_force != flow.revision_id:
        return TurnedAway(FLOW_EXPIRED)  # turned off or changed while the browser was at the provider
    if not flows.keeps_identity(flow) and not admission.consume(unit, connection, identity):
        return attempts.rejected(unit, flow, attempts.REPLAYED)
    admitted = admission.by_identity(unit, connection, flow.revision_id, identity, code_given=code_given)
    if isinstance(admitted, Refused):
        return attempts.turn_away(unit, flow, admitted)
    if isinstance(admitted, NeedsCode):
        return asking.to_confirm_link(unit, flow, identity)
    admission.link(unit, connection, admitted.member, identity)
    return _let_in(unit, flow, admitted.member, opened_by="single_sign_on", proven=Proven(code_given, identity))


def _let_in(
    unit: UnitOfWork, flow: SignInFlow, member: Member, *, opened_by: str, proven: Proven
) -> SignedIn | TurnedAway:
    identity = proven.identity
    admission.note_arrival(unit, member, identity=identity, revision_id=flow.revision_id if identity else None)
    gone = admission.judge_state(member)  # an active directory may say so of who has just joined
    if gone is not None:
        return attempts.turn_away(unit, flow, gone)
    token = sessions.open_session(
        unit,
        member,
        opened_by=opened_by,
        connection_id=flow.connection_id,
        second_factor=proven.factor,
        asked_at=_asked_at(unit, proven),
        behind=identity.session if identity is not None else None,
    )
    new_browsers.note(unit, member, flow.browser_digest)
    flow.organization_id = member.organization_id
    attempts.record(unit, flow, outcome=Outcome.SIGNED_IN, member=member, factor=proven.factor)
    flows.finish(unit, flow)
    return SignedIn(
        token,
        SessionKind.FULL,
        member,
        backup_codes=proven.backup_codes,
        return_to=flow.return_to,
        by_backup_code=proven.factor is Method.BACKUP_CODE,
    )


def _asked_at(unit: UnitOfWork, proven: Proven) -> datetime | None:
    """When they were last asked who they are: now, or what the identity provider says, which may have let them pass
    because they were signed in there already. None where it does not say.
    """
    if proven.email or proven.identity is None:
        return unit.now
    at = proven.identity.authenticated_at
    return min(at, unit.now) if at is not None else None


def _found_organization(unit: UnitOfWork, flow: SignInFlow) -> NextStep:
    """The first address is proven: make the organization, its administrator and its recovery codes, and spend the
    link.
    """
    pending = flows.secrets_of(unit, flow)
    link = unit.session.get(OneTimeLink, pending["link"], with_for_update=True)
    if link is None or link.used_at is not None:
        return TurnedAway(Refused(Code.LINK_SPENT, "This link was used already.", fix="Sign in instead."))
    link.used_at = unit.now
    created = organizations.create(
        unit, name=pending["organization"], admin_email=flow.email, admin_name=pending["name"] or None
    )
    codes = recovery.make_codes(unit, created.organization.id)
    let_in = _let_in(unit, flow, created.admin, opened_by="email_code", proven=Proven(email=True))
    assert isinstance(let_in, SignedIn)  # no directory says anything of an organization that was just founded
    return SignedIn(let_in.token, let_in.kind, let_in.member, codes)


def _recover(unit: UnitOfWork, flow: SignInFlow, code: str) -> NextStep:
    """An administrator, also one on hold, proved the address and has a recovery code: a short, limited session."""
    member = member_rows.by_email(unit.session, flow.email)
    if member is not None:
        unit.lock(member.organization_id)
        member = member_rows.by_email(unit.session, flow.email)
    if member is None or not member_rows.may_recover(member):
        return attempts.turn_away(unit, flow, RECOVERY_CODE_WRONG)
    unit.actor = Actor(ActorKind.RECOVERY, id=member.id, label=member.email)
    spent = recovery.spend(unit, member.organization_id, code=code, by=member)
    if spent is None:
        return attempts.turn_away(unit, flow, RECOVERY_CODE_WRONG)
    return open_recovery(unit, member, flow=flow, how="recovery code", codes=spent.new_codes)


def open_recovery(
    unit: UnitOfWork, member: Member, *, flow: SignInFlow | None, how: str, codes: tuple[str, ...] = ()
) -> SignedIn:
    """A recovery session for this administrator; every administrator is told, by mail and by an event.

    `codes` are those of the set that replaced the one whose last code was spent for it.
    """
    organization_id = member.organization_id
    unit.actor = Actor(ActorKind.RECOVERY, id=member.id, label=member.email)
    unit.audit(organization_id, EventType.RECOVERY_USED, subject=member.id, after={"how": how})
    unit.event(organization_id, EventType.RECOVERY_USED, subject=member.id, how=how)
    left = recovery.state(unit, organization_id).unused
    alarms.recovery_used(unit, organization_id, email=member.email, how=how, left=left, is_new_set=bool(codes))
    token = sessions.open_session(unit, member, opened_by="recovery", kind=SessionKind.RECOVERY)
    if flow is not None:
        flow.organization_id = member.organization_id
        attempts.record(unit, flow, outcome=Outcome.RECOVERED, member=member)
        flows.finish(unit, flow)
    return SignedIn(token, SessionKind.RECOVERY, member, codes)

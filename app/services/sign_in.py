"""Signing in: start a flow, take what the browser brings back, and `next_step`, the single place that decides what
follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from app.rules.connections import Flow, Revision
from app.rules.decisions import Code, Refused
from app.rules.domains import host_of, normalize_address
from app.rules.errors import InvalidInputError, NotFoundError
from app.rules.identity import UNKNOWN_GROUPS, ExternalIdentity, ReceivedGroups, Rejection
from app.rules.ids import Prefix
from app.rules.organizations import read_text
from app.rules.roles import ADMIN
from app.rules.sessions import SessionKind
from app.services import admission, alarms, connections, flows, organizations, recovery, sessions
from app.services.flows import Purpose, Step
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store import members as member_rows
from app.store import organizations as organization_rows
from app.store.connections import Connection
from app.store.members import Member
from app.store.sign_ins import OneTimeLink, SignInFlow, SignInRecord

_SHOWN_ATTRIBUTES, _SHOWN_VALUES, _SHOWN_TEXT = 50, 20, 300
FLOW_EXPIRED = Refused(
    Code.FLOW_EXPIRED,
    "This sign-in has expired or was started in another browser.",
    fix="Start again with your address.",
)
_RECOVERY_CODE_WRONG = Refused(
    Code.RECOVERY_CODE_WRONG, "That did not work.", fix="Check the address, the emailed code and the recovery code."
)


@dataclass(frozen=True, slots=True)
class AskCode:
    """Show the page that asks for the emailed code; `wrong` after a wrong one."""

    flow_id: str
    email: str
    purpose: Purpose
    links_admin: bool = False
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class GoToProvider:
    """Send the browser to the identity provider."""

    protocol: str
    revision: Revision
    flow: Flow


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Not let in; `reference` names the record an administrator can read."""

    refused: Refused
    reference: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Let in: `token` is the session cookie. `codes` are recovery codes to show once, after the very first sign-in."""

    token: str
    kind: SessionKind
    member: Member
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tested:
    """A test sign-in came back; its result is kept with the flow."""

    organization_id: str
    connection_id: str
    flow_id: str


NextStep = AskCode | GoToProvider | TurnedAway | SignedIn | Tested


@dataclass(frozen=True, slots=True)
class Proven:
    """What the browser has shown so far in this flow."""

    email: bool = False
    identity: ExternalIdentity | None = None
    rejection: Rejection | None = None
    recovery_code: str | None = None


def begin(unit: UnitOfWork, *, address: str, browser: str, purpose: Purpose = Purpose.SIGN_IN) -> NextStep:
    """A person typed their address. Raises InvalidInputError for what is not one."""
    flow = flows.begin(unit, browser=browser, purpose=purpose, email=normalize_address(address))
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


def begin_through(unit: UnitOfWork, connection_id: str, *, browser: str, tester: Member | None = None) -> NextStep:
    """Go straight to a connection: the one in force, or for a test, made by `tester`, its latest settings. Raises
    NotFoundError.
    """
    connection = connection_rows.by_public_id(unit.session, connection_id)
    is_test = tester is not None
    revision_id = connections.revision_for_sign_in(connection, is_test=is_test) if connection else None
    if connection is None or revision_id is None:
        raise NotFoundError("There is no sign-in at this address.")
    flow = flows.begin(
        unit,
        browser=browser,
        purpose=Purpose.TEST if is_test else Purpose.SIGN_IN,
        email=tester.email if tester else "",
    )
    flow.member_id = tester.id if tester else None
    return _to_provider(unit, flow, connection, revision_id)


def enter_code(
    unit: UnitOfWork, flow_id: str, *, browser: str, code: str, recovery_code: str | None = None
) -> NextStep:
    """The emailed code was typed."""
    flow = flows.find(unit, flow_id, browser=browser)
    if flow is None or flow.step not in {Step.CODE, Step.CONFIRM_LINK}:
        return TurnedAway(FLOW_EXPIRED)
    if not flows.code_fits(unit, flow, code):
        return _wrong_code(unit, flow)
    pending = flows.secrets_of(unit, flow).get("identity")
    identity = _identity_from(pending) if pending else None
    return next_step(unit, flow, Proven(email=True, identity=identity, recovery_code=recovery_code))


@dataclass(frozen=True, slots=True)
class Arrival:
    """A flow that was just spent by a browser coming back, with what its protocol needs to verify."""

    flow_id: str
    protocol_flow: Flow
    revision: Revision
    started_at: datetime = field(repr=False)


def claim_arrival(unit: UnitOfWork, connection_id: str, *, handle: str, browser: str) -> Arrival | TurnedAway:
    """Find the flow a browser brings back and spend its handle, so that nothing is verified twice.

    In a transaction of its own: the verification that follows may take network time and holds no lock.
    """
    flow = flows.find_by_handle(unit, handle, browser=browser) if handle else None
    connection = connection_rows.by_public_id(unit.session, connection_id)
    if flow is None or connection is None or flow.connection_id != connection_id or flow.revision_id is None:
        return TurnedAway(FLOW_EXPIRED)
    protocol_flow = flows.protocol_view(flow, flows.secrets_of(unit, flow))
    flow.handle = None
    revision = connections.load_revision(unit, connection, flow.revision_id)
    return Arrival(flow.id, protocol_flow, revision, flow.created_at)


def arrive(unit: UnitOfWork, arrival: Arrival, *, browser: str, result: ExternalIdentity | Rejection) -> NextStep:
    """What the protocol made of it."""
    flow = flows.find(unit, arrival.flow_id, browser=browser)
    if flow is None:
        return TurnedAway(FLOW_EXPIRED)
    if isinstance(result, ExternalIdentity):
        result = _with_known_spelling(result)
    if isinstance(result, Rejection):
        return next_step(unit, flow, Proven(rejection=result))
    return next_step(unit, flow, Proven(identity=result))


def next_step(unit: UnitOfWork, flow: SignInFlow, proven: Proven) -> NextStep:
    """What follows, from what the flow is for and what was proven in it. The only place that decides this."""
    match Purpose(flow.purpose):
        case Purpose.START:
            return _found_organization(unit, flow) if proven.email else _ask_code(unit, flow)
        case Purpose.RECOVER:
            return _recover(unit, flow, proven.recovery_code or "") if proven.email else _ask_code(unit, flow)
        case Purpose.TEST:
            return _finish_test(unit, flow, proven)
        case Purpose.SIGN_IN:
            return _sign_in_step(unit, flow, proven)


def _with_known_spelling(identity: ExternalIdentity) -> ExternalIdentity | Rejection:
    """The identity with its address as members are stored, so that no spelling makes a second person of somebody."""
    try:
        return replace(identity, email=normalize_address(identity.email))
    except InvalidInputError:
        return replace(_NO_ADDRESS, received=identity.email)


def _sign_in_step(unit: UnitOfWork, flow: SignInFlow, proven: Proven) -> NextStep:
    if proven.rejection is not None:
        return _rejected(unit, flow, proven.rejection)
    if proven.identity is not None:
        return _admit_identity(unit, flow, proven.identity, code_given=proven.email)
    if proven.email:
        return _admit_email(unit, flow)
    connection = _connection_for(unit, flow.email)
    if connection is not None and connection.revision_in_force is not None:
        return _to_provider(unit, flow, connection, connection.revision_in_force)
    return _ask_code(unit, flow)


def _connection_for(unit: UnitOfWork, email: str) -> Connection | None:
    """The connection that addresses at this host must use (product.md 4: the organization that has verified the
    host).
    """
    domain = organization_rows.verified_domain(unit.session, host_of(email))
    return connection_rows.active(unit.session, domain.organization_id) if domain else None


def _to_provider(unit: UnitOfWork, flow: SignInFlow, connection: Connection, revision_id: str) -> GoToProvider:
    protocol_flow = flows.prepare_for_provider(unit, flow, connection, revision_id)
    revision = connections.load_revision(unit, connection, revision_id)
    return GoToProvider(connection.protocol, revision, protocol_flow)


def _ask_code(unit: UnitOfWork, flow: SignInFlow) -> AskCode:
    flow.step = Step.CODE
    unit.session.flush()
    flows.send_code(unit, flow)
    return AskCode(flow.id, flow.email, Purpose(flow.purpose))


def _wrong_code(unit: UnitOfWork, flow: SignInFlow) -> NextStep:
    if flow.spent_at is not None:
        return TurnedAway(FLOW_EXPIRED)
    purpose = Purpose(flow.purpose)
    return AskCode(flow.id, flow.email, purpose, links_admin=flow.step == Step.CONFIRM_LINK, wrong=True)


def _admit_email(unit: UnitOfWork, flow: SignInFlow) -> NextStep:
    admitted = admission.by_email(unit, flow.email)
    if isinstance(admitted, Refused):
        return _turn_away(unit, flow, admitted)
    return _let_in(unit, flow, admitted.member, opened_by="email_code")


def _admit_identity(unit: UnitOfWork, flow: SignInFlow, identity: ExternalIdentity, *, code_given: bool) -> NextStep:
    connection = connection_rows.by_public_id(unit.session, flow.connection_id or "")
    if connection is None or flow.revision_id is None or connection.revision_in_force != flow.revision_id:
        return TurnedAway(FLOW_EXPIRED)  # turned off or changed while the browser was at the provider
    if not code_given and not admission.consume(unit, connection, identity):
        return _rejected(unit, flow, _REPLAYED)
    admitted = admission.by_identity(unit, connection, flow.revision_id, identity)
    if isinstance(admitted, Refused):
        return _turn_away(unit, flow, admitted)
    if admitted.needs_code and not code_given:
        return _confirm_link(unit, flow, identity)
    admission.link(unit, connection, admitted.member, identity)
    return _let_in(unit, flow, admitted.member, opened_by="single_sign_on", identity=identity)


def _confirm_link(unit: UnitOfWork, flow: SignInFlow, identity: ExternalIdentity) -> AskCode:
    """The first link to an administrator also needs their mailbox: whoever runs the provider does not get in alone."""
    flow.step, flow.email = Step.CONFIRM_LINK, identity.email
    flows.reseal(unit, flow, {"identity": _identity_to(identity)})
    unit.session.flush()
    flows.send_code(unit, flow)
    return AskCode(flow.id, flow.email, Purpose.SIGN_IN, links_admin=True)


def _let_in(
    unit: UnitOfWork, flow: SignInFlow, member: Member, *, opened_by: str, identity: ExternalIdentity | None = None
) -> SignedIn:
    admission.note_arrival(unit, member, identity=identity, revision_id=flow.revision_id if identity else None)
    token = sessions.open_session(unit, member, opened_by=opened_by, connection_id=flow.connection_id)
    flow.organization_id = member.organization_id
    _record(unit, flow, outcome="signed_in", member=member)
    flows.finish(unit, flow)
    return SignedIn(token, SessionKind.FULL, member)


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
    let_in = _let_in(unit, flow, created.admin, opened_by="email_code")
    return SignedIn(let_in.token, let_in.kind, let_in.member, codes)


def _recover(unit: UnitOfWork, flow: SignInFlow, code: str) -> NextStep:
    """An administrator, also one on hold, proved the address and has a recovery code: a short, limited session."""
    member = member_rows.by_email(unit.session, flow.email)
    entitled = member is not None and member.role == ADMIN and not member.suspended
    if member is None or not entitled or not recovery.spend(unit, member.organization_id, code=code, by=member):
        flows.finish(unit, flow)
        return TurnedAway(_RECOVERY_CODE_WRONG)
    return open_recovery(unit, member, flow=flow, how="recovery code")


def open_recovery(unit: UnitOfWork, member: Member, *, flow: SignInFlow | None, how: str) -> SignedIn:
    """A recovery session for this administrator; every administrator is told."""
    alarms.recovery_used(unit, member.organization_id, email=member.email, how=how)
    token = sessions.open_session(unit, member, opened_by="recovery", kind=SessionKind.RECOVERY)
    if flow is not None:
        flow.organization_id = member.organization_id
        _record(unit, flow, outcome="recovered", member=member)
        flows.finish(unit, flow)
    return SignedIn(token, SessionKind.RECOVERY, member)


def _finish_test(unit: UnitOfWork, flow: SignInFlow, proven: Proven) -> NextStep:
    """A test makes nobody, changes no session, and writes down what was seen; its success is the proof for
    activation.
    """
    organization_id, connection_id = flow.organization_id or "", flow.connection_id or ""
    tester = member_rows.present(unit.session, organization_id, flow.member_id or "")
    if tester is None:
        return TurnedAway(FLOW_EXPIRED)
    if proven.identity is not None:
        flow.outcome = _test_outcome(unit, flow, tester, proven.identity)
    elif proven.rejection is not None:
        flow.outcome = {"ok": False, **asdict(proven.rejection)}
    outcome = "test_succeeded" if flow.outcome["ok"] else "test_failed"
    _record(unit, flow, outcome=outcome, member=tester, reason=flow.outcome.get("name"), detail=flow.outcome)
    flows.finish(unit, flow)
    return Tested(organization_id, connection_id, flow.id)


def _test_outcome(unit: UnitOfWork, flow: SignInFlow, tester: Member, identity: ExternalIdentity) -> dict[str, Any]:
    connection = connection_rows.by_public_id(unit.session, flow.connection_id or "")
    if connection is None or not admission.consume(unit, connection, identity):
        return {"ok": False, **asdict(_REPLAYED)}
    role = admission.role_through(unit, tester, identity)
    seen = {
        "email": identity.email,
        "profile_name": identity.name,
        "groups_state": identity.groups.state,
        "groups": sorted(identity.groups.values),
        "role": role,
        "attributes": _shown(identity.received),
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
    admission.prove(unit, tester, flow.revision_id or "", identity, would_be_admin=role == ADMIN)
    return {"ok": True, **seen}


def _shown(received: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """What the page of a test shows of the attributes: enough to recognise them, never a whole directory."""
    names = list(received)[:_SHOWN_ATTRIBUTES]
    return {name[:_SHOWN_TEXT]: [value[:_SHOWN_TEXT] for value in received[name][:_SHOWN_VALUES]] for name in names}


def _rejected(unit: UnitOfWork, flow: SignInFlow, rejection: Rejection) -> TurnedAway:
    """What the provider sent was not accepted: the person gets a sentence and a reference, the administrator all of
    it.
    """
    detail = {
        "sentence": rejection.sentence,
        "expected": rejection.expected,
        "received": rejection.received,
        "fix": rejection.fix,
    }
    reference = _record(unit, flow, outcome="rejected", reason=rejection.name, detail=detail)
    flows.finish(unit, flow)
    refused = Refused(Code.SIGN_IN_REJECTED, rejection.sentence, facts={"name": rejection.name})
    return TurnedAway(refused, reference)


def _turn_away(unit: UnitOfWork, flow: SignInFlow, refused: Refused) -> TurnedAway:
    if flow.organization_id is None:
        member = member_rows.by_email(unit.session, flow.email)
        domain = organization_rows.verified_domain(unit.session, host_of(flow.email)) if flow.email else None
        flow.organization_id = member.organization_id if member else domain.organization_id if domain else None
    reference = _record(unit, flow, outcome="refused", reason=refused.code, detail=_told(refused))
    flows.finish(unit, flow)
    return TurnedAway(refused, reference)


def _told(refused: Refused) -> dict[str, str]:
    return {"sentence": refused.sentence, "fix": refused.fix or ""}


def _record(
    unit: UnitOfWork,
    flow: SignInFlow,
    *,
    outcome: str,
    member: Member | None = None,
    reason: str | None = None,
    detail: dict[str, Any] | None = None,
) -> str:
    """One row an administrator can read, where it is known whose organization it concerns; its reference."""
    reference = unit.id(Prefix.SIGN_IN)
    if flow.organization_id is not None:
        unit.session.add(
            SignInRecord(
                id=reference,
                organization_id=flow.organization_id,
                connection_id=flow.connection_id,
                member_id=member.id if member else None,
                at=unit.now,
                purpose=flow.purpose,
                outcome=outcome,
                reason=reason,
                detail={"email": flow.email} | (detail or {}),
            )
        )
    return reference


_REPLAYED = Rejection(
    name="replayed",
    sentence="This sign-in was used already.",
    expected="an assertion that was not seen before",
    received="one that was accepted earlier",
    fix="Start again; if it happens again, somebody may be replaying recorded sign-ins.",
)


_NO_ADDRESS = Rejection(
    name="address_invalid",
    sentence="Your identity provider did not send a usable email address.",
    expected="an email address",
    fix="Map the attribute that carries the address of each person.",
)


def _identity_to(identity: ExternalIdentity) -> dict[str, Any]:
    """What of an identity outlives the wait for the emailed code."""
    return {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "email": identity.email,
        "name": identity.name,
        "groups_state": identity.groups.state,
        "groups": sorted(identity.groups.values),
        "stable": identity.subject_is_stable,
        "replay_until": identity.replay_until.isoformat(),
    }


def _identity_from(stored: dict[str, Any]) -> ExternalIdentity:
    groups = frozenset(stored["groups"])
    unknown = stored["groups_state"] == UNKNOWN_GROUPS.state
    return ExternalIdentity(
        issuer=stored["issuer"],
        subject=stored["subject"],
        email=stored["email"],
        name=stored["name"],
        groups=UNKNOWN_GROUPS if unknown else ReceivedGroups.of(groups),
        subject_is_stable=stored["stable"],
        replay_key="",  # consumed when it arrived
        replay_until=datetime.fromisoformat(stored["replay_until"]),
    )

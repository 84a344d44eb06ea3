"""What a sign-in asks of its browser next: each of these leaves the flow waiting for the answer."""

from __future__ import annotations

from app.rules.identity import ExternalIdentity
from app.services import connection_settings, factors, flows, organizations
from app.services.factors import Checked
from app.services.flows import Purpose, Step
from app.services.steps import (
    FLOW_EXPIRED,
    AskCode,
    AskConsent,
    AskEnrollment,
    AskFactor,
    GoToProvider,
    NextStep,
    TurnedAway,
)
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store import members as member_rows
from app.store.connections import Connection
from app.store.members import Member
from app.store.sign_ins import SignInFlow

_SECRET = "secret"  # noqa: S105 (its name in the flow)


def for_code(unit: UnitOfWork, flow: SignInFlow) -> AskCode:
    """The code that is mailed now."""
    flow.step = Step.CODE
    unit.session.flush()
    flows.send_code(unit, flow)
    return _code_page(flow)


def to_confirm_link(unit: UnitOfWork, flow: SignInFlow, identity: ExternalIdentity) -> AskCode:
    """The first link to an administrator also needs their mailbox: whoever runs the provider does not get in alone."""
    flow.step, flow.email = Step.CONFIRM_LINK, identity.email
    flows.keep_identity(unit, flow, identity)
    unit.session.flush()
    flows.send_code(unit, flow)
    return _code_page(flow)


def for_consent(unit: UnitOfWork, flow: SignInFlow, identity: ExternalIdentity) -> NextStep:
    """Whether they want to be signed in: the identity provider began it, and may have been made to."""
    flow.step = Step.CONSENT
    flows.keep_identity(unit, flow, identity)
    unit.session.flush()
    return _consent_page(unit, flow)


def provider(unit: UnitOfWork, flow: SignInFlow, connection: Connection, revision_id: str) -> GoToProvider:
    """The identity provider, which sends the browser back."""
    protocol_flow = flows.prepare_for_provider(unit, flow, connection, revision_id)
    revision = connection_settings.load_revision(unit, connection, revision_id)
    return GoToProvider(connection.protocol, revision, protocol_flow)


def for_factor(unit: UnitOfWork, flow: SignInFlow, member: Member) -> AskFactor:
    """A code of the authenticator app."""
    _wait_longer(unit, flow, member, Step.FACTOR)
    return _factor_page(flow)


def to_enroll(unit: UnitOfWork, flow: SignInFlow, member: Member) -> AskEnrollment:
    """To set an authenticator app up. Its secret waits in the flow until a code shows that the app has it."""
    _wait_longer(unit, flow, member, Step.ENROLL)
    flows.reseal(unit, flow, {**flows.secrets_of(unit, flow), _SECRET: factors.new_secret(unit)})
    return _enrollment_page(unit, flow, member)


def proposed_secret(unit: UnitOfWork, flow: SignInFlow) -> str:
    """The secret that an app was asked to take."""
    return str(flows.secrets_of(unit, flow)[_SECRET])


def again(unit: UnitOfWork, flow: SignInFlow, *, failed: Checked | None = None) -> NextStep:
    """What the flow waits for already, after an answer that was no good, or for a browser that has lost the page."""
    match flow.step:
        case Step.CONSENT:
            return _consent_page(unit, flow)
        case Step.CODE | Step.CONFIRM_LINK:
            return _code_page(flow, wrong=failed is not None)
        case Step.FACTOR:
            return _factor_page(flow, failed)
        case Step.ENROLL:
            member = member_rows.by_id(unit.session, flow.member_id or "")
            return TurnedAway(FLOW_EXPIRED) if member is None else _enrollment_page(unit, flow, member, failed)
        case _:
            return TurnedAway(FLOW_EXPIRED)


def _wait_longer(unit: UnitOfWork, flow: SignInFlow, member: Member, step: Step) -> None:
    """The next proof has as much time as the first one had; what the first one needed is forgotten."""
    flow.step, flow.member_id, flow.organization_id = step, member.id, member.organization_id
    flow.code_digest, flow.expires_at = None, flows.end_of(unit)


def _code_page(flow: SignInFlow, *, wrong: bool = False) -> AskCode:
    links_admin = flow.step == Step.CONFIRM_LINK
    purpose = Purpose(flow.purpose)
    return AskCode(flow.id, flow.email, purpose, links_admin=links_admin, wrong=wrong, return_to=flow.return_to)


def _consent_page(unit: UnitOfWork, flow: SignInFlow) -> AskConsent | TurnedAway:
    connection = connection_rows.by_public_id(unit.session, flow.connection_id or "")
    if connection is None:
        return TurnedAway(FLOW_EXPIRED)
    organization = organizations.read(unit, connection.organization_id).name
    return AskConsent(flow.id, flow.email, organization, connection.name)


def _factor_page(flow: SignInFlow, failed: Checked | None = None) -> AskFactor:
    return AskFactor(flow.id, flow.email, Purpose(flow.purpose), failed)


def _enrollment_page(
    unit: UnitOfWork, flow: SignInFlow, member: Member, failed: Checked | None = None
) -> AskEnrollment:
    secret = proposed_secret(unit, flow)
    address = factors.address_of(unit, member, secret)
    return AskEnrollment(flow.id, flow.email, Purpose(flow.purpose), secret, address, failed)

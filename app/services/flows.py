"""Sign-ins under way: rows bound to one browser, their codes, and the secrets a protocol needs when the browser comes
back.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.ports.mail import Mail
from app.rules.connections import Flow
from app.rules.identity import UNKNOWN_GROUPS, ExternalIdentity, ProviderSession, ReceivedGroups
from app.rules.ids import Prefix
from app.rules.logout import EndedThere
from app.rules.sessions import CODE_ATTEMPTS, CODE_DIGITS, CODE_WINDOW, CODES_PER_WINDOW, FLOW
from app.services import mailbox
from app.services.unit_of_work import UnitOfWork
from app.store import sign_ins
from app.store.connections import Connection
from app.store.sign_ins import SignInFlow


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    #: A sign-in that the identity provider began, and that nobody here has asked for.
    IDP_INITIATED = "idp_initiated"
    TEST = "test"
    #: The same by whoever holds a setup link, who is no member.
    SETUP_TEST = "setup_test"
    START = "start"
    RECOVER = "recover"
    #: Somebody who is signed in shows that it is still them.
    CONFIRM = "confirm"
    #: Somebody who is signed in sets up an authenticator app.
    ENROLL = "enroll"


class Step(StrEnum):
    """Where a flow stands."""

    CODE = "code"
    IDENTITY_PROVIDER = "identity_provider"
    CONSENT = "consent"
    CONFIRM_LINK = "confirm_link"
    FACTOR = "factor"
    ENROLL = "enroll"
    FINISHED = "finished"


#: Where somebody has arrived, and something else is waited for.
_WITH_IDENTITY = (Step.CONSENT, Step.CONFIRM_LINK)

_SUBJECTS = {
    Purpose.SIGN_IN: "Your sign-in code",
    Purpose.START: "Confirm your address",
    Purpose.RECOVER: "Your code for recovering access",
}


def begin(
    unit: UnitOfWork,
    *,
    browser: str,
    purpose: Purpose,
    email: str,
    secrets: dict[str, Any] | None = None,
    return_to: str | None = None,
) -> SignInFlow:
    """A flow for this browser; `browser` is the token in its binding cookie. `return_to` is as `rules.return_to` reads
    it.
    """
    id_ = unit.id(Prefix.FLOW)
    flow = SignInFlow(
        id=id_,
        browser_digest=unit.ports.sealing.digest(browser),
        purpose=purpose,
        step=Step.CODE,
        email=email,
        attempts=0,
        created_at=unit.now,
        expires_at=end_of(unit),
        return_to=return_to,
    )
    if secrets is not None:
        flow.sealed_secrets = unit.ports.sealing.seal(json.dumps(secrets), place=_place(id_))
    unit.session.add(flow)
    return flow


def end_of(unit: UnitOfWork) -> datetime:
    """When a flow that moves on now is given up."""
    return unit.now + FLOW


def look_at(unit: UnitOfWork, flow_id: str, *, browser: str) -> SignInFlow | None:
    """As `find`, for reading only."""
    return _open(unit, unit.session.get(SignInFlow, flow_id), browser)


def waiting(unit: UnitOfWork, *, browser: str) -> SignInFlow | None:
    """The latest sign-in that this browser began and can go on with, for reading only."""
    digest = unit.ports.sealing.digest(browser)
    steps = (Step.CODE, Step.FACTOR, Step.ENROLL)
    return sign_ins.waiting_flow(unit.session, digest, purpose=Purpose.SIGN_IN, steps=steps, now=unit.now)


def find(unit: UnitOfWork, flow_id: str, *, browser: str) -> SignInFlow | None:
    """The flow, if it is this browser's and still open; its row is locked, and before it the organization that it is
    in, as by whoever deletes a connection with its flows.
    """
    seen = look_at(unit, flow_id, browser=browser)
    if seen is not None and seen.organization_id is not None:
        unit.lock_if_there(seen.organization_id)
    return _open(unit, sign_ins.flow_by_id(unit.session, flow_id), browser)


def find_by_handle(unit: UnitOfWork, handle: str, *, browser: str) -> SignInFlow | None:
    """The flow an identity provider hands back, if it is this browser's and still open; its row is locked."""
    return _open(unit, sign_ins.flow_by_handle(unit.session, handle), browser)


def secrets_of(unit: UnitOfWork, flow: SignInFlow) -> dict[str, Any]:
    """What was sealed into the flow."""
    if flow.sealed_secrets is None:
        return {}
    secrets: dict[str, Any] = json.loads(unit.ports.sealing.unseal(flow.sealed_secrets, place=_place(flow.id)))
    return secrets


def reseal(unit: UnitOfWork, flow: SignInFlow, secrets: dict[str, Any]) -> None:
    """Replace what is sealed into the flow."""
    flow.sealed_secrets = unit.ports.sealing.seal(json.dumps(secrets), place=_place(flow.id))


def send_code(unit: UnitOfWork, flow: SignInFlow) -> None:
    """Mail a fresh code. Past the limit nothing is sent and no code fits, but the page looks the same."""
    since = unit.now - CODE_WINDOW
    if sign_ins.codes_sent(unit.session, flow.email, purpose=flow.purpose, since=since) >= CODES_PER_WINDOW:
        return
    flow.code_sent_at = unit.now
    code = unit.ports.randomness.digits(CODE_DIGITS)
    flow.code_digest = unit.ports.sealing.code_digests(code, place=_place(flow.id))[0]
    purpose = Purpose(flow.purpose)
    minutes = FLOW // timedelta(minutes=1)
    text = (
        f"Your code is {code}\n\n"
        f"It works once, for {minutes} minutes, in the browser window where you asked for it. If you did not ask "
        "for it, ignore this message: nobody can sign in without the code."
    )
    subject = f"{_SUBJECTS.get(purpose, _SUBJECTS[Purpose.SIGN_IN])}: {code}"
    mailbox.post(unit, Mail(to=flow.email, subject=subject, text=text), keep_trying=FLOW)


def code_fits(unit: UnitOfWork, flow: SignInFlow, code: str) -> bool:
    """Whether this is the code that was mailed."""
    typed = "".join(character for character in code if character.isdigit())
    expected = flow.code_digest or ""
    given = unit.ports.sealing.code_digests(typed, place=_place(flow.id))
    return any(unit.ports.sealing.same(expected, digest) for digest in given)


def count_wrong(unit: UnitOfWork, flow: SignInFlow) -> None:
    """One more wrong code; the last one that is borne closes the flow."""
    flow.attempts += 1
    if flow.attempts >= CODE_ATTEMPTS:
        finish(unit, flow)


def finish(unit: UnitOfWork, flow: SignInFlow) -> None:
    """The flow is spent; nothing can be done with it any more, and it keeps no secret."""
    flow.spent_at, flow.step, flow.code_digest, flow.sealed_secrets = unit.now, Step.FINISHED, None, None


def prepare_for_provider(unit: UnitOfWork, flow: SignInFlow, connection: Connection, revision_id: str) -> Flow:
    """Make the values that go to the identity provider and must come back; the protocol's own view of the flow."""
    secrets = {
        "request_id": "_" + unit.ports.randomness.token().replace("-", "a").replace("_", "b"),
        "nonce": unit.ports.randomness.token(),
        "verifier": unit.ports.randomness.token() + unit.ports.randomness.token(),
    }
    flow.step, flow.handle = Step.IDENTITY_PROVIDER, unit.ports.randomness.token()
    flow.organization_id, flow.connection_id, flow.revision_id = (
        connection.organization_id,
        connection.id,
        revision_id,
    )
    reseal(unit, flow, {**secrets_of(unit, flow), **secrets})
    return protocol_view(flow, secrets)


def keep_identity(unit: UnitOfWork, flow: SignInFlow, identity: ExternalIdentity) -> None:
    """Seal who arrived into the flow, for the time that their consent or the emailed code takes."""
    reseal(unit, flow, {**secrets_of(unit, flow), "identity": _identity_to(identity)})


def keeps_identity(flow: SignInFlow) -> bool:
    """Whether the flow waits with somebody who has arrived, so that their assertion was consumed already."""
    return flow.step in _WITH_IDENTITY


def finish_ended(unit: UnitOfWork, connection_id: str, told: EndedThere) -> None:
    """Spend the flows that wait with somebody whose session at the identity provider has ended."""
    for flow in sign_ins.flows_at(unit.session, connection_id, steps=_WITH_IDENTITY, now=unit.now):
        identity = kept_identity(unit, flow)
        if identity is not None and identity.session is not None and told.ends(identity.session):
            finish(unit, flow)


def kept_identity(unit: UnitOfWork, flow: SignInFlow) -> ExternalIdentity | None:
    """Who arrived before their consent or the emailed code was asked for, if anybody did."""
    kept = secrets_of(unit, flow).get("identity")
    return _identity_from(kept) if kept else None


def protocol_view(flow: SignInFlow, secrets: dict[str, Any]) -> Flow:
    """What a protocol may know of a flow."""
    return Flow(
        handle=flow.handle or "",
        request_id=secrets["request_id"],
        nonce=secrets["nonce"],
        verifier=secrets["verifier"],
        started_at=flow.created_at,
        authenticate_again=flow.purpose in {Purpose.TEST, Purpose.SETUP_TEST, Purpose.CONFIRM},
        email_hint=flow.email or None,
    )


def _identity_to(identity: ExternalIdentity) -> dict[str, Any]:
    """What of an identity outlives the wait for consent or the emailed code."""
    at = identity.authenticated_at
    return {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "email": identity.email,
        "name": identity.name,
        "groups_state": identity.groups.state,
        "groups": sorted(identity.groups.values),
        "stable": identity.subject_is_stable,
        "replay_until": identity.replay_until.isoformat(),
        "authenticated_at": at.isoformat() if at is not None else None,
        "session": asdict(identity.session) if identity.session is not None else None,
    }


def _identity_from(stored: dict[str, Any]) -> ExternalIdentity:
    groups = frozenset(stored["groups"])
    unknown = stored["groups_state"] == UNKNOWN_GROUPS.state
    at = stored.get("authenticated_at")  # flows that were under way when this was new are without it
    return ExternalIdentity(
        issuer=stored["issuer"],
        subject=stored["subject"],
        email=stored["email"],
        name=stored["name"],
        groups=UNKNOWN_GROUPS if unknown else ReceivedGroups.of(groups),
        subject_is_stable=stored["stable"],
        replay_key="",  # consumed when it arrived
        replay_until=datetime.fromisoformat(stored["replay_until"]),
        authenticated_at=datetime.fromisoformat(at) if at is not None else None,
        session=ProviderSession(**stored["session"]) if stored.get("session") else None,
    )


def _open(unit: UnitOfWork, flow: SignInFlow | None, browser: str) -> SignInFlow | None:
    if flow is None or flow.spent_at is not None or flow.expires_at <= unit.now:
        return None
    return flow if unit.ports.sealing.same(flow.browser_digest, unit.ports.sealing.digest(browser)) else None


def _place(flow_id: str) -> str:
    return f"sign_in_flows/{flow_id}"

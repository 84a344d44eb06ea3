"""What may follow in a sign-in, as values, and what a browser has proven so far."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules.connections import Flow, Revision
from app.rules.decisions import Code, Refused
from app.rules.factors import Method
from app.rules.identity import ExternalIdentity, Rejection
from app.rules.sessions import SessionKind
from app.services.factors import Checked
from app.services.flows import Purpose
from app.store.members import Member

FLOW_EXPIRED = Refused(
    Code.FLOW_EXPIRED,
    "This sign-in has expired or was started in another browser.",
    fix="Start again with your address.",
)
RECOVERY_CODE_WRONG = Refused(
    Code.RECOVERY_CODE_WRONG, "That did not work.", fix="Check the address, the emailed code and the recovery code."
)
TOO_MANY_CODES = Refused(Code.FLOW_EXPIRED, "Too many wrong codes.", fix="Start again for a new one.")


@dataclass(frozen=True, slots=True)
class AskCode:
    """Show the page that asks for the emailed code; `wrong` after a wrong one. `return_to` is kept by whoever starts
    again.
    """

    flow_id: str
    email: str
    purpose: Purpose
    links_admin: bool = False
    wrong: bool = False
    return_to: str | None = None


@dataclass(frozen=True, slots=True)
class AskFactor:
    """Show the page that asks for a code of the authenticator app, or a backup code; `failed` is what became of the
    last one.
    """

    flow_id: str
    email: str
    purpose: Purpose
    failed: Checked | None = None


@dataclass(frozen=True, slots=True)
class AskEnrollment:
    """Show the page on which an authenticator app is set up: `secret` and `address` are for the app, `failed` is what
    became of the last code.
    """

    flow_id: str
    email: str
    purpose: Purpose
    secret: str
    address: str
    failed: Checked | None = None


@dataclass(frozen=True, slots=True)
class AskConsent:
    """Show the page that asks whether somebody wants to be signed in as `email`: their sign-in began at the identity
    provider, so that nobody in this browser may have wanted it. `provider` is the connection's name.
    """

    flow_id: str
    email: str
    organization: str
    provider: str


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
    """Let in: `token` is the session cookie. `codes` are recovery codes to show once, after the very first sign-in and
    where recovery has spent the last one; `backup_codes` are personal ones, after an authenticator app was set up.
    `return_to` is where the person wanted to be. `by_backup_code`: the second step was one of those.
    """

    token: str
    kind: SessionKind
    member: Member
    codes: tuple[str, ...] = ()
    backup_codes: tuple[str, ...] = ()
    return_to: str | None = None
    by_backup_code: bool = False


@dataclass(frozen=True, slots=True)
class Tested:
    """A test sign-in came back; its result is kept with the flow. `by_link`: it was begun in a setup session."""

    organization_id: str
    connection_id: str
    flow_id: str
    by_link: bool = False


NextStep = AskCode | AskFactor | AskEnrollment | AskConsent | GoToProvider | TurnedAway | SignedIn | Tested


def is_wrong(step: NextStep) -> bool:
    """Whether this follows a code that was no good."""
    match step:
        case AskCode():
            return step.wrong
        case AskFactor() | AskEnrollment():
            return step.failed is not None
        case TurnedAway():
            return step.refused is TOO_MANY_CODES or step.refused is RECOVERY_CODE_WRONG
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Proven:
    """What the browser has shown so far in this flow; `backup_codes` came with an authenticator app just set up."""

    email: bool = False
    identity: ExternalIdentity | None = None
    rejection: Rejection | None = None
    recovery_code: str | None = None
    factor: Method | None = None
    backup_codes: tuple[str, ...] = ()

"""The authentication policy as JSON: single sign-on, the second factor, and which controls are available."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from app.rules.decisions import Code, Decision, Refused
from app.rules.factors import MfaPolicy
from app.services import authentication_policy, organizations
from app.services.plans import Planned
from app.services.rows import Member, Organization
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.api.acting import find_admin
from app.web.api.operations import GUARDED, operation
from app.web.api.shapes import Answer, ChangeQuery, Maybe, PatchBody

_PATH = "/organizations/{org}/authentication-policy"


class PolicyPatch(PatchBody):
    mfa: Maybe[MfaPolicy] = Field(
        None, description="Whether everyone who does not come through the identity provider needs a second factor."
    )


class AvailableAnswer(Answer):
    allowed: bool
    code: str | None = Field(description="Why not, as a stable code.")
    reason: str | None = Field(description="Why not, as a sentence.")
    fix: str | None = Field(description="The smallest change that would make it available.")


class SingleSignOnAnswer(Answer):
    active: bool = Field(description="Whether it is required. It follows the active connection.")
    connection_id: str | None


class PolicyAnswer(Answer):
    sso: SingleSignOnAnswer
    mfa: MfaPolicy
    available: dict[str, AvailableAnswer] = Field(
        description="Each control: `set_up_sso`, `set_up_directory`, `require_mfa`, `release_mfa`."
    )


@operation("GET", _PATH, query=ChangeQuery, answer=PolicyAnswer)
def read_authentication_policy(org: str, query: ChangeQuery) -> PolicyAnswer:
    """Say how people sign in, and which controls an administrator named by `on_behalf_of` could use now."""
    unit = current.unit()
    organizations.read(unit, org)
    return _show(unit, org, find_admin(unit, org, query.on_behalf_of) if query.on_behalf_of else None)


@operation("PATCH", _PATH, body=PolicyPatch, answer=PolicyAnswer,
           codes=(Code.MFA_WITH_SINGLE_SIGN_ON, Code.MFA_ENROLLMENT_REQUIRED, Code.MFA_PROOF_REQUIRED,
                  Code.ACTING_ADMIN_REQUIRED, Code.RECOVERY_CODES_REQUIRED, *GUARDED), plans=True)  # fmt: skip
def edit_authentication_policy(org: str, body: PolicyPatch, acting: Member | None) -> Planned[PolicyAnswer]:
    """Require a second factor, or no longer. The administrator named by `on_behalf_of` is enrolled and has typed a code
    within the last 15 minutes.
    """
    unit = current.unit()
    named = authentication_policy.named(unit, acting)
    planned = authentication_policy.to_change(unit, org, mfa=body.mfa or MfaPolicy.OFF, acting=named)
    return planned.then(partial(_changed, unit, acting))


def _changed(unit: UnitOfWork, acting: Member | None, organization: Organization) -> PolicyAnswer:
    return _show(unit, organization.id, acting)


def _show(unit: UnitOfWork, organization_id: str, acting: Member | None) -> PolicyAnswer:
    found = authentication_policy.read(unit, organization_id, acting=authentication_policy.named(unit, acting))
    sso = SingleSignOnAnswer(active=found.connection_id is not None, connection_id=found.connection_id)
    available = {name: _available(decision) for name, decision in found.available.items()}
    return PolicyAnswer(sso=sso, mfa=found.mfa, available=available)


def _available(decision: Decision) -> AvailableAnswer:
    if isinstance(decision, Refused):
        return AvailableAnswer(allowed=False, code=decision.code, reason=decision.sentence, fix=decision.fix)
    return AvailableAnswer(allowed=True, code=None, reason=None, fix=None)


OPERATIONS = (read_authentication_policy, edit_authentication_policy)

"""The lockout proof and the recovery codes as JSON."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from pydantic import Field, StringConstraints

from app.rules.decisions import Code, Refused
from app.rules.lockout import Standing, WayIn
from app.rules.members import MemberState
from app.services import explanation, organizations, recovery, recovery_drills
from app.services.overview import recovery as read_recovery
from app.services.rows import Member
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.shapes import Answer, Body, ChangeBody, MemberId

_PATH = "/organizations/{org}/recovery-codes"


class Confirmation(ChangeBody):
    on_behalf_of: MemberId = Field(description="The administrator who has stored the codes.")


class Drill(Body):
    code: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class AdministratorAnswer(Answer):
    member_id: str
    email: str
    state: MemberState
    way_in: WayIn | None


class RecoveryCodesAnswer(Answer):
    unused: int
    confirmed: bool = Field(description="Whether an administrator who still is there has confirmed storing them.")
    confirmed_by: str | None = Field(
        description="The administrator who confirmed them, also where they have left since and another must confirm."
    )
    confirmed_at: datetime | None
    last_used_at: datetime | None = Field(description="When somebody last came in by recovery.")
    last_drilled_at: datetime | None = Field(description="When a code last proved good in a drill.")


class LockoutProofAnswer(Answer):
    usable_admins: list[AdministratorAnswer]
    held_admins: list[AdministratorAnswer]
    recovery_codes: RecoveryCodesAnswer


class CodesMade(RecoveryCodesAnswer):
    codes: list[str] = Field(description="The codes themselves: shown in this answer only.")


class DrillAnswer(Answer):
    good: bool = Field(description="Whether this code would work now. It was not spent.")


@operation("GET", "/organizations/{org}/lockout-proof", answer=LockoutProofAnswer)
def read_lockout_proof(org: str) -> LockoutProofAnswer:
    """Name every usable administrator with their way in, everyone on hold, and the state of the recovery codes."""
    unit = current.unit()
    proof = explanation.lockout_proof(unit, org)
    return LockoutProofAnswer(
        usable_admins=[_show(person, way_in=way_in) for person, way_in in proof.usable],
        held_admins=[_show(person, way_in=None) for person in proof.held],
        recovery_codes=_codes(unit, org),
    )


@operation("POST", _PATH, body=ChangeBody, answer=CodesMade, status=HTTPStatus.CREATED,
           codes=(Code.LAST_RECOVERY_CODES,))  # fmt: skip
def make_recovery_codes(org: str) -> CodesMade | Refused:
    """Make a new set of recovery codes; the old ones are void, and the new ones shown in this answer only."""
    unit = current.unit()
    codes = recovery.replace_codes(unit, org)
    return codes if isinstance(codes, Refused) else CodesMade(codes=list(codes), **dict(_codes(unit, org)))


@operation("POST", _PATH + "/confirm", body=Confirmation, answer=RecoveryCodesAnswer, codes=("no_recovery_codes",))
def confirm_recovery_codes(org: str, acting: Member) -> RecoveryCodesAnswer:
    """Say that an administrator has stored the codes."""
    unit = current.unit()
    recovery.confirm(unit, org, by=acting)
    return _codes(unit, org)


@operation("POST", _PATH + "/drill", body=Drill, answer=DrillAnswer, limited=True)
def drill_recovery_code(org: str, body: Drill) -> DrillAnswer:
    """Check that a code would work, without spending it. Five wrong ones in a quarter of an hour are the most."""
    return DrillAnswer(good=recovery_drills.drill(current.unit(), org, code=body.code))


def _show(person: Standing, *, way_in: WayIn | None) -> AdministratorAnswer:
    return AdministratorAnswer.of(person, way_in=way_in)


def _codes(unit: UnitOfWork, organization_id: str) -> RecoveryCodesAnswer:
    organization = organizations.read(unit, organization_id)
    facts = read_recovery.read(unit, organization_id)
    return RecoveryCodesAnswer(
        unused=facts.left,
        confirmed=facts.confirmed_at is not None,
        confirmed_by=organization.recovery_confirmed_by,
        confirmed_at=organization.recovery_confirmed_at,
        last_used_at=facts.used_at,
        last_drilled_at=facts.drilled_at,
    )


OPERATIONS = (read_lockout_proof, make_recovery_codes, confirm_recovery_codes, drill_recovery_code)

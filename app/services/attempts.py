"""The record of every attempt to sign in: what an administrator reads, and the reference the person gets."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.rules.attempts import Outcome
from app.rules.decisions import Code, Refused
from app.rules.domains import host_of
from app.rules.factors import Method
from app.rules.identity import Rejection
from app.rules.ids import Prefix
from app.services import flows
from app.services.steps import TurnedAway
from app.services.unit_of_work import UnitOfWork
from app.store import members as member_rows
from app.store import organizations as organization_rows
from app.store.attempts import SignInRecord
from app.store.members import Member
from app.store.sign_ins import SignInFlow

REPLAYED = Rejection(
    name="replayed",
    sentence="This sign-in was used already.",
    expected="an assertion that was not seen before",
    received="one that was accepted earlier",
    fix="Start again; if it happens again, somebody may be replaying recorded sign-ins.",
)


NO_ADDRESS = Rejection(
    name="address_invalid",
    sentence="Your identity provider did not send a usable email address.",
    expected="an email address",
    received="none, or one that cannot be written to",
    fix="Map the attribute that carries the address of each person.",
)


def rejected(unit: UnitOfWork, flow: SignInFlow, rejection: Rejection) -> TurnedAway:
    """What the provider sent was not accepted: the person gets a sentence and a reference, the administrator all of
    it.
    """
    reference = record(unit, flow, outcome=Outcome.REJECTED, reason=rejection.name, detail=told(rejection))
    flows.finish(unit, flow)
    return TurnedAway(said(rejection), reference)


def said(rejection: Rejection) -> Refused:
    """What the person at the browser learns of a rejection."""
    return Refused(Code.SIGN_IN_REJECTED, rejection.sentence, facts={"name": rejection.name})


def turn_away(unit: UnitOfWork, flow: SignInFlow, refused: Refused) -> TurnedAway:
    """Who proved to be somebody that may not come in learns why, and so does the administrator."""
    if flow.organization_id is None:
        member = member_rows.by_email(unit.session, flow.email)
        domain = organization_rows.verified_domain(unit.session, host_of(flow.email)) if flow.email else None
        flow.organization_id = member.organization_id if member else domain.organization_id if domain else None
    reference = record(unit, flow, outcome=Outcome.REFUSED, reason=refused.code, detail=_told(refused))
    flows.finish(unit, flow)
    return TurnedAway(refused, reference)


def told(rejection: Rejection) -> dict[str, str]:
    """What is kept of a rejection beside its name."""
    return {name: text for name, text in asdict(rejection).items() if name != "name"}


def _told(refused: Refused) -> dict[str, str]:
    return {"sentence": refused.sentence, "fix": refused.fix or ""}


def record(
    unit: UnitOfWork,
    flow: SignInFlow,
    *,
    outcome: Outcome,
    member: Member | None = None,
    reason: str | None = None,
    factor: Method | None = None,
    detail: dict[str, Any] | None = None,
) -> str:
    """One row an administrator can read, and its reference; "" where nobody knows whose organization it concerns, so
    that there is no row. `factor` is what was proven beside the first proof, or in its place.
    """
    if flow.organization_id is None:
        return ""
    proven = {"second_factor": factor.value} if factor is not None else {}
    reference = unit.id(Prefix.SIGN_IN)
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
            email=flow.email,
            detail={"email": flow.email, **proven, **(detail or {})},
        )
    )
    return reference

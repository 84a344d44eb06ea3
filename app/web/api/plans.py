"""Dry runs as JSON: what a change would mean, per person, and the hash that holds the change to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from flask import request
from pydantic import Field

from app.rules.decisions import Refused
from app.rules.errors import InvalidInputError
from app.rules.factors import SecondStep
from app.rules.lockout import WayIn
from app.rules.members import MemberState
from app.rules.plans import Loss, Outlook, Plan, Position
from app.rules.roles import RoleSource
from app.services.plans import Planned
from app.web import request as current
from app.web.api.paging import make_cursor
from app.web.api.reading import read_apart
from app.web.api.shapes import Answer, Maybe, Query

_MOST = 1000
R = TypeVar("R")


class DryRunQuery(Query):
    """What any planned change may be asked with."""

    dry_run: bool = Field(
        default=False, description="Answer what the change would do, and do nothing: nothing is written or locked."
    )
    limit: int = Field(
        200, ge=1, le=_MOST, description="Of a dry run: how many people at most, those who lose something first."
    )
    cursor: Maybe[str] = Field(None, description="Of a dry run: `next_cursor` of the page before.", max_length=200)


class RefusedAnswer(Answer):
    code: str
    detail: str
    fix: str | None


class ProofAnswer(Answer):
    """The lockout proof: an administrator who can still get in after the change, and how."""

    administrator: str
    email: str
    way_in: WayIn
    second_step: SecondStep | None = Field(None, description="What is asked of them after that.")


class PositionAnswer(Answer):
    """How somebody stands at one moment."""

    email: str
    state: MemberState
    suspended: bool
    removed: bool
    role: str
    role_source: RoleSource
    group: str | None = Field(description="The group that gives the role, by name, where one does.")
    held: bool
    way_in: WayIn | None = Field(description="Where they have to come in; null: nowhere.")
    proven: bool = Field(description="Whether they have ever come in that way.")
    second_step: SecondStep | None = Field(
        description="What is asked of them behind that: `code` of their second factor, or to `enroll`."
    )


class OutlookAnswer(Answer):
    member_id: str | None = Field(
        description="Null for somebody who becomes a member by the change: they have no id yet."
    )
    email: str
    before: PositionAnswer | None = Field(description="Null for somebody who becomes a member by the change.")
    after: PositionAnswer
    loses: list[Loss]


class TotalsAnswer(Answer):
    """How many people, by what the change does to them; one person may count more than once."""

    changed: int
    joining: int
    leaving: int
    role_changed: int
    demoted: int
    losing_administration: int
    new_administrators: int
    promoted: int
    shut_out: int
    let_in: int
    must_prove: int = Field(description="Who has to come in by a way they have never used.")
    must_enroll: int = Field(description="Who has to set up a second factor at their next sign-in.")
    readdressed: int = Field(description="Whose address follows the directory; their sessions end.")


class AsideAnswer(Answer):
    email: str
    reason: str


class PlanAnswer(Answer):
    """A dry run. `hash` is what to send as If-Match with the change itself."""

    allowed: bool
    refused: RefusedAnswer | None
    proof: ProofAnswer | None
    hash: str
    totals: TotalsAnswer
    people: list[OutlookAnswer]
    next_cursor: str | None
    left_out: list[AsideAnswer] = Field(
        description="Members that a directory does not list, and directory users who do not become members; as many as"
        " `limit` says, of `left_out_total`."
    )
    left_out_total: int


def _show(plan: Plan, query: DryRunQuery) -> PlanAnswer:
    start = _start(plan, query.cursor)
    shown = plan.people[start : start + query.limit]
    is_last = start + query.limit >= len(plan.people)
    decision = plan.decision
    proof = None if isinstance(decision, Refused) else decision.proof
    return PlanAnswer(
        allowed=not isinstance(decision, Refused),
        refused=_refused(decision) if isinstance(decision, Refused) else None,
        proof=ProofAnswer.model_validate(proof) if proof else None,
        hash=plan.hash,
        totals=TotalsAnswer.of(plan.totals),
        people=[_outlook(outlook, plan.groups) for outlook in shown],
        next_cursor=None if is_last else make_cursor(shown[-1].email),
        left_out=[AsideAnswer.of(aside) for aside in plan.asides[: query.limit]],
        left_out_total=len(plan.asides),
    )


def asked() -> DryRunQuery:
    """What a planned call says of a dry run. Raises InvalidInputError."""
    found = read_apart(DryRunQuery)
    if found.cursor is not None and not found.dry_run:
        raise InvalidInputError("Only a dry run is read page by page.", field="cursor")
    return found


def settled(planned: Planned[R]) -> R | Refused | PlanAnswer:
    """What a call comes to: the dry run it asked for, or the change itself, held to the hash it presents."""
    if current.is_dry_run():
        return _show(planned.plan(), asked())
    return planned.apply(shown=_presented())


def _presented() -> str | None:
    """The hash that the caller was shown: the header If-Match, with or without its quotes."""
    header = request.headers.get("If-Match")
    return None if header is None else header.strip().removeprefix("W/").strip('"')


def _start(plan: Plan, cursor: str | None) -> int:
    if cursor is None:
        return 0
    found = next((place for place, one in enumerate(plan.people) if make_cursor(one.email) == cursor), None)
    if found is None:
        raise InvalidInputError("The dry run has nobody where this cursor stands; begin anew.", field="cursor")
    return found + 1


def _refused(refused: Refused) -> RefusedAnswer:
    return RefusedAnswer(code=refused.code, detail=refused.sentence, fix=refused.fix)


def _outlook(outlook: Outlook, groups: Mapping[str, str]) -> OutlookAnswer:
    return OutlookAnswer(
        member_id=None if outlook.before is None else outlook.member_id,
        email=outlook.email,
        before=None if outlook.before is None else _position(outlook.before, groups),
        after=_position(outlook.after, groups),
        loses=sorted(outlook.losses),
    )


def _position(position: Position, groups: Mapping[str, str]) -> PositionAnswer:
    person = position.standing
    return PositionAnswer(
        email=person.email,
        state=person.state,
        suspended=person.suspended,
        removed=person.removed,
        role=person.role.role,
        role_source=person.role.source,
        group=groups.get(person.role.mapping_id or ""),
        held=person.held,
        way_in=position.door,
        proven=position.is_proven,
        second_step=position.then,
    )

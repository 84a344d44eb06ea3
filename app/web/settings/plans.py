"""Plans as administrators meet them: a change that takes something from somebody is shown before it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Allowed, Refused
from app.rules.plans import Plan
from app.services.overview import role_mappings as read_mappings
from app.services.plans import Planned
from app.web import request as current
from app.web.errors import STATUS_OF_REFUSAL
from app.web.presentation.elements import Choice, Notice
from app.web.presentation.plans import PlanPage
from app.web.settings.cards.plans import MOST_ROWS, asides, effects, rows
from app.web.settings.controls import control, refusal
from app.web.settings.typed import not_confirmed
from app.web.shell import show
from app.web.wording import proof_sentence

T = TypeVar("T")
_OURS = frozenset({"form_token", "plan_hash", "confirm"})


@dataclass(frozen=True, slots=True)
class Review:
    """How a change is asked about: the question, the word on its button, what is true of it whoever it concerns, the
    text to type where it cannot be taken back, and where the page came from. `always`: it is shown first whatever it
    does. `look`: a page with more about it.
    """

    title: str
    verb: str
    back: str
    effects: tuple[str, ...] = ()
    typed: str = ""
    dangerous: bool = True
    area: str = "authentication"
    always: bool = False
    look: Choice | None = None


def decide(
    planned: Planned[T], review: Review, then: Callable[[T | Refused], ResponseReturnValue]
) -> ResponseReturnValue:
    """Show what the change would do, or make it.

    It is shown to whoever asks for that, and to whoever has not seen it although it takes something from somebody.
    `then` answers once it was made or refused.
    """
    shown = request.form.get("plan_hash")
    if current.is_dry_run() or (shown is None and _is_worth_a_look(planned, review)):
        return _show(planned.plan(), review)
    is_allowed = isinstance(planned.decision, Allowed)
    if is_allowed and review.typed and (notice := not_confirmed(review.typed)):
        return _show(planned.plan(), review, notice, status=HTTPStatus.BAD_REQUEST)
    outcome = planned.apply(shown=shown)
    if isinstance(outcome, Refused) and outcome.code in STATUS_OF_REFUSAL:
        return _show(planned.plan(), review, refusal(outcome), status=STATUS_OF_REFUSAL[outcome.code])
    return then(outcome)


def _is_worth_a_look(planned: Planned[T], review: Review) -> bool:
    if isinstance(planned.decision, Refused):
        return False
    return planned.shown_first or review.always or planned.plan().takes


def _show(plan: Plan, review: Review, *notices: Notice, status: int = HTTPStatus.OK) -> Response:
    refused = plan.decision if isinstance(plan.decision, Refused) else None
    proof = None if isinstance(plan.decision, Refused) else plan.decision.proof
    names = {role.slug: role.name for role in read_mappings.roles_of(current.unit(), current.organization_id())}
    page = PlanPage(
        area=review.area,
        title=review.title,
        action=request.path,
        verb=review.verb,
        back=review.back,
        control=control(plan.decision),
        plan_hash=plan.hash,
        effects=(*review.effects, *effects(plan.totals)),
        rows=rows(plan, names),
        asides=asides(plan),
        fields=tuple(Choice(name, value) for name, value in request.form.items() if name not in _OURS),
        proof=proof_sentence(proof or {}),
        typed="" if refused else review.typed,
        dangerous=review.dangerous,
        look=review.look,
        more=max(len(plan.people) - MOST_ROWS, 0),
        more_asides=max(len(plan.asides) - MOST_ROWS, 0),
    )
    return show("settings/plan.html", page, status=status, notices=notices)

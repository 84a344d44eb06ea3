"""Domains: added, looked up now, removed."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.decisions import Refused
from app.rules.domains import DomainState
from app.rules.errors import InvalidInputError
from app.services import domains
from app.web import request as current
from app.web.presentation.elements import Form
from app.web.settings import overview
from app.web.settings.controls import PAGE
from app.web.settings.overview import Forms
from app.web.settings.plans import Review, decide

pages = Blueprint("domains", __name__, url_prefix="/settings/domains")


@pages.post("")
def add() -> ResponseReturnValue:
    """Claim a host; the record to publish then stands on the page."""
    unit, typed = current.unit(), request.form.get("host", "")
    try:
        outcome = domains.claim(unit, current.organization_id(), host=typed, acting=overview.acting(unit))
    except InvalidInputError as error:
        return overview.again(forms=Forms(domain=overview.wrong(error, host=typed)))
    if isinstance(outcome, Refused):
        sentence = f"{outcome.sentence} {outcome.fix or ''}".strip()
        return overview.again(status=409, forms=Forms(domain=Form({"host": typed}, {"host": sentence})))
    return overview.answer(outcome, done="domain-added", anchor=outcome.id)


@pages.post("/<domain_id>/check")
def check(domain_id: str) -> ResponseReturnValue:
    """Look the record up now, outside any transaction, and write down what was found."""
    organization_id, transactions = current.organization_id(), current.transactions()
    with transactions.reading() as unit:
        host = domains.question(unit, organization_id, domain_id)
    found = transactions.ports.dns.txt(host)
    with current.writing() as unit:
        outcome = domains.apply_answer(unit, organization_id, domain_id, found)
    if isinstance(outcome, Refused):
        return overview.answer(outcome, done="", anchor="")
    is_there = outcome.state == DomainState.VERIFIED and outcome.missing_since is None
    return overview.answer(outcome, done="domain-verified" if is_there else "domain-not-found", anchor=domain_id)


@pages.post("/<domain_id>/remove")
def remove(domain_id: str) -> ResponseReturnValue:
    """Give a domain up, once its host was typed."""
    unit, organization_id = current.unit(), current.organization_id()
    domain = domains.read(unit, organization_id, domain_id)
    review = Review(
        f"Remove {domain.host}?",
        "Remove domain",
        back=f"{PAGE}#domains",
        effects=(
            f"Nobody at {domain.host} can use single sign-on or come from a directory any more."
            if domain.state == DomainState.VERIFIED
            else "Nothing depends on it yet. Adding it again makes a new record.",
        ),
        typed=domain.host,
    )
    planned = domains.to_remove(unit, organization_id, domain_id)
    return decide(planned, review, partial(overview.answer, done="domain-removed", anchor="domains"))

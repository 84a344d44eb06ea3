"""The revisions of a connection: their history, going back to the previous one, discarding the one that waits."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.rules.connections import ConnectionKind
from app.rules.revisions import RevisionState
from app.services import connections, revisions
from app.services.overview import connections as read_connections
from app.services.revisions import RevisionFacts
from app.services.rows import RevisionTerm
from app.web import request as current
from app.web.moments import moment, moment_or_none
from app.web.presentation.connections import RevisionRow, RevisionsPage, TermRow
from app.web.settings import overview
from app.web.settings.cards.connections import settings_facts
from app.web.settings.cards.differences import differences
from app.web.settings.controls import PAGE, control
from app.web.settings.plans import Review, decide
from app.web.shell import show
from app.web.wording import proof_sentence, whoever

pages = Blueprint("revisions", __name__, url_prefix="/settings/connections/<connection_id>/revisions")
_PER_PAGE = 20


@pages.get("", endpoint="list")
def list_revisions(connection_id: str) -> ResponseReturnValue:
    """One page of the revisions, the newest first; `before` is the number of the last one of the page before."""
    unit, organization_id = current.unit(), current.organization_id()
    connection = connections.read(unit, organization_id, connection_id)
    kind = current.kinds()[connection.protocol]
    found = revisions.all_of(unit, organization_id, connection_id)
    measure = next(one for one in found if one.id == one.compared_with)
    before = request.args.get("before", type=int)
    wanted = [one for one in reversed(found) if before is None or one.number < before]
    shown = wanted[:_PER_PAGE]
    page = RevisionsPage(
        connection_id=connection.id,
        connection_name=connection.name,
        revisions=tuple(_row(one, kind, measure, now=unit.now) for one in shown),
        compared_with=measure.number,
        in_force=measure.state is RevisionState.IN_FORCE,
        go_back=control(read_connections.may_go_back(unit, connection, found)),
        earlier_href=f"?before={shown[-1].number}" if len(wanted) > len(shown) else "",
    )
    return show("settings/revisions.html", page)


@pages.post("/<revision_id>/restore")
def restore(connection_id: str, revision_id: str) -> ResponseReturnValue:
    """Go back to the previous revision: at once where that takes nothing from anybody."""
    unit, organization_id = current.unit(), current.organization_id()
    name = connections.read(unit, organization_id, connection_id).name
    review = Review(
        f"Go back to the previous settings of {name}?",
        "Go back",
        back=f"{PAGE}#{connection_id}",
        effects=("People sign in through the previous settings again; nobody is signed out.",),
        dangerous=False,
    )
    planned = revisions.to_go_back(unit, organization_id, connection_id, revision_id)
    return decide(planned, review, partial(overview.answer, done="revision-restored", anchor=connection_id))


@pages.post("/<revision_id>/discard")
def discard(connection_id: str, revision_id: str) -> ResponseReturnValue:
    """Drop the settings that wait."""
    unit, organization_id = current.unit(), current.organization_id()
    name = connections.read(unit, organization_id, connection_id).name
    review = Review(
        f"Discard the waiting settings of {name}?",
        "Discard",
        back=f"{PAGE}#{connection_id}",
        effects=("What is in force stays, and the next edit begins with it.",),
        always=True,
    )
    planned = revisions.to_discard(unit, organization_id, connection_id, revision_id)
    return decide(planned, review, partial(overview.answer, done="revision-discarded", anchor=connection_id))


def _row(facts: RevisionFacts, kind: ConnectionKind, measure: RevisionFacts, *, now: datetime) -> RevisionRow:
    return RevisionRow(
        id=facts.id,
        number=facts.number,
        state=facts.state,
        made=moment(facts.made_at, now=now),
        made_by=whoever(facts.made_by),
        terms=tuple(_term(term, now=now) for term in facts.terms),
        proven_by=facts.proven.people,
        last_proven=moment_or_none(facts.proven.last_at, now=now),
        facts=settings_facts(kind, facts.settings),
        differences=differences(kind, measure, facts),
    )


def _term(term: RevisionTerm, *, now: datetime) -> TermRow:
    return TermRow(
        since=moment(term.since, now=now),
        until=moment_or_none(term.until, now=now),
        by=whoever(term.begun_by),
        proof=proof_sentence(term.proof),
    )

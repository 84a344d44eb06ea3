"""Revisions of a connection as JSON: their history, going back, discarding; and who could sign in with each."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from pydantic import Field, JsonValue

from app.rules.connections import ConnectionKind
from app.rules.decisions import Code
from app.rules.lockout import WayIn
from app.rules.readiness import Filter, Reason
from app.rules.revisions import RevisionState, compare
from app.services import connections, readiness, revisions
from app.services.plans import Planned
from app.services.readiness import Person
from app.services.revisions import RevisionFacts
from app.services.rows import RevisionTerm
from app.web import request as current
from app.web.api.connections import ConnectionAnswer, show_connection
from app.web.api.operations import GUARDED, operation
from app.web.api.paging import Page, PageQuery, page, page_of_all
from app.web.api.plans import ProofAnswer
from app.web.api.shapes import Answer, AnyId, ChangeBody, ChangeQuery, Maybe, Query

_PATH = "/organizations/{org}/connections/{conn}"
_REVISION = Field(None, description="Which settings, by the id of their revision; left out: the latest.")


class DifferenceAnswer(Answer):
    """One setting that is another one; of a secret only its name is told."""

    name: str
    before: list[str] = Field(description="In the revision in force, or in the latest one while none is.")
    after: list[str]


class TermAnswer(Answer):
    """A time in which the revision was in force."""

    since: datetime
    until: datetime | None = Field(description="Null for the present one.")
    by: str = Field(description='Who put it in force, in words; "" where that was not written down yet.')
    proof: ProofAnswer | None = Field(description="The administrator who could get in then.")


class RevisionAnswer(Answer):
    id: str
    number: int = Field(description="1 for the first one of the connection.")
    state: RevisionState
    created_at: datetime
    created_by: str = Field(description='Who made it, in words; "" where that was not written down yet.')
    discarded_at: datetime | None
    in_force: list[TermAnswer] = Field(description="When it was in force, earliest first.")
    proven_by: int = Field(description="How many active members came in through it, by a test or a sign-in.")
    last_proven_at: datetime | None
    idp: dict[str, JsonValue] = Field(description="Its settings, without secrets.")
    differences: list[DifferenceAnswer]


class ReadinessQuery(Query):
    revision: Maybe[AnyId] = _REVISION


class ReadinessAnswer(Answer):
    """Who could sign in on the first day: people who may sign in today, and those who are invited."""

    revision: str
    in_force: bool = Field(description="Whether this is how things are, or how they would be.")
    people: int
    ready: int
    reasons: dict[Reason, int] = Field(description="How many people for each reason that there is somebody for.")


class ReadyPeopleQuery(PageQuery):
    revision: Maybe[AnyId] = _REVISION
    ready: Maybe[bool] = Field(None, description="Only those who are, or are not.")
    reason: Maybe[Reason] = Field(None, description="Only those for whom this is the reason.")
    text: Maybe[str] = Field(None, description="A part of the name or address.", max_length=200)


class ReadyPersonAnswer(Answer):
    id: str = Field(description="The id of the member, or of the invitation of somebody who is only invited.")
    email: str
    name: str
    ready: bool
    way_in: WayIn | None = Field(description="Where they have to come in; null: nowhere.")
    reason: Reason
    fix: str | None = Field(description="The one thing that would make them ready.")


@operation("GET", _PATH + "/revisions", query=PageQuery, answer=Page[RevisionAnswer])
def list_revisions(org: str, conn: str, query: PageQuery) -> Page[RevisionAnswer]:
    """List the revisions of a connection, oldest first.

    At most one waits: the latest, where it is not in force. It takes the place of the one in force when the connection
    is activated again, after a test sign-in.
    """
    unit = current.unit()
    kind = current.kinds()[connections.read(unit, org, conn).protocol]
    found = revisions.all_of(unit, org, conn)
    measure = next(row for row in found if row.id == row.compared_with)
    return page_of_all(query, found, partial(_show_revision, kind, measure))


@operation("POST", _PATH + "/revisions/{rev}/restore", body=ChangeBody, answer=ConnectionAnswer,
           codes=(Code.CONNECTION_NOT_ACTIVE, Code.REVISION_IN_FORCE, Code.REVISION_NOT_PREVIOUS, *GUARDED),
           plans=True)  # fmt: skip
def restore_revision(org: str, conn: str, rev: str) -> Planned[ConnectionAnswer]:
    """Go back: put the revision in force again that was before the present one.

    It needs no test, because people have come in through it. A revision that waits goes on waiting.
    """
    unit = current.unit()
    return revisions.to_go_back(unit, org, conn, rev).then(partial(show_connection, unit))


@operation("DELETE", _PATH + "/revisions/{rev}", query=ChangeQuery,
           codes=(Code.REVISION_IN_FORCE, Code.REVISION_NOT_WAITING), plans=True)  # fmt: skip
def discard_revision(org: str, conn: str, rev: str) -> Planned[None]:
    """Discard the revision that waits to take the place of the one in force."""
    return revisions.to_discard(current.unit(), org, conn, rev)


@operation("GET", _PATH + "/readiness", query=ReadinessQuery, answer=ReadinessAnswer)
def read_readiness(org: str, conn: str, query: ReadinessQuery) -> ReadinessAnswer:
    """Count who could sign in once the connection is activated, or can while it is active, and who cannot and why.

    Ready is who is known to be able to: who came in through these settings, or through others at the same identity
    provider, or is listed as active by the active directory; and guests where they may use emailed codes.
    """
    unit = current.unit()
    found = readiness.outlook(unit, org, conn, query.revision)
    totals = found.totals(unit)
    return ReadinessAnswer(
        revision=found.revision.id,
        in_force=found.in_force,
        people=totals.people,
        ready=totals.ready,
        reasons=dict(sorted(totals.reasons.items())),
    )


@operation("GET", _PATH + "/readiness/people", query=ReadyPeopleQuery, answer=Page[ReadyPersonAnswer])
def list_ready_people(org: str, conn: str, query: ReadyPeopleQuery) -> Page[ReadyPersonAnswer]:
    """List the same people one by one, with the one thing that would make each of them ready."""
    unit = current.unit()
    found = readiness.outlook(unit, org, conn, query.revision)
    wanted = Filter(query.ready, query.reason, query.text or "")
    return page(query, lambda after, limit: found.people(unit, after=after, limit=limit, wanted=wanted), _show_person)


def _show_revision(kind: ConnectionKind, measure: RevisionFacts, row: RevisionFacts) -> RevisionAnswer:
    summary = kind.summary(row.settings)
    differences = compare(kind.summary(measure.settings), summary, secrets=row.other_secrets)
    return RevisionAnswer(
        id=row.id,
        number=row.number,
        state=row.state,
        created_at=row.made_at,
        created_by=row.made_by,
        discarded_at=row.discarded_at,
        in_force=[_show_term(term) for term in row.terms],
        proven_by=row.proven.people,
        last_proven_at=row.proven.last_at,
        idp=dict(summary),
        differences=[DifferenceAnswer.of(difference) for difference in differences],
    )


def _show_term(term: RevisionTerm) -> TermAnswer:
    proof = ProofAnswer.model_validate(term.proof) if term.proof else None
    return TermAnswer.of(term, by=term.begun_by, proof=proof)


def _show_person(person: Person) -> ReadyPersonAnswer:
    found = person.readiness
    return ReadyPersonAnswer.of(
        person, ready=found.ready, way_in=found.way_in, reason=found.reason, fix=found.fix or None
    )


OPERATIONS = (list_revisions, restore_revision, discard_revision, read_readiness, list_ready_people)

"""The record of attempts to sign in, read: page by page, as a feed; and kept: sign-ins that never came back from the
identity provider are given up, old attempts are forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from app.rules.attempts import EVERY_ATTEMPT, AttemptFilter, Outcome
from app.rules.identity import Rejection
from app.rules.limits import GIVEN_UP
from app.rules.sessions import FLOW
from app.services import attempts, limits, organizations
from app.services.flows import Step
from app.services.paging import RecordPage, page_of
from app.services.unit_of_work import Transactions, UnitOfWork
from app.store import attempts as rows
from app.store.attempts import SignInRecord
from app.store.members import Member
from app.store.sign_ins import SignInFlow

NO_ANSWER = Rejection(
    name="no_answer",
    sentence="The identity provider did not send the browser back.",
    expected=f"the browser back within {FLOW // timedelta(minutes=1)} minutes",
    received="nothing",
    fix="Whoever only closed the window starts again. If nobody comes back, look in the identity provider whether the "
    "application is assigned to them, and whether its addresses are those that the setup names.",
)
_AT_ONCE, _BATCHES = 100, 5
_FORGET_AT_ONCE = 1_000


def page(
    unit: UnitOfWork,
    organization_id: str,
    *,
    wanted: AttemptFilter = EVERY_ATTEMPT,
    before: str = "",
    after: str = "",
    limit: int,
) -> RecordPage[SignInRecord]:
    """Attempts for people: the newest, those before one, or those after one."""
    return page_of(
        partial(rows.before, unit.session, organization_id, wanted=wanted),
        partial(rows.after, unit.session, organization_id, wanted=wanted),
        before=before,
        after=after,
        limit=limit,
    )


def feed(
    unit: UnitOfWork, organization_id: str, *, wanted: AttemptFilter = EVERY_ATTEMPT, after: str, limit: int
) -> Sequence[SignInRecord]:
    """Attempts for programs, oldest first, after the one with the id `after`. Raises NotFoundError."""
    organizations.read(unit, organization_id)
    return rows.after(unit.session, organization_id, wanted=wanted, after_id=after, limit=limit)


def away(unit: UnitOfWork, organization_id: str, *, limit: int) -> Sequence[SignInFlow]:
    """Who is at the identity provider now, the latest to have left first."""
    return rows.away(unit.session, organization_id, step=Step.IDENTITY_PROVIDER, now=unit.now, limit=limit)


def give_up(transactions: Transactions) -> None:
    """Close sign-ins that the identity provider has not answered in time, and put them on record; of a flood some each
    time, because mail and events wait for this job.
    """
    for _ in range(_BATCHES):
        with transactions.writing() as unit:
            if _give_some_up(unit) < _AT_ONCE:
                return


def _give_some_up(unit: UnitOfWork) -> int:
    gone = rows.gone(unit.session, step=Step.IDENTITY_PROVIDER, now=unit.now, limit=_AT_ONCE)
    by_organization: dict[str, list[SignInFlow]] = {}
    for flow in gone:
        by_organization.setdefault(flow.organization_id or "", []).append(flow)
    for organization_id, theirs in sorted(by_organization.items()):  # in one order for all workers
        for flow in theirs[: limits.fitting(unit, GIVEN_UP, organization_id, len(theirs))]:
            member = unit.session.get(Member, flow.member_id) if flow.member_id else None
            told = attempts.told(NO_ANSWER)
            attempts.record(unit, flow, outcome=Outcome.TIMED_OUT, member=member, reason=NO_ANSWER.name, detail=told)
    unit.flush()
    rows.close(unit.session, [flow.id for flow in gone], step=Step.FINISHED, now=unit.now)
    return len(gone)


def forget(transactions: Transactions, *, before: datetime) -> None:
    """Delete attempts older than that, a thousand to a transaction."""
    done = _FORGET_AT_ONCE
    while done == _FORGET_AT_ONCE:
        with transactions.writing() as unit:
            done = rows.forget(unit.session, before=before, limit=_FORGET_AT_ONCE)

"""Events and sign-ins as feeds, oldest first."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from app.rules.attempts import OUTCOMES, AttemptFilter, Ending, Outcome
from app.services import feeds, sign_in_log
from app.services.flows import Purpose
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.paging import FeedQuery, Page, feed
from app.web.api.shapes import Answer, AnyId, Instant, Maybe, MemberId, Text


class EventAnswer(Answer):
    id: str
    position: int = Field(description="1 for the first event of the organization, one more for each further one.")
    at: datetime
    type: str
    subject: str
    data: dict[str, JsonValue]


class SignInQuery(FeedQuery):
    """Which attempts, and where the feed goes on; the conditions add up."""

    outcome: Maybe[Outcome] = Field(None, description="Only attempts that ended so.")
    ending: Maybe[Ending] = Field(None, description="Only those that came about, failed, or were never answered.")
    purpose: Maybe[Purpose | Literal["sign_out"]] = Field(
        None, description="Only attempts of this kind, such as `test`, or logouts (`sign_out`)."
    )
    connection_id: Maybe[AnyId] = Field(None, description="Only attempts through this connection.")
    member_id: Maybe[MemberId] = Field(None, description="Only attempts that are known to be this member's.")
    person: Maybe[Text] = Field(None, description="Only attempts whose address has this in it.")
    since: Maybe[Instant] = Field(None, description="Only attempts of this time or later.")
    until: Maybe[Instant] = Field(None, description="Only attempts before this time.")

    @property
    def wanted(self) -> AttemptFilter:
        """The conditions as the rules name them."""
        outcomes = OUTCOMES[self.ending] if self.ending is not None else None
        if self.outcome is not None:
            outcomes = frozenset({self.outcome}) & (outcomes if outcomes is not None else frozenset(Outcome))
        return AttemptFilter(
            outcomes=outcomes,
            purposes=frozenset({self.purpose}) if self.purpose is not None else None,
            connection_id=self.connection_id,
            member_id=self.member_id,
            person=self.person.lower() if self.person is not None else None,
            since=self.since,
            until=self.until,
        )


class SignInAnswer(Answer):
    id: str
    at: datetime
    purpose: str = Field(description="What it was for; `idp_initiated`: it began at the identity provider.")
    outcome: Outcome
    reason: str | None
    email: str = Field(description='The address it was begun with, `""` for none; not proven to be theirs.')
    connection_id: str | None
    member_id: str | None
    detail: dict[str, JsonValue]


@operation("GET", "/organizations/{org}/events", query=FeedQuery, answer=Page[EventAnswer])
def list_events(org: str, query: FeedQuery) -> Page[EventAnswer]:
    """Follow what happened. `next_cursor` is what to send as `after`; null means that there is nothing more for now.

    Whoever goes on after the last event they saw is shown every event once, in one order for all, about a second after
    it happened: `position` has no gaps. docs/events.md tells what each `type` says in `data`.
    """
    unit = current.unit()
    return feed(query, lambda after, limit: feeds.events(unit, org, after=after, limit=limit), EventAnswer.of)


@operation("GET", "/organizations/{org}/sign-ins", query=SignInQuery, answer=Page[SignInAnswer])
def list_sign_ins(org: str, query: SignInQuery) -> Page[SignInAnswer]:
    """Follow attempts to sign in. `next_cursor` is what to send as `after`; null: there is nothing more for now.

    They are kept for 90 days, or as long as the operator says. One that never comes back from the identity provider
    stands here as `timed_out` once it is given up, the first hundred in an hour. Unlike events they have no position:
    one that takes longer to be recorded than a later one can stand before it, where a follower has been already.
    """
    unit = current.unit()
    return feed(
        query,
        lambda after, limit: sign_in_log.feed(unit, org, wanted=query.wanted, after=after, limit=limit),
        SignInAnswer.of,
    )


OPERATIONS = (list_events, list_sign_ins)

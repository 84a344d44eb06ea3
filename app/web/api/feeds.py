"""Events and sign-ins as feeds, oldest first."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, JsonValue

from app.services import feeds
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.paging import FeedQuery, Page, feed
from app.web.api.shapes import Answer


class EventAnswer(Answer):
    id: str
    position: int = Field(description="1 for the first event of the organization, one more for each further one.")
    at: datetime
    type: str
    subject: str
    data: dict[str, JsonValue]


class SignInAnswer(Answer):
    id: str
    at: datetime
    purpose: str
    outcome: str
    reason: str | None
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


@operation("GET", "/organizations/{org}/sign-ins", query=FeedQuery, answer=Page[SignInAnswer])
def list_sign_ins(org: str, query: FeedQuery) -> Page[SignInAnswer]:
    """Follow every attempt to sign in. `next_cursor` is what to send as `after`; null: there is nothing more for
    now.
    """
    unit = current.unit()
    return feed(query, lambda after, limit: feeds.sign_ins(unit, org, after=after, limit=limit), SignInAnswer.of)


OPERATIONS = (list_events, list_sign_ins)

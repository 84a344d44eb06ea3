"""Sessions of an organization as JSON: who is signed in from where, and the end of it."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.rules.factors import Method
from app.rules.sessions import SessionKind
from app.services import members, organizations, sessions
from app.services.rows import SignInSession
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.paging import Page, PageQuery, page
from app.web.api.shapes import Answer, ChangeQuery

_PATH = "/organizations/{org}/sessions"


class SessionAnswer(Answer):
    id: str
    member_id: str
    kind: SessionKind
    opened_by: str = Field(description="`email_code`, `single_sign_on` or `recovery`.")
    second_factor: Method | None
    connection_id: str | None
    address: str | None = Field(description="From where it was last seen.")
    user_agent: str | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime = Field(description="When it ends at the latest; idle, it ends sooner.")


@operation("GET", _PATH, query=PageQuery, answer=Page[SessionAnswer])
def list_sessions(org: str, query: PageQuery) -> Page[SessionAnswer]:
    """List the sessions that are open, oldest first."""
    unit = current.unit()
    organizations.read(unit, org)
    return page(query, lambda after, limit: sessions.page(unit, org, after=after, limit=limit), _show)


@operation("DELETE", _PATH + "/{ses}", query=ChangeQuery)
def end_session(org: str, ses: str) -> None:
    """End a session: its browser is signed out with its next request."""
    sessions.end_by_administrator(current.unit(), org, ses)


@operation("DELETE", "/organizations/{org}/members/{mem}/sessions", query=ChangeQuery)
def end_member_sessions(org: str, mem: str) -> None:
    """End every session of a member: their browsers are signed out with their next requests."""
    unit = current.unit()
    sessions.end_others(unit, members.read(unit, org, mem), keep=None, reason="ended_by_administrator")


def _show(row: SignInSession) -> SessionAnswer:
    return SessionAnswer.of(row, last_seen_at=row.seen_at)


OPERATIONS = (list_sessions, end_session, end_member_sessions)

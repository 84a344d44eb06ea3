"""Sessions as people read them, on the profile and on the page of a member."""

from __future__ import annotations

from datetime import datetime

from flask import request

from app.rules.browsers import browser_name
from app.rules.ids import Prefix, is_id
from app.services import sessions
from app.services.rows import SignInSession
from app.services.unit_of_work import UnitOfWork
from app.web.moments import moment
from app.web.presentation.members import SessionList, SessionRow
from app.web.wording import way_in

_PER_PAGE = 25
_CURSOR = "sessions"


def session_list(unit: UnitOfWork, member_id: str, *, current: str, path: str) -> SessionList:
    """The page of the list that the request asks for; `current` is the session of whoever looks at it, `path` where the
    list stands.
    """
    asked = request.args.get(_CURSOR, "")
    before = asked if is_id(asked, Prefix.SESSION) else ""
    rows = sessions.own(unit, member_id, before=before, limit=_PER_PAGE + 1)
    return SessionList(
        rows=tuple(_row(row, current=current, now=unit.now) for row in rows[:_PER_PAGE]),
        has_others=before != "" or any(row.id != current for row in rows),
        older_href=f"{path}?{_CURSOR}={rows[_PER_PAGE - 1].id}#sessions" if len(rows) > _PER_PAGE else "",
    )


def _row(row: SignInSession, *, current: str, now: datetime) -> SessionRow:
    return SessionRow(
        id=row.id,
        way_in=way_in(row.opened_by, row.second_factor),
        opened=moment(row.created_at, now=now),
        seen=moment(row.seen_at, now=now),
        expires=moment(row.expires_at, now=now),
        browser=browser_name(row.user_agent),
        address=row.address or "",
        is_current=row.id == current,
    )

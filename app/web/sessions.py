"""A session as people read it, on the profile and on the page of a member."""

from __future__ import annotations

from datetime import datetime

from app.services.rows import SignInSession
from app.web.browsers import browser_name
from app.web.moments import moment
from app.web.presentation.members import SessionRow
from app.web.wording import way_in


def session_row(row: SignInSession, *, current: str, now: datetime) -> SessionRow:
    """One signed-in browser; `current` is the session of whoever looks at it."""
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

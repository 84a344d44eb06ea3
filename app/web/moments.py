"""Points in time as people read them: "3 minutes ago", "in 6 hours"."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.web.presentation.elements import Moment

_STEPS = (
    (timedelta(seconds=45), timedelta(seconds=1), ""),
    (timedelta(minutes=45), timedelta(minutes=1), "minute"),
    (timedelta(hours=22), timedelta(hours=1), "hour"),
    (timedelta(days=26), timedelta(days=1), "day"),
    (timedelta(days=320), timedelta(days=30), "month"),
)
_YEAR = timedelta(days=365)
_A_MOMENT = timedelta(seconds=1)


def moment(at: datetime, *, now: datetime) -> Moment:
    """`at` seen from `now`."""
    distance = abs(now - at)
    words = _words(distance)
    if not words:
        return Moment(at, "just now" if at <= now else "in a moment")
    return Moment(at, f"{words} ago" if at <= now else f"in {words}")


def moment_or_none(at: datetime | None, *, now: datetime) -> Moment | None:
    """As `moment`, for what may not have happened."""
    return moment(at, now=now) if at is not None else None


def due_or_none(at: datetime | None, *, now: datetime) -> Moment | None:
    """As `moment_or_none`, for what is to come next: what is due comes in a moment."""
    return moment(max(at, now + _A_MOMENT), now=now) if at is not None else None


def _words(distance: timedelta) -> str:
    for limit, unit, name in _STEPS:
        if distance < limit:
            return _count(distance, unit, name) if name else ""
    return _count(distance, _YEAR, "year")


def _count(distance: timedelta, unit: timedelta, name: str) -> str:
    number = max(1, round(distance / unit))
    return f"{number} {name}" if number == 1 else f"{number} {name}s"

"""Sessions and codes: how long they last, how often a code may be tried, how many may be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.rules.errors import InvalidInputError

RECOVERY = timedelta(minutes=15)
TOUCH_EVERY = timedelta(minutes=1)
FLOW = timedelta(minutes=10)
CODE_DIGITS = 6
CODE_ATTEMPTS = 5
#: Five codes with five tries each in a quarter of an hour: one in 40,000 to guess one, whoever asks for them.
CODES_PER_WINDOW = 5
CODE_WINDOW = timedelta(minutes=15)
PROOF_FRESH = timedelta(hours=24)
ONE_TIME_LINK = timedelta(hours=24)
#: How long a browser is known after the last sign-in with it: longer than any session lasts.
KNOWN_BROWSER = timedelta(days=180)
#: What an organization begins with, and how short and long it may have it.
IDLE_MINUTES, ABSOLUTE_HOURS = 24 * 60, 7 * 24
SHORTEST_IDLE_MINUTES, LONGEST_HOURS = 5, 90 * 24


class SessionKind(StrEnum):
    FULL = "full"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long an organization lets sessions last: since they were last used, and altogether."""

    idle: timedelta
    absolute: timedelta

    @classmethod
    def of(cls, *, idle_minutes: int, absolute_hours: int) -> Lifetimes:
        """As they are stored."""
        return cls(timedelta(minutes=idle_minutes), timedelta(hours=absolute_hours))


def read_lifetimes(*, idle_minutes: int, absolute_hours: int) -> Lifetimes:
    """Lifetimes as somebody asks for them. Raises InvalidInputError, for the field `session_idle_minutes` or
    `session_hours`.
    """
    if not 1 <= absolute_hours <= LONGEST_HOURS:
        raise InvalidInputError(f"Between 1 and {LONGEST_HOURS} hours.", field="session_hours")
    if not SHORTEST_IDLE_MINUTES <= idle_minutes <= absolute_hours * 60:
        sentence = f"At least {SHORTEST_IDLE_MINUTES} minutes, and no longer than a session lasts at most."
        raise InvalidInputError(sentence, field="session_idle_minutes")
    return Lifetimes.of(idle_minutes=idle_minutes, absolute_hours=absolute_hours)


def is_alive(*, idle_ends_at: datetime, expires_at: datetime, now: datetime) -> bool:
    """Whether a session is neither idle for too long nor past its end."""
    return now < expires_at and now < idle_ends_at

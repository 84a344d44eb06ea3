"""Sessions and codes: how long they last, how often a code may be tried, how many may be asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

IDLE = timedelta(hours=24)
ABSOLUTE = timedelta(days=7)
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


class SessionKind(StrEnum):
    FULL = "full"
    RECOVERY = "recovery"


def is_alive(*, seen_at: datetime, expires_at: datetime, now: datetime) -> bool:
    """Whether a session is neither idle for too long nor past its end."""
    return now < expires_at and now - seen_at < IDLE

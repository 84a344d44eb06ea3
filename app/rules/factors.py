"""Second factors: which code of an authenticator app counts, when too many were wrong, and who is asked for one.

Time-based codes are those of RFC 6238 with steps of 30 seconds.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

STEP = timedelta(seconds=30)
#: A code of the step before or after is taken too: typing takes time, and clocks differ a little.
DRIFT = 1
#: A code of a step this far away is no good, but tells that a clock is wrong rather than the code.
NOTICED_DRIFT = timedelta(minutes=5) // STEP
BACKUP_CODES = 10
WRONG_IN_A_ROW = 5
LOCK = timedelta(minutes=15)
#: With three codes good at any moment, fifty tries a day guess one in 6,667 days.
WRONG_IN_A_DAY = 50
DAY = timedelta(days=1)
_ISSUER_BYTES = 64


class MfaPolicy(StrEnum):
    """Whether everyone who does not come through an identity provider needs a second factor."""

    OFF = "off"
    REQUIRED = "required"


class SecondStep(StrEnum):
    """What follows the first proof of a sign-in: a code of the factor there is, or setting one up."""

    CODE = "code"
    ENROLL = "enroll"


class Method(StrEnum):
    """What somebody proved a second factor with."""

    TOTP = "totp"
    BACKUP_CODE = "backup_code"


class Verdict(StrEnum):
    """What became of a code: `used` is one of a step that was accepted before, `clock_off` one of another time."""

    RIGHT = "right"
    WRONG = "wrong"
    USED = "used"
    CLOCK_OFF = "clock_off"
    LOCKED = "locked"


def second_step(*, is_enrolled: bool, policy: MfaPolicy, through_provider: bool) -> SecondStep | None:
    """What a sign-in still needs. Whoever comes through the identity provider has done there what it asks for; turning
    the requirement off frees nobody who has a factor.
    """
    if through_provider:
        return None
    if is_enrolled:
        return SecondStep.CODE
    return SecondStep.ENROLL if policy is MfaPolicy.REQUIRED else None


@dataclass(frozen=True, slots=True)
class Judged:
    """`step` is that of a code that is right; `off_by` how far the clock it was made with is off, ahead or behind."""

    verdict: Verdict
    step: int | None = None
    off_by: timedelta = timedelta(0)


def judge(typed: str, codes: Mapping[int, str], *, now_step: int, last_step: int | None) -> Judged:
    """What a typed code is worth. `codes` are those of the steps around now, `last_step` that of the latest accepted
    one: neither it nor an earlier one is accepted again (RFC 6238, 5.2).

    Every code is compared, each in constant time.
    """
    fitting = [step for step, code in codes.items() if hmac.compare_digest(typed.encode(), code.encode())]
    if not fitting:
        return Judged(Verdict.WRONG)
    nearest = min(fitting, key=lambda step: abs(step - now_step))
    if abs(nearest - now_step) > DRIFT:
        return Judged(Verdict.CLOCK_OFF, off_by=(nearest - now_step) * STEP)
    fresh = [step for step in fitting if abs(step - now_step) <= DRIFT and (last_step is None or step > last_step)]
    return Judged(Verdict.RIGHT, step=fresh[0]) if fresh else Judged(Verdict.USED)


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a factor was tried in vain: since the last code that was right, and within the day that began with the
    first of them.
    """

    in_a_row: int = 0
    in_a_day: int = 0
    day_began_at: datetime | None = None
    locked_until: datetime | None = None

    def locked_for(self, now: datetime) -> timedelta | None:
        """How long no code is looked at; None: not locked."""
        return self.locked_until - now if self.locked_until is not None and now < self.locked_until else None

    def after_wrong(self, now: datetime) -> Tries:
        """One more in vain: the fifth in a row locks for a quarter of an hour, the fiftieth of a day for its rest."""
        began, in_a_day = self.day_began_at, self.in_a_day + 1
        if began is None or now - began >= DAY:
            began, in_a_day = now, 1
        counted = replace(self, in_a_row=self.in_a_row + 1, in_a_day=in_a_day, day_began_at=began)
        if counted.in_a_day >= WRONG_IN_A_DAY:
            return replace(counted, in_a_row=0, locked_until=max(began + DAY, now + LOCK))
        if counted.in_a_row >= WRONG_IN_A_ROW:
            return replace(counted, in_a_row=0, locked_until=now + LOCK)
        return counted

    def after_right(self) -> Tries:
        """The row of wrong ones is broken; those of the day still count."""
        return replace(self, in_a_row=0, locked_until=None)


def as_issuer(name: str) -> str:
    """An organization's name as an authenticator app shows it: as much as a QR code can hold, twice, in any script."""
    return name.encode()[:_ISSUER_BYTES].decode(errors="ignore").strip()

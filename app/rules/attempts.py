"""The record of attempts to sign in: how each can end, and how they are filtered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

#: The purpose of records of logouts, which begin at the identity provider and are nobody's flow.
SIGN_OUT = "sign_out"


class Outcome(StrEnum):
    """How one attempt ended. `rejected`: what the identity provider sent was not accepted; `refused`: who proved to be
    somebody may not come in; `timed_out`: the identity provider never sent the browser back.
    """

    SIGNED_IN = "signed_in"
    RECOVERED = "recovered"
    CONFIRMED = "confirmed"
    TEST_SUCCEEDED = "test_succeeded"
    TEST_FAILED = "test_failed"
    REJECTED = "rejected"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"


class Ending(StrEnum):
    """Outcomes as somebody looks for them."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


#: What each ending covers.
OUTCOMES: Mapping[Ending, frozenset[Outcome]] = MappingProxyType(
    {
        Ending.SUCCEEDED: frozenset({Outcome.SIGNED_IN, Outcome.RECOVERED, Outcome.CONFIRMED, Outcome.TEST_SUCCEEDED}),
        Ending.FAILED: frozenset({Outcome.TEST_FAILED, Outcome.REJECTED, Outcome.REFUSED}),
        Ending.TIMED_OUT: frozenset({Outcome.TIMED_OUT}),
    }
)


def ending_of(outcome: str) -> Ending:
    """Whether it came about."""
    return next(ending for ending, outcomes in OUTCOMES.items() if outcome in outcomes)


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Which attempts to show; the conditions add up.

    `person` is a part of the address, `reference` the number that the person saw; `since` is included and `until` is
    not.
    """

    outcomes: frozenset[Outcome] | None = None
    purposes: frozenset[str] | None = None
    connection_id: str | None = None
    member_id: str | None = None
    person: str | None = None
    reference: str | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERY_ATTEMPT = AttemptFilter()

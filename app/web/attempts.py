"""An attempt to sign in as people read it, on the activity page and on the profile of whose it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.rules.attempts import SIGN_OUT, Ending, ending_of
from app.rules.decisions import Code
from app.rules.factors import Method
from app.services.flows import Purpose
from app.services.overview.activity import AttemptFacts, AwayFacts
from app.web.moments import moment
from app.web.presentation.activity import Attempt
from app.web.wording import factor, failure, way_in

_SIGN_IN: Mapping[str, str] = {
    Ending.SUCCEEDED: "Signed in",
    Ending.FAILED: "Refused",
    Ending.TIMED_OUT: "Timed out",
    "in_progress": "In progress",
}
_TEST: Mapping[str, str] = {
    Ending.SUCCEEDED: "Test succeeded",
    Ending.FAILED: "Test failed",
    Ending.TIMED_OUT: "Test timed out",
    "in_progress": "Test in progress",
}
_SIGN_OUT: Mapping[str, str] = {**_SIGN_IN, Ending.FAILED: "Sign-out refused"}
_CONFIRMATION = {**_SIGN_IN, Ending.SUCCEEDED: "Confirmed"}
#: What an outcome is called, by what the attempt was for.
_WORDS: Mapping[str, Mapping[str, str]] = {
    Purpose.TEST: _TEST,
    Purpose.SETUP_TEST: _TEST,
    Purpose.RECOVER: {**_SIGN_IN, Ending.SUCCEEDED: "Recovered"},
    Purpose.CONFIRM: _CONFIRMATION,
    Purpose.ENROLL: _CONFIRMATION,
    SIGN_OUT: _SIGN_OUT,
}
_OF_THE_FACTOR = frozenset({Code.FACTOR_WRONG, Code.FACTOR_LOCKED})


def attempt_row(facts: AttemptFacts, *, now: datetime) -> Attempt:
    """One attempt."""
    ending = ending_of(facts.outcome)
    succeeded = ending is Ending.SUCCEEDED
    return Attempt(
        id=facts.id,
        at=moment(facts.at, now=now),
        who=facts.who or "Someone",
        via=_via_provider(facts) if facts.via else _via(facts),
        outcome=ending,
        word=_word(facts.purpose, ending),
        failure=None if succeeded else failure(facts.reason, facts.detail),
        reference="" if succeeded else facts.id,
    )


def away_row(facts: AwayFacts, *, now: datetime) -> Attempt:
    """Somebody who is at the identity provider now."""
    return Attempt(
        id=facts.id,
        at=moment(facts.since, now=now),
        who=facts.who or "Someone",
        via=facts.via,
        outcome="in_progress",
        word=_word(facts.purpose, "in_progress"),
    )


def _word(purpose: str, outcome: str) -> str:
    return _WORDS.get(purpose, _SIGN_IN)[outcome]


def _via_provider(facts: AttemptFacts) -> str:
    """Through which connection, and whether it began there."""
    began = ", started at the identity provider" if facts.purpose == Purpose.IDP_INITIATED else ""
    return f"{facts.via}{began}"


def _via(facts: AttemptFacts) -> str:
    """How somebody came in without an identity provider, or tried to."""
    proven = str(facts.detail.get("second_factor", ""))
    if facts.purpose == Purpose.RECOVER:
        return "recovery"
    if facts.purpose in {Purpose.CONFIRM, Purpose.ENROLL} and (proven or facts.reason in _OF_THE_FACTOR):
        return factor(proven or Method.TOTP)  # whoever has an app confirms with it alone
    return way_in("email_code", proven)

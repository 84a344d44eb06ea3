"""An attempt to sign in as people read it, on the activity page and on the profile of whose it was."""

from __future__ import annotations

from datetime import datetime

from app.rules.decisions import Code
from app.rules.factors import Method
from app.services.overview.activity import AttemptFacts
from app.web.moments import moment
from app.web.presentation.activity import Attempt
from app.web.wording import factor, failure, way_in

_SUCCEEDED = frozenset({"signed_in", "recovered", "test_succeeded", "confirmed"})
_PURPOSES = {"test": "test", "setup_test": "test", "recover": "recovery", "confirm": "confirm", "enroll": "confirm"}


_OF_THE_FACTOR = frozenset({Code.FACTOR_WRONG, Code.FACTOR_LOCKED})


def attempt_row(facts: AttemptFacts, *, now: datetime) -> Attempt:
    """One attempt."""
    succeeded = facts.outcome in _SUCCEEDED
    return Attempt(
        id=facts.id,
        at=moment(facts.at, now=now),
        who=facts.who or "Someone",
        via=facts.via or _via(facts),
        outcome="succeeded" if succeeded else "failed",
        purpose=_PURPOSES.get(facts.purpose, "sign_in"),
        failure=None if succeeded else failure(facts.reason, facts.detail),
        reference="" if succeeded else facts.id,
    )


def _via(facts: AttemptFacts) -> str:
    """How somebody came in without an identity provider, or tried to."""
    proven = str(facts.detail.get("second_factor", ""))
    if facts.purpose == "recover":
        return "recovery"
    if _PURPOSES.get(facts.purpose) == "confirm" and (proven or facts.reason in _OF_THE_FACTOR):
        return factor(proven or Method.TOTP)  # whoever has an app confirms with it alone
    return way_in("email_code", proven)

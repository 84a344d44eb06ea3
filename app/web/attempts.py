"""An attempt to sign in as people read it, on the activity page and on the profile of whose it was."""

from __future__ import annotations

from datetime import datetime

from app.services.overview.activity import AttemptFacts
from app.web.moments import moment
from app.web.presentation.activity import Attempt
from app.web.wording import failure

_SUCCEEDED = frozenset({"signed_in", "recovered", "test_succeeded", "confirmed"})
_PURPOSES = {"test": "test", "setup_test": "test", "recover": "recovery", "confirm": "confirm", "enroll": "confirm"}


def attempt_row(facts: AttemptFacts, *, now: datetime) -> Attempt:
    """One attempt."""
    succeeded = facts.outcome in _SUCCEEDED
    return Attempt(
        id=facts.id,
        at=moment(facts.at, now=now),
        who=facts.who or "Someone",
        via=facts.via or ("recovery" if facts.purpose == "recover" else "an emailed code"),
        outcome="succeeded" if succeeded else "failed",
        purpose=_PURPOSES.get(facts.purpose, "sign_in"),
        failure=None if succeeded else failure(facts.reason, facts.detail),
        reference="" if succeeded else facts.id,
    )

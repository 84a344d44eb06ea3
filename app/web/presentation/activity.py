"""Attempts to sign in, and the audit log."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.presentation.elements import Failure, Moment


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in. `outcome` is succeeded, failed, in_progress or timed_out; `word` says so for what it was:
    a sign-in, a test, a confirmation, recovery.

    `via` is the way ("Okta", "email code"). `failure` is set for a failed one. `reference` is what the person saw.
    """

    id: str
    at: Moment
    who: str
    via: str
    outcome: str
    word: str
    failure: Failure | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that changed: `before` and `after` as text, "" for nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change or refusal. `action` is a sentence, `code` its stable name; `refused` with `reason` when it was not
    made.

    `door` is how whoever acted came in, `network_address` from where, "" where there was no request. `position` is its
    place in the sealed chain, None while it waits.
    """

    id: str
    at: Moment
    actor: str
    door: str
    action: str
    code: str
    subject: str = ""
    refused: bool = False
    reason: str = ""
    proof: str = ""
    differences: tuple[Difference, ...] = ()
    network_address: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """settings/activity.html, newest first. The `older_*` links lead to the next page of each list, "" at the end."""

    attempts: tuple[Attempt, ...]
    entries: tuple[AuditRow, ...]
    older_attempts_href: str = ""
    older_entries_href: str = ""

"""The result of a test sign-in as a page: what came, who that would be, and what stands between it and activation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.rules.connections import ConnectionKind
from app.rules.decisions import Refused
from app.rules.roles import ADMIN
from app.services.overview.activity import TestFacts
from app.web.moments import moment
from app.web.presentation.connections import ConnectionTestedPage, ProfileField, ReceivedAttribute
from app.web.presentation.elements import ALLOWED, Failure
from app.web.wording import failure

Received = Mapping[str, list[str]]


def tested_page(
    facts: TestFacts,
    connection_id: str,
    *,
    missing: tuple[Refused, ...],
    roles: Mapping[str, str],
    kind: ConnectionKind,
    now: datetime,
) -> ConnectionTestedPage:
    """The page of one finished test."""
    outcome = facts.outcome
    received: Received = outcome.get("attributes", {})
    role = str(outcome.get("role", ""))
    went_wrong = None if outcome["ok"] else _failure(outcome)
    return ConnectionTestedPage(
        connection_id=connection_id,
        connection_name=facts.connection,
        protocol=kind.title,
        at=moment(facts.at, now=now),
        by=facts.by,
        test_again=ALLOWED,
        failure=went_wrong,
        received=_received(received, outcome, kind.purposes),
        profile=() if went_wrong else _profile(received, outcome),
        groups_state=str(outcome.get("groups_state", "unknown")),
        groups=tuple(outcome.get("groups", ())),
        role=roles.get(role, role),
        role_reason=_role_reason(outcome),
        still_admin=role == ADMIN,
        missing=tuple(f"{refused.sentence} {refused.fix or ''}".strip() for refused in missing),
        advice=() if went_wrong else kind.advise(received, facts.settings),
        reference=facts.reference if went_wrong else "",
    )


def _failure(outcome: Mapping[str, Any]) -> Failure:
    return failure(str(outcome["name"]), outcome)


def _received(
    received: Received, outcome: Mapping[str, Any], purposes: Mapping[str, str]
) -> tuple[ReceivedAttribute, ...]:
    return tuple(
        ReceivedAttribute(name, tuple(values), _used_for(name, received, outcome) or purposes.get(name, ""))
        for name, values in received.items()
    )


def _profile(received: Received, outcome: Mapping[str, Any]) -> tuple[ProfileField, ...]:
    email, name = str(outcome["email"]), str(outcome["profile_name"])
    whole = _source(received, {name.lower()})
    parts = tuple(one for one in received if _part_of_name(one, received, name))
    return (
        ProfileField("Email address", email, sources=tuple(filter(None, (_source(received, {email}),)))),
        ProfileField(
            "Name",
            name,
            sources=(whole,) if whole else parts,
            missing="" if name else "Send a name: people then see it instead of the address.",
        ),
    )


def _used_for(name: str, received: Received, outcome: Mapping[str, Any]) -> str:
    """What an attribute became, where only this one can have become it."""
    became = {
        "email address": {str(outcome.get("email", ""))},
        "name": {str(outcome.get("profile_name", "")).lower()},
        "groups": {str(group).lower() for group in outcome.get("groups", ())},
    }
    whole = next((label for label, values in became.items() if values and _source(received, values) == name), "")
    return whole or _part_of_name(name, received, str(outcome.get("profile_name", "")))


def _part_of_name(name: str, received: Received, full: str) -> str:
    """A first or last name, where no attribute carries the full one."""
    values = {value.strip().lower() for value in received[name]}
    return "name" if values and values < set(full.lower().split()) and not _source(received, {full.lower()}) else ""


def _source(received: Received, values: set[str]) -> str:
    """The one attribute that holds exactly these values; "" when none or several do."""
    found = [name for name, sent in received.items() if {value.strip().lower() for value in sent} == values]
    return found[0] if len(found) == 1 else ""


def _role_reason(outcome: Mapping[str, Any]) -> str:
    if outcome.get("groups_state") == "unknown":
        return "as at present, because no groups were sent"
    return "the highest of what your groups give, what was granted to you, and the default"

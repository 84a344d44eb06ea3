"""The card of the connections, the same for every protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.rules.connections import ConnectionKind, ConnectionState
from app.rules.decisions import Allowed
from app.rules.expiry import Deadline, Expiring, ExpiryWarning
from app.rules.ids import ConnectionId
from app.rules.revisions import RevisionState, flatten
from app.services.expiry import Outlook
from app.services.overview.connections import ConnectionFacts, Needs
from app.services.readiness import Totals
from app.services.revisions import RevisionFacts
from app.web.moments import moment, moment_or_none
from app.web.presentation.connections import (
    Connection,
    Ending,
    LastTest,
    PreviousSettings,
    ReadyCount,
    WaitingSettings,
)
from app.web.presentation.elements import ALLOWED, Fact, Notice, Prerequisite
from app.web.settings.cards.differences import differences, label_of
from app.web.settings.cards.following import certificate_rows, followed_metadata
from app.web.settings.controls import control, prerequisite
from app.web.wording import whoever

_ENDINGS = {
    Expiring.SIGNING_CERTIFICATE: "Signing certificate",
    Expiring.CLIENT_SECRET: "Client secret",
}
_NEAR = 30  # days, from which on a warning is one

_NOT_A_CODE = 40  # shorter values without a digit or sign are words


@dataclass(frozen=True, slots=True)
class Around:
    """Whom a connection is about: verified hosts in words, active members, guests among them, and their fate."""

    hosts: str
    active: int
    guests: int
    guests_refused: bool


def connection(
    facts: ConnectionFacts,
    kind: ConnectionKind,
    around: Around,
    outlook: Outlook,
    *,
    active: ConnectionFacts | None,
    now: datetime,
) -> Connection:
    """One connection of the card; `active` is the one that people sign in through, this one or another."""
    shown = next(one for one in facts.history if one.id == one.compared_with)
    waiting = next((one for one in facts.history if one.state is RevisionState.WAITING), None)
    ready = ready_count(facts.readiness, facts.id, waiting.id) if facts.readiness and waiting else None
    return Connection(
        id=facts.id,
        name=facts.name,
        protocol=kind.title,
        state=facts.state,
        replaces=active.name if active is not None and active is not facts else "",
        paste=kind.service_provider_values(ConnectionId(facts.id)),
        facts=settings_facts(kind, facts.settings),
        warnings=_warnings(kind, facts.settings),
        number=shown.number,
        revisions=len(facts.history),
        readiness=ready,
        readiness_href=readiness_href(facts.id, shown.id),
        waiting=_waiting(kind, shown, waiting, now=now) if shown is not waiting and waiting else None,
        previous=_previous(kind, shown, facts),
        prerequisites=checklist(facts.needs),
        test=ALLOWED,
        activate=control(facts.may_activate, at=facts.id),
        deactivate=control(facts.may_deactivate, at=facts.id),
        edit=control(facts.needs.set_up),
        delete=control(facts.may_delete),
        last_test=_last_test(facts, now=now),
        is_tested=isinstance(facts.needs.tested, Allowed) and isinstance(facts.needs.stays_admin, Allowed),
        activated=moment_or_none(facts.activated_at, now=now),
        last_sign_in=moment_or_none(facts.last_sign_in_at, now=now),
        sign_ins=facts.sign_ins,
        people=around.active - around.guests,
        followed=followed_metadata(facts.following, kind, facts.settings, now=now),
        certificates=certificate_rows(facts.certificates, facts.following, now=now),
        endings=_endings(outlook, now=now),
        expiry=tuple(_on_card(warning, facts.state) for warning in outlook.warnings),
    )


def in_short(warning: ExpiryWarning, connection_id: str) -> Notice:
    """A warning of something that ends as it stands on top of the page; what to do about it stands on the card."""
    return Notice(_tone(warning), warning.sentence, warning.meaning, "See what to do", f"#{connection_id}")


def checklist(needs: Needs) -> tuple[Prerequisite, ...]:
    """What activation needs, line by line."""
    lines = [
        prerequisite("Your own address is at a verified domain", needs.set_up),
        prerequisite("Your test sign-in with exactly these settings", needs.tested),
        prerequisite("Stored recovery codes", needs.recovery),
    ]
    if not isinstance(needs.stays_admin, Allowed):
        lines.append(prerequisite("You stay an administrator", needs.stays_admin))
    return tuple(lines)


def settings_facts(kind: ConnectionKind, settings: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What a revision says, under the names of the setup form where it has them; what there is one of has no number."""
    labels = {field.name: field.label for field in kind.setup_fields()}
    flat = dict(flatten(kind.summary(settings)))
    has_several = any(".2." in name for name in flat)
    return tuple(
        _setting(label_of(name if has_several else name.replace(".1.", "."), labels), name, value)
        for name, value in flat.items()
    )


def _setting(label: str, name: str, value: str) -> Fact:
    if name.endswith(".not_after"):
        return Fact(label, value.partition("T")[0])
    return Fact(label, value, is_code=_is_code(value))


def _warnings(kind: ConnectionKind, settings: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What to know while some boxes are ticked, under the names of the setup form."""
    ticked = {name for name, value in kind.summary(settings).items() if value is True}
    fields = (field for field in kind.setup_fields() if field.warning and field.name in ticked)
    return tuple(Fact(f"“{field.label}” is on.", field.warning) for field in fields)


def ready_count(totals: Totals, connection_id: str, revision_id: str) -> ReadyCount:
    """A count with the page that lists the people."""
    return ReadyCount(totals.ready, totals.people, readiness_href(connection_id, revision_id))


def readiness_href(connection_id: str, revision_id: str) -> str:
    """Where the people stand one by one."""
    return f"/settings/connections/{connection_id}/readiness?revision={revision_id}"


def _waiting(kind: ConnectionKind, measure: RevisionFacts, waiting: RevisionFacts, *, now: datetime) -> WaitingSettings:
    return WaitingSettings(
        id=waiting.id,
        number=waiting.number,
        made=moment(waiting.made_at, now=now),
        made_by=whoever(waiting.made_by),
        differences=differences(kind, measure, waiting),
    )


def _previous(kind: ConnectionKind, measure: RevisionFacts, facts: ConnectionFacts) -> PreviousSettings | None:
    previous = next((one for one in facts.history if one.state is RevisionState.PREVIOUS), None)
    if previous is None:
        return None
    changed = differences(kind, measure, previous)
    return PreviousSettings(previous.id, previous.number, control(facts.may_go_back), changed)


def _is_code(value: str) -> bool:
    return len(value) > _NOT_A_CODE or any(sign in value for sign in ":/_.")


def _on_card(warning: ExpiryWarning, state: ConnectionState) -> Notice:
    """What follows stands on top of the page for the active connection, and here for any other."""
    detail = warning.fix if state is ConnectionState.ACTIVE else f"{warning.meaning} {warning.fix}"
    return Notice(_tone(warning), warning.sentence, detail)


def _tone(warning: ExpiryWarning) -> str:
    if warning.is_over and warning.what is Expiring.CLIENT_SECRET:
        return "error"  # nobody gets in
    return "warning" if warning.mark <= _NEAR else "info"


def _endings(outlook: Outlook, *, now: datetime) -> tuple[Ending, ...]:
    """What is counted down: not what a warning speaks of already, nor our own certificate, years before its end."""
    warned = {warning.what for warning in outlook.warnings}
    counted = (one for one in outlook.deadlines if one.what in _ENDINGS and one.what not in warned)
    return tuple(_ending(deadline, now=now) for deadline in counted)


def _ending(deadline: Deadline, *, now: datetime) -> Ending:
    several, others = deadline.count > 1, deadline.count - deadline.ended
    ended = f"{deadline.ended} of {deadline.count} {'has' if deadline.ended == 1 else 'have'} ended"
    label = _ENDINGS[deadline.what]
    return Ending(
        label=f"{label}, the last of {deadline.count}" if several else label,
        at=moment(deadline.at, now=now),
        ended=f"{ended}; {'the other is' if others == 1 else f'{others} others are'} good."
        if deadline.ended and others
        else "",
    )


def _last_test(facts: ConnectionFacts, *, now: datetime) -> LastTest | None:
    last = facts.last_test
    if last is None:
        return None
    href = f"/settings/connections/{facts.id}/tests/{last.flow_id}" if last.flow_id else ""
    return LastTest(moment(last.at, now=now), last.succeeded, last.sentence, href)

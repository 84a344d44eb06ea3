"""What happened, newest first, for people: attempts to sign in, audit entries with names for ids, finished tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.rules.actor import ActorKind
from app.rules.audit import AuditRecord
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.services import audit, connection_settings, connections, members, sign_in_log
from app.services.unit_of_work import UnitOfWork
from app.store import attempts as rows
from app.store import figures
from app.store.attempts import SignInRecord
from app.store.sign_ins import SignInFlow

_TESTS_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """One attempt. `who` is an address or ""; `via` the connection's name, "" for email; `detail` holds no secret."""

    id: str
    at: datetime
    who: str
    via: str
    purpose: str
    outcome: str
    reason: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """One audit entry. `subject` is a name where there is one, never an id; `proof` names who could still get in.

    `network_address` is where the request came from, "" where there was none. `position` is its place in the sealed
    chain, None while it waits.
    """

    id: str
    at: datetime
    actor: str
    actor_kind: str
    action: str
    subject: str
    refused: bool
    reason: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    proof: Mapping[str, Any]
    network_address: str
    position: int | None


@dataclass(frozen=True, slots=True)
class TestFacts:
    """A finished test sign-in: `settings` are those that were tested, `outcome` is as it was kept, `reference` its
    record.
    """

    connection: str
    protocol: str
    at: datetime
    by: str
    settings: Mapping[str, Any]
    outcome: Mapping[str, Any]
    reference: str


@dataclass(frozen=True, slots=True)
class AwayFacts:
    """Somebody who is at the identity provider now: `who` is an address or "", `via` the connection's name."""

    id: str
    since: datetime
    who: str
    via: str
    purpose: str


def attempts(unit: UnitOfWork, organization_id: str, *, before: str, limit: int) -> tuple[AttemptFacts, ...]:
    """Attempts older than the one with the id `before`, newest first; "" begins at the newest."""
    records = rows.before(unit.session, organization_id, before_id=before, limit=limit)
    return named_attempts(unit, organization_id, records)


def named_attempts(unit: UnitOfWork, organization_id: str, records: Sequence[SignInRecord]) -> tuple[AttemptFacts, ...]:
    """Attempts with names for ids."""
    emails = figures.names(unit.session, organization_id, [row.member_id for row in records if row.member_id])
    via = _connections(unit, organization_id)
    return tuple(_attempt(row, emails, via) for row in records)


def away(unit: UnitOfWork, organization_id: str, *, limit: int) -> tuple[AwayFacts, ...]:
    """Who is at the identity provider now, the latest to have left first."""
    flows = sign_in_log.away(unit, organization_id, limit=limit)
    emails = figures.names(unit.session, organization_id, [flow.member_id for flow in flows if flow.member_id])
    via = _connections(unit, organization_id)
    return tuple(
        AwayFacts(
            id=flow.id,
            since=flow.created_at,
            who=emails.get(flow.member_id or "") or flow.email,
            via=via.get(flow.connection_id or "", ""),
            purpose=flow.purpose,
        )
        for flow in flows
    )


def attempts_of(unit: UnitOfWork, organization_id: str, member_id: str, *, limit: int) -> tuple[AttemptFacts, ...]:
    """The latest attempts of one member, newest first."""
    return named_attempts(unit, organization_id, rows.of_member(unit.session, member_id, limit=limit))


def entries(unit: UnitOfWork, organization_id: str, *, before: str, limit: int) -> tuple[EntryFacts, ...]:
    """Audit entries older than the one with the id `before`, newest first; "" begins at the newest."""
    return named_entries(unit, organization_id, audit.page(unit, organization_id, before=before, limit=limit).records)


def named_entries(unit: UnitOfWork, organization_id: str, rows: Sequence[AuditRecord]) -> tuple[EntryFacts, ...]:
    """Audit entries with names for ids."""
    named = [row.subject for row in rows if row.subject] + [id_ for row in rows for id_ in _ids_in(row)]
    names = figures.names(unit.session, organization_id, named)
    return tuple(_entry(row, names) for row in rows)


def finished_test(
    unit: UnitOfWork, organization_id: str, connection_id: str, flow_id: str, *, tester_id: str
) -> TestFacts:
    """The result of this member's own test, for a day. Raises NotFoundError, also for tests of others."""
    connection = connections.read(unit, organization_id, connection_id)
    tester = members.read(unit, organization_id, tester_id)
    flow = unit.session.get(SignInFlow, flow_id)
    theirs = flow is not None and (flow.connection_id, flow.member_id) == (connection.id, tester.id)
    if flow is None or not theirs or flow.purpose != "test" or not flow.outcome or flow.spent_at is None:
        raise NotFoundError("There is no such test.")
    if unit.now - flow.spent_at >= _TESTS_KEPT:
        raise NotFoundError("The result of this test is no longer kept.")
    return TestFacts(
        connection=connection.name,
        protocol=connection.protocol,
        at=flow.spent_at,
        by=tester.name or tester.email,
        settings=connection_settings.settings_of(unit, connection, flow.revision_id),
        outcome=flow.outcome,
        reference=figures.test_record(unit.session, flow) or "",
    )


def _connections(unit: UnitOfWork, organization_id: str) -> dict[str, str]:
    return {row.id: row.name for row in connections.all_of(unit, organization_id)}


def _attempt(row: SignInRecord, emails: Mapping[str, str], via: Mapping[str, str]) -> AttemptFacts:
    return AttemptFacts(
        id=row.id,
        at=row.at,
        who=emails.get(row.member_id or "") or row.email,
        via=via.get(row.connection_id or "", "a deleted connection" if row.connection_id else ""),
        purpose=row.purpose,
        outcome=row.outcome,
        reason=row.reason or "",
        detail=row.detail,
    )


def _entry(row: AuditRecord, names: Mapping[str, str]) -> EntryFacts:
    before, after = row.before, row.after
    if row.action == EventType.MEMBER_ROLE_CHANGED and "before" in after:  # told as the event: both sides in one
        before, after = {"role": after["before"]}, {"role": after["after"]}
    return EntryFacts(
        id=row.id,
        at=row.at,
        actor=_actor(row),
        actor_kind=row.actor_kind,
        action=row.action,
        subject=names.get(row.subject or "") or _name_in(row.after) or _name_in(row.before),
        refused=row.outcome == "refused",
        reason=row.reason or "",
        before=_readable(before, names),
        after=_readable(after, names),
        proof=row.proof,
        network_address=row.network_address or "",
        position=row.position,
    )


def _actor(row: AuditRecord) -> str:
    """Who acted, in words; a key is called one, whatever it is labelled."""
    if row.actor_kind == ActorKind.API_KEY:
        return f"the API key {row.actor_label}"
    return row.actor_label or row.actor_kind


def _ids_in(row: AuditRecord) -> Collection[str]:
    values = (*row.before.values(), *row.after.values())
    return [value for value in values if isinstance(value, str) and "_" in value]


def _readable(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {key: names.get(value, value) if isinstance(value, str) else value for key, value in values.items()}


def _name_in(values: Mapping[str, Any]) -> str:
    """What a deleted thing was called, where the entry says so."""
    return str(values.get("host") or values.get("name") or values.get("email") or values.get("key") or "")

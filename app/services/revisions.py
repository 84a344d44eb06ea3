"""Revisions of a connection: listed with when each was in force and who has proven it, taken back, discarded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from app.rules import revisions as rules
from app.rules.errors import NotFoundError
from app.rules.events import EventType
from app.rules.revisions import History, RevisionState
from app.services import connection_settings, connections
from app.services.plans import Planned, Proof
from app.services.unit_of_work import UnitOfWork
from app.store import connections as connection_rows
from app.store import revisions as rows
from app.store.connections import Connection, ConnectionRevision
from app.store.revisions import Proven, RevisionTerm

_NOBODY = Proven(0, None)


@dataclass(frozen=True, slots=True)
class RevisionFacts:
    """One revision. `proven` is how many active people came in through it, by a test or a sign-in, and when the last of
    them did; `other_secrets` are the names of its secrets that are not those of the revision it is `compared_with`: the
    one in force, else the latest.
    """

    id: str
    number: int
    state: RevisionState
    made_at: datetime
    made_by: str
    discarded_at: datetime | None
    settings: dict[str, Any]
    terms: tuple[RevisionTerm, ...]
    proven: Proven
    compared_with: str
    other_secrets: frozenset[str]


def all_of(unit: UnitOfWork, organization_id: str, connection_id: str) -> tuple[RevisionFacts, ...]:
    """Every revision of a connection, oldest first. Raises NotFoundError."""
    connection = connections.read(unit, organization_id, connection_id)
    terms = rows.terms(unit.session, connection.id)
    history = _history(connection, terms)
    found = {row.id: row for row in rows.of_connection(unit.session, connection.id)}
    proven = rows.proven(unit.session, connection.id)
    measure = found[history.in_force or history.latest]
    secrets = connection_settings.readable_secrets(unit, measure)
    return tuple(
        RevisionFacts(
            id=row.id,
            number=row.number,
            state=history.state_of(row.id, discarded=row.discarded_at is not None),
            made_at=row.created_at,
            made_by=row.made_by,
            discarded_at=row.discarded_at,
            settings=dict(row.settings),
            terms=tuple(term for term in terms if term.revision_id == row.id),
            proven=proven.get(row.id, _NOBODY),
            compared_with=measure.id,
            other_secrets=_different(secrets or {}, connection_settings.readable_secrets(unit, row) or {}),
        )
        for row in found.values()
    )


def to_go_back(unit: UnitOfWork, organization_id: str, connection_id: str, revision_id: str) -> Planned[Connection]:
    """Put the previous revision in force again; sessions stay. It is named, so that two who go back at the same moment
    do not undo each other. Raises NotFoundError.
    """
    organization = unit.lock(organization_id)
    connection = connections.read(unit, organization_id, connection_id)
    revision = read_revision(unit, connection, revision_id)
    history = history_of(unit, connection)
    action = EventType.CONNECTION_REVISION_RESTORED

    def write(proof: Proof) -> Connection:
        connections.put_in_force(unit, connection, revision.id, proof)
        connection.latest_revision = history.latest_after_going_back(revision.id)
        return connections.replaced_by(unit, connection, history.in_force or "", action, proof)

    return Planned(
        unit,
        organization_id,
        action,
        write,
        propose=partial(connections.propose_revision, unit, organization, revision.id),
        judged=rules.go_back(revision.id, history),
        subject=connection_id,
        about=f"{connection_id} {revision.id}",
    )


def to_discard(unit: UnitOfWork, organization_id: str, connection_id: str, revision_id: str) -> Planned[None]:
    """Drop a revision that waits: the next edit begins with what is in force. It stays in the history, and a test of it
    that is under way proves nothing that counts. Raises NotFoundError.
    """
    unit.lock(organization_id)
    connection = connections.read(unit, organization_id, connection_id)
    revision = read_revision(unit, connection, revision_id)
    history = history_of(unit, connection)
    action = EventType.CONNECTION_REVISION_DISCARDED

    def write(_proof: Proof) -> None:
        revision.discarded_at = unit.now
        connection.latest_revision = history.in_force or history.latest
        unit.audit(organization_id, action, subject=connection_id, before={"revision": revision.id})
        unit.event(organization_id, action, subject=connection_id, revision=revision.id)

    judged = rules.discard(revision.id, history)
    return Planned(unit, organization_id, action, write, judged=judged, subject=connection_id, about=revision.id)


def history_of(unit: UnitOfWork, connection: Connection) -> History:
    """Where a connection stands with its revisions."""
    return _history(connection, rows.terms(unit.session, connection.id))


def _history(connection: Connection, terms: Sequence[RevisionTerm]) -> History:
    return History(
        latest=connection.latest_revision,
        in_force=connection.revision_in_force,
        terms=tuple(term.revision_id for term in _unbroken(terms)),
    )


def _unbroken(terms: Sequence[RevisionTerm]) -> Sequence[RevisionTerm]:
    """The latest of these, one right after the other: what was in force before the connection was turned off is not
    gone back to, since it may be why it was.
    """
    first = len(terms) - 1
    while first > 0 and terms[first - 1].until == terms[first].since:
        first -= 1
    return terms[max(first, 0) :]


def read_revision(unit: UnitOfWork, connection: Connection, revision_id: str) -> ConnectionRevision:
    """One revision of this connection. Raises NotFoundError."""
    revision = connection_rows.revision(unit.session, connection.id, revision_id)
    if revision is None:
        raise NotFoundError("There is no such revision.")
    return revision


def _different(these: dict[str, str], those: dict[str, str]) -> frozenset[str]:
    return frozenset(name for name in these.keys() | those.keys() if these.get(name) != those.get(name))

"""Who could sign in through a connection's settings on their first day, counted and listed, for settings in force or
not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.rules import readiness as rules
from app.rules.lockout import Guests
from app.rules.readiness import EVERYBODY, Filter, Readiness, Reason, Setting
from app.services import connections, organizations
from app.services.revisions import read_revision
from app.services.unit_of_work import UnitOfWork
from app.store import directories
from app.store import organizations as organization_rows
from app.store import readiness as rows
from app.store.connections import Connection, ConnectionRevision
from app.store.readiness import Asked


@dataclass(frozen=True, slots=True)
class Totals:
    """How many people there are, how many of them are ready, and how many there are for each reason."""

    people: int
    ready: int
    reasons: Mapping[Reason, int]


@dataclass(frozen=True, slots=True)
class Person:
    """One person, and how ready they are. `id` is that of the member, or of the invitation where there is none yet."""

    id: str
    email: str
    name: str
    readiness: Readiness


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is asked about: a connection as it would be with one of its revisions, or is with the one in force."""

    connection: Connection
    revision: ConnectionRevision
    in_force: bool
    _asked: Asked
    _standing: Mapping[int, Readiness]

    def totals(self, unit: UnitOfWork) -> Totals:
        """How many people are ready: one statement, however many there are."""
        reasons: Counter[Reason] = Counter()
        ready = 0
        for traits, number in rows.counts(unit.session, self._asked).items():
            reasons[self._standing[traits].reason] += number
            ready += number if self._standing[traits].ready else 0
        return Totals(reasons.total(), ready, dict(reasons))

    def people(
        self, unit: UnitOfWork, *, after: str = "", limit: int, wanted: Filter = EVERYBODY
    ) -> tuple[Person, ...]:
        """Those who are wanted, by id, after one id."""
        traits = [number for number, found in self._standing.items() if wanted.takes(found)]
        found = rows.page(unit.session, self._asked, traits=traits, text=wanted.text, after=after, limit=limit)
        return tuple(Person(row.id, row.email, row.name, self._standing[row.traits]) for row in found)


def outlook(unit: UnitOfWork, organization_id: str, connection_id: str, revision_id: str | None = None) -> Outlook:
    """What to ask about this revision of the connection; None: the latest. Raises NotFoundError."""
    organization = organizations.read(unit, organization_id)
    connection = connections.read(unit, organization_id, connection_id)
    revision = read_revision(unit, connection, revision_id or connection.latest_revision)
    directory = directories.active(unit.session, organization_id)
    in_force = revision.id == connection.revision_in_force
    setting = Setting(Guests(organization.guests), has_directory=directory is not None, in_force=in_force)
    asked = Asked(
        organization_id=organization_id,
        connection_id=connection.id,
        revision_id=revision.id,
        hosts=organization_rows.verified_hosts(unit.session, organization_id),
        directory_id=directory.id if directory is not None else None,
        now=unit.now,
    )
    standing = {rules.number_of(traits): rules.readiness(traits, setting) for traits in rules.every_trait()}
    return Outlook(connection, revision, in_force, asked, standing)

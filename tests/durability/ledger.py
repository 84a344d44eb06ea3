"""Compares what was acknowledged with what is in the database, row by row, in one snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scim2_server.utils import load_default_resource_types
from sqlalchemy import Connection, Engine, Row, create_engine, func, select, text
from sqlalchemy.orm.attributes import InstrumentedAttribute

from app.rules.directories import Mirrored, ResourceKind
from app.rules.events import EventType
from app.store.audit import AuditEntry
from app.store.database import prepare_engine
from app.store.events import Event
from app.store.members import Member
from app.store.mirror_tables import DirectoryUser, DirectoryUserDigest, digests_of
from scim import mapping

Index = set[int]


@dataclass(frozen=True)
class Ledger:
    """One directory at one moment. `earlier` are the ids of users and members who were there before the push."""

    users: dict[str, Row[Any]]
    index: dict[str, Index]
    members: dict[str, Row[Any]]
    events: Counter[str]
    audit: Counter[str]
    damage: tuple[str, ...]

    def problems(self, acknowledged: Mapping[str, str], *, directory_id: str) -> list[str]:
        """Everything that is missing or half done, as sentences; none when all is well."""
        return [
            *self.damage,
            *self._lost(acknowledged),
            *(problem for user in self.users.values() for problem in self._half_done(user, directory_id)),
            *self._left_over(),
        ]

    def _lost(self, acknowledged: Mapping[str, str]) -> Iterable[str]:
        for user_name, user_id in acknowledged.items():
            user = self.users.get(user_id)
            if user is None or user.user_name_key != user_name:
                yield f"{user_name} ({user_id}) was acknowledged and is not there"

    def _half_done(self, user: Row[Any], directory_id: str) -> Iterable[str]:
        """Every pushed user is active and has an address at a verified host, so each one is a member."""
        keys = expected_keys(user)
        if user.search_keys != keys or self.index.get(user.id, set()) != digests_of(directory_id, keys):
            yield f"{user.user_name_key}: the filter index differs from the document"
        member = self.members.get(user.member_id)
        if member is None:
            yield f"{user.user_name_key}: no member"
        elif (member.email, member.state, member.removed_at) != (user.email, "active", None):
            yield f"{user.user_name_key}: the member is {member.email}, {member.state}"
        told = self.events[user.member_id], self.audit[user.member_id]
        if told != (1, 1):
            yield f"{user.user_name_key}: {told[0]} events and {told[1]} audit entries tell of the member"

    def _left_over(self) -> Iterable[str]:
        """Rows that belong to no user: the trace of a push that was only half rolled back."""
        linked = {user.member_id for user in self.users.values()}
        told = {"members": set(self.members), "events": set(self.events), "audit entries": set(self.audit)}
        for name, ids in told.items():
            if extra := ids - linked:
                yield f"{len(extra)} {name} without a user, such as {min(extra)}"
        if extra := self.index.keys() - self.users.keys():
            yield f"{len(extra)} users in the filter index who are not there"


def read(database_url: str, *, organization_id: str, directory_id: str, earlier: frozenset[str]) -> Ledger:
    """Read everything in one transaction, so that requests still under way show in full or not at all."""
    engine = prepare_engine(create_engine(database_url))
    level = "REPEATABLE READ" if engine.dialect.name == "postgresql" else "SERIALIZABLE"
    try:
        with engine.connect().execution_options(isolation_level=level) as connection:
            return _read(connection, organization_id, directory_id, earlier)
    finally:
        engine.dispose()


def _read(connection: Connection, organization_id: str, directory_id: str, earlier: frozenset[str]) -> Ledger:
    users = connection.execute(select(DirectoryUser.__table__).where(DirectoryUser.directory_id == directory_id))
    members = connection.execute(select(Member.__table__).where(Member.organization_id == organization_id))
    created = EventType.MEMBER_CREATED
    events = _count_by(connection, Event.subject, Event.organization_id == organization_id, Event.type == created)
    audit = _count_by(
        connection,
        AuditEntry.subject,
        AuditEntry.organization_id == organization_id,
        AuditEntry.action == created,
    )
    return Ledger(
        users={row.id: row for row in users if row.id not in earlier},
        index={user: rows for user, rows in _index(connection).items() if user not in earlier},
        members={row.id: row for row in members if row.id not in earlier},
        events=Counter({subject: count for subject, count in events.items() if subject not in earlier}),
        audit=Counter({subject: count for subject, count in audit.items() if subject not in earlier}),
        damage=tuple(_damage(connection)),
    )


def _count_by(connection: Connection, column: InstrumentedAttribute[Any], *conditions: Any) -> dict[str, int]:
    query = select(column, func.count()).where(*conditions).group_by(column)
    return {str(subject): int(count) for subject, count in connection.execute(query)}


def _index(connection: Connection) -> dict[str, Index]:
    found: dict[str, Index] = {}
    for user_id, digest in connection.execute(select(DirectoryUserDigest.user_id, DirectoryUserDigest.digest)):
        found.setdefault(user_id, set()).add(digest)
    return found


def _damage(connection: Connection) -> Iterable[str]:
    """What SQLite says of its own file."""
    if connection.dialect.name != "sqlite":
        return
    found = connection.execute(text("PRAGMA integrity_check")).scalars().all()
    if list(found) != ["ok"]:
        yield f"integrity_check: {found}"
    if broken := connection.execute(text("PRAGMA foreign_key_check")).all():
        yield f"foreign_key_check: {broken}"


def expected_keys(user: Row[Any]) -> str:
    """The values for filters that follow from a user's document."""
    mirrored = Mirrored(ResourceKind.USER, user.id, user.document, user.version, user.created_at, user.modified_at)
    resource = mapping.resource_of(mirrored, load_default_resource_types()["User"])
    return mapping.user_record(resource, user.id).search_keys


def earlier_ids(engine: Engine, directory_id: str, organization_id: str) -> frozenset[str]:
    """Ids of the users and members there are now."""
    with engine.connect() as connection:
        users = connection.scalars(select(DirectoryUser.id).where(DirectoryUser.directory_id == directory_id))
        members = connection.scalars(select(Member.id).where(Member.organization_id == organization_id))
        return frozenset({*users, *members})

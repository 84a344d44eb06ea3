"""Queries: members as plain facts, read for exactly the people a change touches, and written where they differ.

What a push costs is mostly here, so these are statements on a connection, built once; `members` has the mapped class.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Update, bindparam, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from app.store.members import MEMBERS, Member
from app.store.prepared import Prepared, among

_CHUNK = 500


@dataclass(slots=True)
class MemberFacts:
    """A row of `members`; whoever works a change out keeps it in step with what will be written."""

    id: str
    organization_id: str
    email: str
    name: str
    state: str
    suspended: bool
    granted_role: str | None
    granted_origin: str | None
    role: str
    role_source: str
    role_mapping_id: str | None
    held: bool
    sign_in_groups: Sequence[str]
    first_signed_in_at: datetime | None
    last_signed_in_at: datetime | None
    enrolled_at: datetime | None
    removed_at: datetime | None


_values_of: Callable[[MemberFacts], tuple[Any, ...]] = attrgetter(*MemberFacts.__slots__)
_COLUMNS = tuple(MEMBERS.c[name] for name in MemberFacts.__slots__)


def copy_of(member: MemberFacts) -> MemberFacts:
    """The same facts once more, for whoever changes the others; in a quarter of the time of `dataclasses.replace`."""
    return MemberFacts(*_values_of(member))


def chunks(ids: Collection[str]) -> Iterator[Sequence[str]]:
    """Sorted ids in runs that fit into one statement on both databases."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def present(connection: Connection, organization_id: str, member_ids: Collection[str]) -> dict[str, MemberFacts]:
    """Those of these members of the organization who were not removed, by id."""
    found = some(connection, organization_id, member_ids)
    return {member_id: member for member_id, member in found.items() if member.removed_at is None}


def some(connection: Connection, organization_id: str, member_ids: Collection[str]) -> dict[str, MemberFacts]:
    """These members of the organization, removed ones included, by id."""
    found: dict[str, MemberFacts] = {}
    for ids in chunks(member_ids):
        for row in _SOME.rows(connection, {"ids": ids}):
            member = MemberFacts(*row)
            if member.organization_id == organization_id:
                found[member.id] = member
    return found


#: By id alone: asked for the organization as well, SQLite would rather read all of its members.
_SOME = Prepared(select(*_COLUMNS).where(among(MEMBERS.c.id, "ids")))
_OF_ORGANIZATION = select(*_COLUMNS).where(MEMBERS.c.organization_id == bindparam("organization"))


def administrators(connection: Connection, organization_id: str) -> dict[str, MemberFacts]:
    """Everyone whose effective role is admin, held or not, by id."""
    rows = _ADMINISTRATORS.rows(connection, {"organization": organization_id})
    return {row[0]: MemberFacts(*row) for row in rows}


_ADMINISTRATORS = Prepared(
    _OF_ORGANIZATION.where(MEMBERS.c.role == "admin", MEMBERS.c.removed_at.is_(None)).order_by(MEMBERS.c.id)
)


def everybody(connection: Connection, organization_id: str) -> dict[str, MemberFacts]:
    """Everyone in the organization who was not removed, by id."""
    rows = _EVERYBODY.rows(connection, {"organization": organization_id})
    return {row[0]: MemberFacts(*row) for row in rows}


_EVERYBODY = Prepared(_OF_ORGANIZATION.where(MEMBERS.c.removed_at.is_(None)).order_by(MEMBERS.c.id))


def by_email(connection: Connection, emails: Collection[str]) -> dict[str, MemberFacts]:
    """address -> the member who has it, in any organization; a removed member only where nobody else has it."""
    found: dict[str, MemberFacts] = {}
    for some_emails in chunks(emails):
        for row in _BY_EMAIL.rows(connection, {"emails": some_emails}):
            member = MemberFacts(*row)
            if member.email not in found or member.removed_at is None:
                found[member.email] = member
    return found


_BY_EMAIL = Prepared(
    select(*_COLUMNS).where(among(MEMBERS.c.email, "emails")).order_by(MEMBERS.c.removed_at.desc(), MEMBERS.c.id)
)


def add(connection: Connection, members: Sequence[MemberFacts], *, now: datetime) -> None:
    """Write new members, whose last sign-in said nothing about groups because there was none."""
    rows = [
        {
            **{name: getattr(member, name) for name in MemberFacts.__slots__},
            "sign_in_groups_state": "unknown",
            "created_at": now,
        }
        for member in members
    ]
    _ADD.each_later(connection, rows)


_ADD = Prepared(insert(MEMBERS))


def write(connection: Connection, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what differs: member id -> column -> new value. Members who get the same share a statement."""
    alike: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for member_id, columns in changes.items():
        alike.setdefault(tuple(columns.items()), []).append(member_id)
    single: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for values, member_ids in alike.items():
        written = dict(values)
        if len(member_ids) == 1:
            single.setdefault(tuple(written), []).append({"the_id": member_ids[0], **written})
            continue
        for ids in chunks(member_ids):
            _update_all(tuple(written)).later(connection, {"ids": ids, **written})
    for names, rows in single.items():
        _update(names).each_later(connection, rows)


@cache
def _update(names: tuple[str, ...]) -> Prepared:
    return Prepared(_written(names).where(MEMBERS.c.id == bindparam("the_id")))


@cache
def _update_all(names: tuple[str, ...]) -> Prepared:
    return Prepared(_written(names).where(among(MEMBERS.c.id, "ids")))


def _written(names: tuple[str, ...]) -> Update:
    return update(MEMBERS).values({name: bindparam(name) for name in names})


def tell(session: Session, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Bring mapped members that this session holds in step with what was written beside it."""
    for mapped in list(session.identity_map.values()):
        if isinstance(mapped, Member):
            for name, value in changes.get(mapped.id, {}).items():
                set_committed_value(mapped, name, value)

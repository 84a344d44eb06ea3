"""Queries on memberships: who is in which group, changed by named ids in chunks, never by loading a group."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Delete, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningDelete

from app.rules.directories import Reference
from app.store.directories import DirectoryGroup, DirectoryMembership, DirectoryUser

_CHUNK = 500
_SQLITE = "sqlite"


def _chunks(ids: Collection[str]) -> Iterator[Sequence[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


_GROUPS_OF = (
    select(DirectoryMembership.user_id, DirectoryGroup.id, DirectoryGroup.display_name)
    .join(DirectoryGroup, DirectoryGroup.id == DirectoryMembership.group_id)
    .where(DirectoryMembership.user_id.in_(bindparam("users", expanding=True)))
    .order_by(DirectoryGroup.id)
)


def groups_of(session: Session, user_ids: Collection[str]) -> dict[str, tuple[Reference, ...]]:
    """user id -> the groups they are in, by id."""
    found: dict[str, list[Reference]] = {}
    for chunk in _chunks(user_ids):
        for user_id, group_id, name in session.execute(_GROUPS_OF, {"users": chunk}):
            found.setdefault(user_id, []).append(Reference(group_id, name))
    return {user_id: tuple(groups) for user_id, groups in found.items()}


def members_of(session: Session, group_ids: Collection[str]) -> dict[str, tuple[Reference, ...]]:
    """group id -> the users in it, by id; read from the index of memberships alone."""
    found: dict[str, list[Reference]] = {}
    for chunk in _chunks(group_ids):
        query = (
            select(DirectoryMembership.group_id, DirectoryMembership.user_id)
            .where(DirectoryMembership.group_id.in_(chunk))
            .order_by(DirectoryMembership.group_id, DirectoryMembership.user_id)
        )
        for group_id, user_id in session.execute(query):
            found.setdefault(group_id, []).append(Reference(user_id))
    return {group_id: tuple(members) for group_id, members in found.items()}


def has_more_members_than(session: Session, group_id: str, limit: int) -> bool:
    """Whether the group is larger than `limit`, at the cost of reading `limit` ids."""
    query = select(DirectoryMembership.user_id).where(DirectoryMembership.group_id == group_id).limit(limit + 1)
    return len(session.scalars(query).all()) > limit


def known_users(session: Session, directory_id: str, user_ids: Collection[str]) -> frozenset[str]:
    """Which of these ids are living users of this directory."""
    known: set[str] = set()
    for chunk in _chunks(user_ids):
        query = select(DirectoryUser.id).where(
            DirectoryUser.directory_id == directory_id,
            DirectoryUser.deleted_at.is_(None),
            DirectoryUser.id.in_(chunk),
        )
        known.update(session.scalars(query))
    return frozenset(known)


def member_ids(session: Session, group_id: str) -> frozenset[str]:
    """Ids of everyone in the group."""
    query = select(DirectoryMembership.user_id).where(DirectoryMembership.group_id == group_id)
    return frozenset(session.scalars(query))


def add(session: Session, group_id: str, user_ids: Collection[str]) -> frozenset[str]:
    """Put these users into the group; returns those who were not in it before."""
    bind = session.get_bind()
    insert = sqlite.insert if bind.dialect.name == _SQLITE else postgresql.insert
    added: set[str] = set()
    for chunk in _chunks(user_ids):
        rows = [{"group_id": group_id, "user_id": user_id} for user_id in chunk]
        statement = insert(DirectoryMembership).values(rows).on_conflict_do_nothing()
        added.update(session.scalars(statement.returning(DirectoryMembership.user_id)))
    return frozenset(added)


def remove(session: Session, group_id: str, user_ids: Collection[str]) -> frozenset[str]:
    """Take these users out of the group; returns those who were in it."""
    removed: set[str] = set()
    for chunk in _chunks(user_ids):
        statement = delete(DirectoryMembership).where(
            DirectoryMembership.group_id == group_id, DirectoryMembership.user_id.in_(chunk)
        )
        removed.update(session.scalars(_returning_users(statement)))
    return frozenset(removed)


def empty(session: Session, group_id: str) -> frozenset[str]:
    """Take everyone out of the group; returns who was in it."""
    statement = delete(DirectoryMembership).where(DirectoryMembership.group_id == group_id)
    return frozenset(session.scalars(_returning_users(statement)))


def leave_all(session: Session, user_id: str) -> frozenset[str]:
    """Take a user out of every group; returns the groups."""
    statement = delete(DirectoryMembership).where(DirectoryMembership.user_id == user_id)
    returning = statement.returning(DirectoryMembership.group_id).execution_options(synchronize_session=False)
    return frozenset(session.scalars(returning))


def touch_groups(session: Session, group_ids: Collection[str], *, now: datetime) -> None:
    """Count the version of these groups up, because somebody left them."""
    for chunk in _chunks(group_ids):
        session.execute(
            update(DirectoryGroup)
            .where(DirectoryGroup.id.in_(chunk))
            .values(version=DirectoryGroup.version + 1, modified_at=now)
            .execution_options(synchronize_session=False)
        )


def _returning_users(statement: Delete) -> ReturningDelete[str]:
    return statement.returning(DirectoryMembership.user_id).execution_options(synchronize_session=False)

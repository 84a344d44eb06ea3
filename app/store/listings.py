"""Queries: how a directory lists the members it is about, and which groups they are in. The tables are the mirror's;
all that is written is which member a user is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app.rules.directories import Link
from app.store.members import Member
from app.store.mirror_tables import MEMBERSHIPS, USERS, DirectoryGroup, DirectoryMembership, DirectoryUser
from app.store.people import chunks
from app.store.prepared import Prepared, among


def listed_later(
    connection: Connection, directory_id: str, member_ids: Collection[str]
) -> Callable[[], dict[str, bool]]:
    """member id -> whether the directory lists them as active; a deleted user counts as inactive, a living one comes
    first.
    """
    users = _users_of(connection, directory_id, member_ids)

    def listed() -> dict[str, bool]:
        found: dict[str, bool] = {}
        for member_id, active, deleted_at in users():
            found[member_id] = found.get(member_id, False) or (active and deleted_at is None)
        return found

    return listed


def linked(connection: Connection, directory_id: str, member_ids: Collection[str]) -> dict[str, bool]:
    """member id -> whether a living user of the directory is this member (False: only a deleted one)."""
    found: dict[str, bool] = {}
    for member_id, _, deleted_at in _users_of(connection, directory_id, member_ids)():
        found[member_id] = found.get(member_id, False) or deleted_at is None
    return found


def _users_of(
    connection: Connection, directory_id: str, member_ids: Collection[str]
) -> Callable[[], list[tuple[str, bool, datetime | None]]]:
    """(member, active, deleted at) of the directory's users who are these members."""
    answers = [_USERS_OF.later(connection, {"ids": ids}) for ids in chunks(member_ids)]
    return lambda: [row[1:] for answer in answers for row in answer.rows() if row[0] == directory_id]


#: By member alone: without statistics SQLite would rather read the whole directory than an index with few rows a key.
_USERS_OF = Prepared(
    select(USERS.c.directory_id, USERS.c.member_id, USERS.c.active, USERS.c.deleted_at).where(
        among(USERS.c.member_id, "ids")
    )
)


def groups_of(
    connection: Connection, directory_id: str, member_ids: Collection[str], *, among: Collection[str]
) -> dict[str, frozenset[str]]:
    """member id -> the groups among `among` (the mapped ones: few) that they are in. A deleted group has no members."""
    found: dict[str, set[str]] = {}
    for ids in chunks(member_ids) if among else ():
        for of_directory, member_id, group_id in _GROUPS_OF.rows(connection, {"ids": ids}):
            if of_directory == directory_id and group_id in among:
                found.setdefault(member_id, set()).add(group_id)
    return {member_id: frozenset(groups) for member_id, groups in found.items()}


#: All groups of the members, not the members of the groups: a mapped group may hold everybody.
_GROUPS_OF = Prepared(
    select(USERS.c.directory_id, USERS.c.member_id, MEMBERSHIPS.c.group_id)
    .join(MEMBERSHIPS, MEMBERSHIPS.c.user_id == USERS.c.id)
    .where(USERS.c.deleted_at.is_(None), among(USERS.c.member_id, "ids"))
)


def groups_of_users(
    connection: Connection, user_ids: Collection[str], *, among: Collection[str]
) -> dict[str, frozenset[str]]:
    """user id -> the groups among `among` that they are in, for users who are not linked yet."""
    found: dict[str, set[str]] = {}
    for ids in chunks(user_ids) if among else ():
        for user_id, group_id in _GROUPS_OF_USERS.rows(connection, {"ids": ids}):
            if group_id in among:
                found.setdefault(user_id, set()).add(group_id)
    return {user_id: frozenset(groups) for user_id, groups in found.items()}


_GROUPS_OF_USERS = Prepared(
    select(MEMBERSHIPS.c.user_id, MEMBERSHIPS.c.group_id).where(among(MEMBERSHIPS.c.user_id, "ids"))
)


def members_of_group(session: Session, directory_id: str, group_id: str) -> frozenset[str]:
    """Ids of the members who are in this group."""
    query = (
        select(DirectoryUser.member_id)
        .join(DirectoryMembership, DirectoryMembership.user_id == DirectoryUser.id)
        .where(
            DirectoryUser.directory_id == directory_id,
            DirectoryUser.deleted_at.is_(None),
            DirectoryUser.member_id.is_not(None),
            DirectoryMembership.group_id == group_id,
        )
    )
    return frozenset(filter(None, session.scalars(query)))


def mapped_members_in_groups(
    session: Session, directory_id: str, group_ids: Collection[str], *, roles: Collection[str]
) -> frozenset[str]:
    """Ids of the members who are in one of these groups and have one of these roles because of a group."""
    query = (
        select(Member.id)
        .join(DirectoryUser, DirectoryUser.member_id == Member.id)
        .join(DirectoryMembership, DirectoryMembership.user_id == DirectoryUser.id)
        .where(
            DirectoryUser.directory_id == directory_id,
            DirectoryUser.deleted_at.is_(None),
            DirectoryMembership.group_id.in_(group_ids),
            Member.role.in_(roles),
            Member.role_source == "mapped",
            Member.removed_at.is_(None),
        )
    )
    return frozenset(session.scalars(query))


def members_listed(session: Session, directory_id: str) -> frozenset[str]:
    """Ids of every member this directory manages."""
    query = select(DirectoryUser.member_id).where(
        DirectoryUser.directory_id == directory_id, DirectoryUser.member_id.is_not(None)
    )
    return frozenset(filter(None, session.scalars(query.distinct())))


def living_users(session: Session, directory_id: str) -> Sequence[str]:
    """Ids of every user in the mirror."""
    query = select(DirectoryUser.id).where(
        DirectoryUser.directory_id == directory_id, DirectoryUser.deleted_at.is_(None)
    )
    return session.scalars(query).all()


@dataclass(slots=True)
class ListedUser:
    """A user of the mirror as far as membership depends on it; `member_id` and `reason` are what is worked out."""

    id: str
    external_id: str | None
    active: bool
    email: str | None
    name: str
    deleted_at: datetime | None
    member_id: str | None
    reason: str | None


def users(connection: Connection, directory_id: str, user_ids: Collection[str]) -> list[ListedUser]:
    """These users of the mirror, deleted ones included."""
    found: list[ListedUser] = []
    for ids in chunks(user_ids):
        rows = _USERS.rows(connection, {"directory": directory_id, "ids": ids})
        found += [ListedUser(*row) for row in rows]
    return found


_USERS = Prepared(
    select(*(USERS.c[name] for name in ListedUser.__slots__)).where(
        USERS.c.directory_id == bindparam("directory"), among(USERS.c.id, "ids")
    )
)


def write_links(connection: Connection, links: Mapping[str, Link]) -> None:
    """user id -> member and reason, written."""
    rows = [{"the_id": id_, "member_id": link.member_id, "reason": link.reason} for id_, link in links.items()]
    _WRITE_LINKS.each_later(connection, rows)


_WRITE_LINKS = Prepared(
    update(USERS)
    .where(USERS.c.id == bindparam("the_id"))
    .values(member_id=bindparam("member_id"), reason=bindparam("reason"))
)


def earlier_members_later(
    connection: Connection, directory_id: str, external_ids: Collection[str]
) -> Callable[[], dict[str, str]]:
    """externalId -> the member that a deleted user with it had been."""
    answers = [_EARLIER.later(connection, {"directory": directory_id, "ids": ids}) for ids in chunks(external_ids)]
    return lambda: {external_id: member_id for answer in answers for external_id, member_id in answer.rows()}


_EARLIER = Prepared(
    select(USERS.c.external_id, USERS.c.member_id)
    .where(
        USERS.c.directory_id == bindparam("directory"),
        among(USERS.c.external_id, "ids"),
        USERS.c.deleted_at.is_not(None),
        USERS.c.member_id.is_not(None),
    )
    .order_by(USERS.c.deleted_at)
)


def active_users_in_groups(
    session: Session, directory_id: str, group_ids: Collection[str], *, hosts: Collection[str]
) -> int:
    """How many active users whose address is at one of `hosts` are in one of these groups."""
    query = (
        select(DirectoryUser.email)
        .join(DirectoryMembership, DirectoryMembership.user_id == DirectoryUser.id)
        .join(DirectoryGroup, DirectoryGroup.id == DirectoryMembership.group_id)
        .where(
            DirectoryUser.directory_id == directory_id,
            DirectoryUser.deleted_at.is_(None),
            DirectoryUser.active.is_(True),
            DirectoryUser.email.is_not(None),
            DirectoryGroup.deleted_at.is_(None),
            DirectoryMembership.group_id.in_(group_ids),
        )
        .distinct()
    )
    return sum(1 for email in session.scalars(query) if email is not None and email.rpartition("@")[2] in hosts)


def user_of_member(session: Session, directory_id: str, member_id: str) -> DirectoryUser | None:
    """The living user that this member is."""
    query = select(DirectoryUser).where(
        DirectoryUser.directory_id == directory_id,
        DirectoryUser.member_id == member_id,
        DirectoryUser.deleted_at.is_(None),
    )
    return session.scalars(query).one_or_none()


def lists_address(session: Session, directory_id: str, email: str) -> bool:
    """Whether a living user of the directory has this address, active or not."""
    query = select(DirectoryUser.id).where(DirectoryUser.directory_id == directory_id, DirectoryUser.email == email)
    return session.scalars(query.where(DirectoryUser.deleted_at.is_(None)).limit(1)).one_or_none() is not None


def group(session: Session, directory_id: str, group_id: str) -> DirectoryGroup | None:
    """One living group of this directory."""
    query = select(DirectoryGroup).where(DirectoryGroup.directory_id == directory_id, DirectoryGroup.id == group_id)
    return session.scalars(query.where(DirectoryGroup.deleted_at.is_(None))).one_or_none()


def groups(session: Session, directory_id: str, *, after: str = "", limit: int = 500) -> Sequence[DirectoryGroup]:
    """Living groups, for choosing one to map."""
    query = select(DirectoryGroup).where(
        DirectoryGroup.directory_id == directory_id, DirectoryGroup.deleted_at.is_(None), DirectoryGroup.id > after
    )
    return session.scalars(query.order_by(DirectoryGroup.id).limit(limit)).all()


def users_page(session: Session, directory_id: str, *, after: str, limit: int) -> Sequence[DirectoryUser]:
    """Living users, in the order of their ids."""
    query = select(DirectoryUser).where(
        DirectoryUser.directory_id == directory_id, DirectoryUser.deleted_at.is_(None), DirectoryUser.id > after
    )
    return session.scalars(query.order_by(DirectoryUser.id).limit(limit)).all()


def users_waiting(connection: Connection, directory_id: str, *, reason: str) -> Sequence[str]:
    """Ids of the living users who are not members for this reason."""
    query = select(DirectoryUser.id).where(
        DirectoryUser.directory_id == directory_id, DirectoryUser.deleted_at.is_(None), DirectoryUser.reason == reason
    )
    return connection.scalars(query).all()

"""Queries: how a directory lists the members it is about, and which groups they are in. Reads only; the tables are
the mirror's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.store.directories import DirectoryGroup, DirectoryMembership, DirectoryUser
from app.store.members import Member

_CHUNK = 500


def chunks(ids: Collection[str]) -> Iterator[Sequence[str]]:
    """Sorted ids in runs that fit into one statement on both databases."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def listed(session: Session, directory_id: str, member_ids: Collection[str]) -> dict[str, bool]:
    """member id -> whether the directory lists them as active; a deleted user counts as inactive, a living one comes
    first.
    """
    found: dict[str, bool] = {}
    for ids in chunks(member_ids):
        for member_id, active, deleted_at in session.execute(_LISTED, {"directory": directory_id, "ids": ids}):
            if member_id is not None:
                found[member_id] = found.get(member_id, False) or (active and deleted_at is None)
    return found


_LISTED = select(DirectoryUser.member_id, DirectoryUser.active, DirectoryUser.deleted_at).where(
    DirectoryUser.directory_id == bindparam("directory"), DirectoryUser.member_id.in_(bindparam("ids", expanding=True))
)


def linked(session: Session, directory_id: str, member_ids: Collection[str]) -> dict[str, bool]:
    """member id -> whether a living user of the directory is this member (False: only a deleted one)."""
    found: dict[str, bool] = {}
    for ids in chunks(member_ids):
        query = select(DirectoryUser.member_id, DirectoryUser.deleted_at).where(
            DirectoryUser.directory_id == directory_id, DirectoryUser.member_id.in_(ids)
        )
        for member_id, deleted_at in session.execute(query):
            if member_id is not None:
                found[member_id] = found.get(member_id, False) or deleted_at is None
    return found


def members_by_id(session: Session, organization_id: str, member_ids: Collection[str]) -> Iterator[Member]:
    """These members, removed ones included."""
    for ids in chunks(member_ids):
        yield from session.scalars(select(Member).where(Member.organization_id == organization_id, Member.id.in_(ids)))


def groups_of(
    session: Session, directory_id: str, member_ids: Collection[str], *, among: Collection[str]
) -> dict[str, frozenset[str]]:
    """member id -> the groups among `among` (the mapped ones: few) that they are in."""
    found: dict[str, set[str]] = {}
    for ids in chunks(member_ids) if among else ():
        query = (
            select(DirectoryUser.member_id, DirectoryMembership.group_id)
            .join(DirectoryMembership, DirectoryMembership.user_id == DirectoryUser.id)
            .join(DirectoryGroup, DirectoryGroup.id == DirectoryMembership.group_id)
            .where(
                DirectoryUser.directory_id == directory_id,
                DirectoryUser.deleted_at.is_(None),
                DirectoryUser.member_id.in_(ids),
                DirectoryGroup.deleted_at.is_(None),
                DirectoryMembership.group_id.in_(among),
            )
        )
        for member_id, group_id in session.execute(query):
            if member_id is not None:
                found.setdefault(member_id, set()).add(group_id)
    return {member_id: frozenset(groups) for member_id, groups in found.items()}


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


def users(session: Session, directory_id: str, user_ids: Collection[str]) -> Iterator[DirectoryUser]:
    """These users of the mirror, deleted ones included."""
    for ids in chunks(user_ids):
        yield from session.scalars(_USERS, {"directory": directory_id, "ids": ids})


_USERS = select(DirectoryUser).where(
    DirectoryUser.directory_id == bindparam("directory"), DirectoryUser.id.in_(bindparam("ids", expanding=True))
)


def earlier_members(session: Session, directory_id: str, external_ids: Collection[str]) -> dict[str, str]:
    """externalId -> the member that a deleted user with it had been."""
    found: dict[str, str] = {}
    for ids in chunks(external_ids):
        for external_id, member_id in session.execute(_EARLIER, {"directory": directory_id, "ids": ids}):
            if external_id is not None and member_id is not None:
                found[external_id] = member_id
    return found


_EARLIER = (
    select(DirectoryUser.external_id, DirectoryUser.member_id)
    .where(
        DirectoryUser.directory_id == bindparam("directory"),
        DirectoryUser.external_id.in_(bindparam("ids", expanding=True)),
        DirectoryUser.deleted_at.is_not(None),
        DirectoryUser.member_id.is_not(None),
    )
    .order_by(DirectoryUser.deleted_at)
)


def members_with_email(session: Session, emails: Collection[str]) -> dict[str, Member]:
    """address -> the member who has it, in any organization; a removed member only where nobody else has it."""
    found: dict[str, Member] = {}
    for some in chunks(emails):
        for member in session.scalars(_WITH_EMAIL, {"emails": some}):
            if member.email not in found or member.removed_at is None:
                found[member.email] = member
    return found


_WITH_EMAIL = (
    select(Member)
    .where(Member.email.in_(bindparam("emails", expanding=True)))
    .order_by(Member.removed_at.desc(), Member.id)
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


def counts(session: Session, directory_id: str) -> tuple[int, int]:
    """Living users and living groups of the mirror."""
    users_query = select(func.count()).select_from(DirectoryUser)
    groups_query = select(func.count()).select_from(DirectoryGroup)
    return (
        session.scalar(
            users_query.where(DirectoryUser.directory_id == directory_id, DirectoryUser.deleted_at.is_(None))
        )
        or 0,
        session.scalar(
            groups_query.where(DirectoryGroup.directory_id == directory_id, DirectoryGroup.deleted_at.is_(None))
        )
        or 0,
    )


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


def users_waiting(session: Session, directory_id: str, *, reason: str) -> Sequence[str]:
    """Ids of the living users who are not members for this reason."""
    query = select(DirectoryUser.id).where(
        DirectoryUser.directory_id == directory_id, DirectoryUser.deleted_at.is_(None), DirectoryUser.reason == reason
    )
    return session.scalars(query).all()

"""Queries: the numbers and dates that the settings pages show beside what they list. Reads only, each one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from app.rules.members import Wanted
from app.store.attempts import SignInRecord
from app.store.connections import Connection, Proof
from app.store.directories import Directory
from app.store.invitations import Invitation
from app.store.members import Member, is_at
from app.store.mirror_tables import DirectoryGroup, DirectoryMembership, DirectoryUser
from app.store.organization_keys import OrganizationKey
from app.store.organizations import Domain
from app.store.roles import Role, RoleMapping
from app.store.setup_links import SetupLink
from app.store.sign_ins import RecoveryCode, SignInFlow, SignInSession


@dataclass(frozen=True, slots=True)
class People:
    """Members of an organization: all, active ones, active ones at a verified host, and all by host."""

    total: int
    active: int
    active_at_hosts: int
    by_host: dict[str, int]


def people(session: Session, organization_id: str, *, hosts: Collection[str], verified: Collection[str]) -> People:
    """Count the members; `by_host` has an entry for each of `hosts`."""
    ordered = sorted(hosts)
    is_active = Member.state == "active"
    columns: list[ColumnElement[Any]] = [
        func.count(),
        _count_where(is_active),
        _count_where(and_(is_active, is_at(verified))),
        *(_count_where(is_at((host,))) for host in ordered),
    ]
    query = select(*columns).select_from(Member).where(Member.organization_id == organization_id)
    row = session.execute(query.where(Member.removed_at.is_(None))).one()
    total, active, at_hosts, *by_host = (int(number or 0) for number in row)
    return People(total, active, at_hosts, dict(zip(ordered, by_host, strict=True)))


@dataclass(frozen=True, slots=True)
class Enrollment:
    """Active members with a second factor and without; `some_without` are the addresses of the first of the latter."""

    enrolled: int
    without: int
    some_without: tuple[str, ...]


def enrollment(session: Session, organization_id: str, *, most: int = 20) -> Enrollment:
    """Who has a second factor; names `most` of those who have none."""
    active = Member.organization_id == organization_id, Member.removed_at.is_(None), Member.state == "active"
    has_none = Member.enrolled_at.is_(None)
    query = select(_count_where(~has_none), _count_where(has_none)).select_from(Member)
    enrolled, without = session.execute(query.where(*active)).one()
    some = session.scalars(select(Member.email).where(*active, has_none).order_by(Member.email).limit(most)).all()
    return Enrollment(int(enrolled or 0), int(without or 0), tuple(some))


@dataclass(frozen=True, slots=True)
class RoleFigures:
    """By role: how many people have it, have it as the default one, were granted it, and how many mappings give it."""

    people: dict[str, int]
    by_default: dict[str, int]
    grants: dict[str, int]
    mappings: dict[str, int]


def roles(session: Session, organization_id: str) -> RoleFigures:
    """Count what hangs on each role; a role that nothing hangs on has no entry. Removed members do not count."""
    present = Member.organization_id == organization_id, Member.removed_at.is_(None)
    by_default = Member.role_source == "default"
    return RoleFigures(
        people=_count_by(session, Member.role, *present),
        by_default=_count_by(session, Member.role, by_default, *present),
        grants=_count_by(session, Member.granted_role, Member.granted_role.is_not(None), *present),
        mappings=_count_by(session, RoleMapping.role, RoleMapping.organization_id == organization_id),
    )


def _count_by(session: Session, column: Any, *conditions: ColumnElement[bool]) -> dict[str, int]:
    query = select(column, func.count()).where(*conditions).group_by(column)
    return {value: int(number) for value, number in session.execute(query)}


def members_after(
    session: Session, organization_id: str, *, after: str, limit: int, wanted: Wanted
) -> Sequence[Member]:
    """The first members who came after this id, in the order they came."""
    query = select(Member).where(Member.organization_id == organization_id, Member.id > after, *_are(wanted))
    return session.scalars(query.order_by(Member.id).limit(limit)).all()


def members_before(
    session: Session, organization_id: str, *, before: str, limit: int, wanted: Wanted
) -> Sequence[Member]:
    """The last members who came before this id, in the order they came."""
    query = select(Member).where(Member.organization_id == organization_id, Member.id < before, *_are(wanted))
    return session.scalars(query.order_by(Member.id.desc()).limit(limit)).all()[::-1]


def _are(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield Member.removed_at.is_(None)
    if wanted.text:
        like = {"autoescape": True}
        yield or_(Member.email.icontains(wanted.text, **like), Member.name.icontains(wanted.text, **like))
    if wanted.role:
        yield Member.role == wanted.role
    if wanted.state:
        yield _STATES.get(wanted.state, false())
    if wanted.factor:
        yield _FACTORS.get(wanted.factor, false())


_STATES: Mapping[str, ColumnElement[bool]] = {
    "active": and_(Member.state == "active", Member.suspended.is_(False)),
    "deactivated": Member.state == "deactivated",
    "suspended": Member.suspended.is_(True),
    "held": Member.held.is_(True),
}
_FACTORS: Mapping[str, ColumnElement[bool]] = {
    "set_up": Member.enrolled_at.is_not(None),
    "none": Member.enrolled_at.is_(None),
}


def last_sign_in(session: Session, organization_id: str, connection_id: str) -> datetime | None:
    """When somebody last came in through this connection."""
    query = select(SignInRecord.at).where(
        SignInRecord.organization_id == organization_id,
        SignInRecord.connection_id == connection_id,
        SignInRecord.outcome == "signed_in",
    )
    return session.scalars(query.order_by(SignInRecord.id.desc()).limit(1)).one_or_none()


def active_people_through(session: Session, revision_id: str) -> int:
    """How many active members came in through this revision."""
    query = select(func.count()).select_from(Proof).join(Member, Member.id == Proof.member_id)
    is_active = Member.state == "active", Member.removed_at.is_(None)
    return session.scalar(query.where(Proof.revision_id == revision_id, *is_active)) or 0


def sessions_by_way_in(
    session: Session, organization_id: str, connection_id: str, *, keep: str | None, now: datetime
) -> tuple[int, int]:
    """Living full sessions opened through this connection, and those opened otherwise; `keep` is not counted."""
    through = SignInSession.connection_id == connection_id
    query = select(_count_where(through), _count_where(or_(SignInSession.connection_id.is_(None), ~through)))
    row = session.execute(
        query.where(
            SignInSession.organization_id == organization_id,
            SignInSession.kind != "recovery",
            SignInSession.id.is_distinct_from(keep),
            *_living(now),
        )
    ).one()
    return int(row[0] or 0), int(row[1] or 0)


def sessions_of(session: Session, member_id: str, *, now: datetime) -> int:
    """How many living sessions a member has."""
    query = select(func.count()).select_from(SignInSession)
    return session.scalar(query.where(SignInSession.member_id == member_id, *_living(now))) or 0


def last_seen(session: Session, member_ids: Collection[str]) -> dict[str, datetime]:
    """member id -> when a browser of theirs was last seen, as far as sessions are kept, for one page of members."""
    query = select(SignInSession.member_id, func.max(SignInSession.seen_at))
    found = session.execute(query.where(SignInSession.member_id.in_(member_ids)).group_by(SignInSession.member_id))
    return {row.member_id: row[1] for row in found}


def last_test(session: Session, revision_id: str, member_id: str) -> SignInFlow | None:
    """The member's latest finished test of this revision, while it is kept."""
    query = select(SignInFlow).where(
        SignInFlow.revision_id == revision_id,
        SignInFlow.member_id == member_id,
        SignInFlow.purpose == "test",
        SignInFlow.spent_at.is_not(None),
    )
    return session.scalars(query.order_by(SignInFlow.spent_at.desc()).limit(1)).one_or_none()


def test_record(session: Session, flow: SignInFlow) -> str | None:
    """The id of the record that a test left behind."""
    query = select(SignInRecord.id).where(
        SignInRecord.organization_id == flow.organization_id,
        SignInRecord.connection_id == flow.connection_id,
        SignInRecord.member_id == flow.member_id,
        SignInRecord.purpose == "test",
        SignInRecord.at == flow.spent_at,
    )
    return session.scalars(query.limit(1)).one_or_none()


@dataclass(frozen=True, slots=True)
class Mirror:
    """The people a directory holds. `not_members` are active users; `managed` are the members whom it manages."""

    users: int
    active_users: int
    not_members: int
    managed: int


def mirror(session: Session, directory_id: str) -> Mirror:
    """Count the people a directory holds."""
    user = DirectoryUser
    active = user.active.is_(True)
    counted = session.execute(
        select(
            func.count(),
            _count_where(active),
            _count_where(and_(active, user.member_id.is_(None))),
            func.count(user.member_id.distinct()),
        )
        .select_from(user)
        .where(user.directory_id == directory_id, user.deleted_at.is_(None))
    ).one()
    return Mirror(*(int(number or 0) for number in counted))


def people_in_groups(session: Session, group_ids: Collection[str]) -> dict[str, int]:
    """Living group -> how many active people are in it, for the mapped groups; a group that is gone, or whose directory
    is, has no entry.
    """
    query = (
        select(DirectoryGroup.id, func.count(DirectoryUser.id))
        .outerjoin(DirectoryMembership, DirectoryMembership.group_id == DirectoryGroup.id)
        .outerjoin(
            DirectoryUser,
            and_(
                DirectoryUser.id == DirectoryMembership.user_id,
                DirectoryUser.deleted_at.is_(None),
                DirectoryUser.active.is_(True),
            ),
        )
        .join(Directory, Directory.id == DirectoryGroup.directory_id)
        .where(DirectoryGroup.id.in_(group_ids), DirectoryGroup.deleted_at.is_(None), Directory.deleted_at.is_(None))
        .group_by(DirectoryGroup.id)
    )
    return {group_id: int(number) for group_id, number in session.execute(query)}


def sign_in_groups(session: Session, organization_id: str) -> Sequence[Any]:
    """The groups of each member whose last sign-in reported some."""
    query = select(Member.sign_in_groups).where(
        Member.organization_id == organization_id, Member.sign_in_groups_state == "present"
    )
    return session.scalars(query.where(Member.removed_at.is_(None))).all()


def recovery_codes(session: Session, organization_id: str) -> tuple[int, int, datetime | None]:
    """How many codes the set has, how many are unused, and when it was made."""
    query = select(func.count(), _count_where(RecoveryCode.used_at.is_(None)), func.min(RecoveryCode.created_at))
    total, left, made = session.execute(query.where(RecoveryCode.organization_id == organization_id)).one()
    return int(total), int(left or 0), made


_CALLED = (
    (Member, Member.email),
    (Domain, Domain.host),
    (Connection, Connection.name),
    (Directory, Directory.name),
    (Role, Role.name),
    (RoleMapping, RoleMapping.label),
    (Invitation, Invitation.email),
    (SetupLink, SetupLink.note),
    (OrganizationKey, OrganizationKey.label),
)


def names(session: Session, organization_id: str, ids: Collection[str]) -> dict[str, str]:
    """id -> what people call it, for ids of members, domains, connections, directories, roles, mappings,
    invitations, setup links and API keys, whatever state they are in.
    """
    found: dict[str, str] = {}
    for table, label in _CALLED:
        query = select(table.id, label).where(table.organization_id == organization_id, table.id.in_(ids))
        found.update((id_, name) for id_, name in session.execute(query))
    return found


def ids_called(session: Session, organization_id: str, names: Collection[str]) -> list[str]:
    """The ids of all that people call by exactly one of these names, the other way round."""
    return [
        id_
        for table, label in _CALLED
        for id_ in session.scalars(select(table.id).where(table.organization_id == organization_id, label.in_(names)))
    ]


def _count_where(condition: ColumnElement[bool]) -> ColumnElement[int | None]:
    return func.sum(case((condition, 1), else_=0))


def _living(now: datetime) -> tuple[ColumnElement[bool], ...]:
    is_open = SignInSession.ended_at.is_(None)
    return is_open, SignInSession.expires_at > now, SignInSession.idle_ends_at > now

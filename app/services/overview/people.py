"""Members as the settings pages list them: role and why, way in, and what may be done with each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from app.rules.decisions import Allowed, Decision
from app.rules.factors import SecondStep
from app.rules.lockout import Access, Standing, WayIn, is_usable, step_after, way_in
from app.rules.members import EVERYBODY, MemberState, Wanted
from app.rules.roles import EffectiveRole, RoleSource
from app.services import authority, explanation
from app.services.authority import Standings
from app.services.members import Explained, decided_by_group, managed_by_directory, may_be_activated
from app.services.unit_of_work import UnitOfWork
from app.store import audit, directories, figures, listings, members, roles
from app.store.members import Member


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """One member."""

    id: str
    name: str
    email: str
    state: MemberState
    suspended: bool
    held: bool
    role: str
    explained: Explained
    last_signed_in_at: datetime | None
    last_active_at: datetime | None
    is_enrolled: bool


@dataclass(frozen=True, slots=True)
class AdministratorFacts:
    """An administrator, and whether the guard counts them; if not, `missing` says what they lack."""

    person: PersonFacts
    usable: bool
    way_in: WayIn | None
    then: SecondStep | None
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Powers:
    """What may be done with one member, and how many sessions of theirs it would end."""

    change_role: Decision
    suspend: Decision
    activate: Decision
    remove: Decision
    sessions: int


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """An administrator on hold: since when, and whether the push deactivated them or took their role. `directory` is
    the active one, "" where none is; `others_active` is whether there is somebody to take over.
    """

    person: PersonFacts
    since: datetime | None
    deactivated: bool
    directory: str
    others_active: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Members in the order they came; the cursors are "" where there is nothing further."""

    people: tuple[PersonFacts, ...]
    before: str
    after: str


def administrators(unit: UnitOfWork, organization_id: str) -> tuple[AdministratorFacts, ...]:
    """Everyone whose effective role is admin, held or not."""
    rows = members.administrators(unit.session, organization_id)
    stored = authority.standings(unit, organization_id).stored
    standing = {person.member_id: person for person in stored.people}
    return tuple(
        _administrator(person, standing.get(person.id), stored.access)
        for person in _people(unit, organization_id, rows, last_seen={})
    )


def powers(unit: UnitOfWork, member: Member) -> Powers:
    """What the rules and the guard say to each thing that can be done with one member."""
    directory = directories.active(unit.session, member.organization_id)
    linked = listings.linked(unit.connection, directory.id, [member.id]) if directory else {}
    judge = partial(_judge, authority.standings(unit, member.organization_id), member)
    is_mapped = member.role_source == RoleSource.MAPPED
    return Powers(
        change_role=decided_by_group(member.email) if is_mapped else judge(role=EffectiveRole("", RoleSource.GRANTED)),
        suspend=judge(suspended=True),
        activate=may_be_activated(unit, member),
        remove=managed_by_directory(member.email) if linked.get(member.id) else judge(removed=True),
        sessions=figures.sessions_of(unit.session, member.id, now=unit.now),
    )


def holds(unit: UnitOfWork, organization_id: str, admins: Sequence[AdministratorFacts]) -> tuple[HoldFacts, ...]:
    """Those of the administrators who are on hold."""
    held = [admin.person for admin in admins if admin.person.held]
    if not held:
        return ()
    directory = directories.active(unit.session, organization_id)
    pushed = {person.member_id: person for person in authority.standings(unit, organization_id).worked_out.people}
    return tuple(
        HoldFacts(
            person=person,
            since=audit.held_since(unit.session, organization_id, person.id),
            deactivated=pushed[person.id].state is not MemberState.ACTIVE,
            directory=directory.name if directory else "",
            others_active=members.any_active_besides(unit.session, organization_id, person.id),
        )
        for person in held
    )


def page(
    unit: UnitOfWork, organization_id: str, *, after: str, before: str, limit: int, wanted: Wanted = EVERYBODY
) -> Page:
    """One page of the members that are wanted, after one id or before another."""
    if before:
        rows = list(
            figures.members_before(unit.session, organization_id, before=before, limit=limit + 1, wanted=wanted)
        )
        more_before, more_after = len(rows) > limit, True
        rows = rows[-limit:]
    else:
        rows = list(figures.members_after(unit.session, organization_id, after=after, limit=limit + 1, wanted=wanted))
        more_before, more_after = bool(after), len(rows) > limit
        rows = rows[:limit]
    last_seen = figures.last_seen(unit.session, [row.id for row in rows])
    return Page(
        tuple(_people(unit, organization_id, rows, last_seen=last_seen)),
        before=rows[0].id if rows and more_before else "",
        after=rows[-1].id if rows and more_after else "",
    )


def _people(
    unit: UnitOfWork, organization_id: str, rows: Sequence[Member], *, last_seen: Mapping[str, datetime]
) -> Iterator[PersonFacts]:
    """The rows as values; what they have in common is read once."""
    session = unit.session
    directory = directories.active(session, organization_id)
    linked = listings.linked(unit.connection, directory.id, [row.id for row in rows]) if directory else {}
    names = {role.slug: role.name for role in roles.roles(session, organization_id)}
    groups = {mapping.id: mapping.label for mapping in roles.mappings(session, organization_id)}
    for row in rows:
        yield PersonFacts(
            id=row.id,
            name=row.name or row.email,
            email=row.email,
            state=MemberState(row.state),
            suspended=row.suspended,
            held=row.held,
            role=row.role,
            explained=Explained(
                role_name=names.get(row.role, row.role),
                source=RoleSource(row.role_source),
                group=groups.get(row.role_mapping_id or "", ""),
                origin=row.granted_origin or "",
                managed_by=directory.name if directory is not None and linked.get(row.id) else "",
            ),
            last_signed_in_at=row.last_signed_in_at,
            last_active_at=last_seen.get(row.id, row.last_signed_in_at),
            is_enrolled=row.enrolled_at is not None,
        )


def _administrator(person: PersonFacts, stored: Standing | None, access: Access) -> AdministratorFacts:
    return AdministratorFacts(
        person,
        usable=stored is not None and is_usable(stored, access),
        way_in=way_in(stored, access) if stored else None,
        then=step_after(stored, access) if stored else None,
        missing=tuple(missing.sentence for missing in explanation.missing_of(stored, access)) if stored else (),
    )


def _judge(standings: Standings, member: Member, **changes: object) -> Decision:
    """What the guard would say of this change to an administrator; whoever is none cannot be the last one."""
    for person in standings.worked_out.people:
        if person.member_id == member.id:
            return standings.would(replace(person, **changes))  # type: ignore[arg-type]  # Standing's own names
    return Allowed()

"""Members as the settings pages list them: role and why, way in, and what may be done with each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.rules.decisions import Allowed, Decision
from app.rules.factors import SecondStep
from app.rules.lockout import WayIn, is_usable, step_after, way_in
from app.rules.members import EVERYBODY, Listing, MemberState, Wanted, may_activate
from app.rules.roles import EffectiveRole, RoleSource
from app.services import authority, explanation
from app.services.authority import Standings
from app.services.members import Explained, decided_by_group, managed_by_directory
from app.services.unit_of_work import UnitOfWork
from app.store import audit, directories, figures, listings, members, roles
from app.store.members import Member


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """One member. `way_in`, `then`, `usable` and `missing` are filled for administrators, `sessions` for the members
    page.
    """

    id: str
    name: str
    email: str
    state: MemberState
    suspended: bool
    held: bool
    role: str
    explained: Explained
    change_role: Decision
    suspend: Decision
    activate: Decision
    remove: Decision
    usable: bool
    way_in: WayIn | None
    then: SecondStep | None
    missing: tuple[str, ...]
    last_signed_in_at: datetime | None
    last_active_at: datetime | None
    is_enrolled: bool
    sessions: int = 0


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """An administrator on hold: since when, and whether the push deactivated them or took their role."""

    person: PersonFacts
    since: datetime | None
    deactivated: bool
    directory: str


@dataclass(frozen=True, slots=True)
class Page:
    """Members in the order they came; the cursors are "" where there is nothing further."""

    people: tuple[PersonFacts, ...]
    before: str
    after: str


def administrators(unit: UnitOfWork, organization_id: str) -> tuple[PersonFacts, ...]:
    """Everyone whose effective role is admin, held or not."""
    found = _Known.load(unit, organization_id, members.administrators(unit.session, organization_id))
    return found.people()


def holds(unit: UnitOfWork, organization_id: str, admins: Sequence[PersonFacts]) -> tuple[HoldFacts, ...]:
    """Those of the administrators who are on hold."""
    held = [person for person in admins if person.held]
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
    known = _Known.load(unit, organization_id, rows, with_sessions=True)
    return Page(
        known.people(),
        before=rows[0].id if rows and more_before else "",
        after=rows[-1].id if rows and more_after else "",
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read for all rows of one list at once."""

    rows: Sequence[Member]
    roles: Mapping[str, str]
    groups: Mapping[str, str]
    directory: str
    managed: frozenset[str]
    listed: frozenset[str]
    standings: Standings
    sessions: Mapping[str, int]
    last_seen: Mapping[str, datetime]

    @classmethod
    def load(
        cls, unit: UnitOfWork, organization_id: str, rows: Sequence[Member], *, with_sessions: bool = False
    ) -> _Known:
        session, ids = unit.session, [row.id for row in rows]
        directory = directories.active(session, organization_id)
        linked = listings.linked(unit.connection, directory.id, ids) if directory else {}
        return cls(
            rows=rows,
            roles={role.slug: role.name for role in roles.roles(session, organization_id)},
            groups={mapping.id: mapping.label for mapping in roles.mappings(session, organization_id)},
            directory=directory.name if directory else "",
            managed=frozenset(member_id for member_id, is_living in linked.items() if is_living),
            listed=frozenset(linked),
            standings=authority.standings(unit, organization_id),
            sessions=figures.sessions_of(session, ids, now=unit.now) if with_sessions else {},
            last_seen=figures.last_seen(session, ids) if with_sessions else {},
        )

    def people(self) -> tuple[PersonFacts, ...]:
        """The rows as values."""
        return tuple(self._person(row) for row in self.rows)

    def _person(self, row: Member) -> PersonFacts:
        access = self.standings.stored.access
        stored = next((person for person in self.standings.stored.people if person.member_id == row.id), None)
        return PersonFacts(
            id=row.id,
            name=row.name or row.email,
            email=row.email,
            state=MemberState(row.state),
            suspended=row.suspended,
            held=row.held,
            role=row.role,
            explained=self._explained(row),
            change_role=self._change_role(row),
            suspend=self._judge(row, suspended=True),
            activate=may_activate(row.email, self._listing(row)),
            remove=managed_by_directory(row.email) if row.id in self.managed else self._judge(row, removed=True),
            usable=stored is not None and is_usable(stored, access),
            way_in=way_in(stored, access) if stored else None,
            then=step_after(stored, access) if stored else None,
            missing=tuple(missing.sentence for missing in explanation.missing_of(stored, access)) if stored else (),
            last_signed_in_at=row.last_signed_in_at,
            last_active_at=self.last_seen.get(row.id, row.last_signed_in_at),
            is_enrolled=row.enrolled_at is not None,
            sessions=self.sessions.get(row.id, 0),
        )

    def _explained(self, row: Member) -> Explained:
        return Explained(
            role_name=self.roles.get(row.role, row.role),
            source=RoleSource(row.role_source),
            group=self.groups.get(row.role_mapping_id or "", ""),
            origin=row.granted_origin or "",
            managed_by=self.directory if row.id in self.managed else "",
        )

    def _listing(self, row: Member) -> Listing:
        """Whom the directory lists as active, it has made active."""
        if row.id not in self.listed:
            return Listing.NOT_LISTED
        return Listing.ACTIVE if row.state == MemberState.ACTIVE else Listing.INACTIVE

    def _change_role(self, row: Member) -> Decision:
        if row.role_source == RoleSource.MAPPED:
            return decided_by_group(row.email)
        return self._judge(row, role=EffectiveRole("", RoleSource.GRANTED))

    def _judge(self, row: Member, **changes: object) -> Decision:
        """What the guard would say of this change to an administrator; whoever is none cannot be the last one."""
        for person in self.standings.worked_out.people:
            if person.member_id == row.id:
                return self.standings.would(replace(person, **changes))  # type: ignore[arg-type]  # Standing's own names
        return Allowed()

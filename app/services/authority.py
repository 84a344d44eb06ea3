"""From what is known to what counts: works out state, role and holds for exactly the people a change touches.

Everything that may move a role or a way in goes through `propose`, which asks the guard and writes nothing, and
`settlements.carry_out`, which writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from app.rules.decisions import Allowed, Decision, Refused
from app.rules.errors import NotFoundError
from app.rules.holds import stands_for, told_to
from app.rules.lockout import Settlement, Standing, World, settle
from app.rules.members import Listing, MemberState, state_listed
from app.rules.roles import EffectiveRole, GroupRef, GroupSource, RoleSource, effective_role
from app.services.policy import Policy, current
from app.services.unit_of_work import UnitOfWork
from app.store import connections, listings, organizations, people
from app.store.listings import ListedUser
from app.store.people import MemberFacts

_NO_PROOFS: frozenset[str] = frozenset()
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given to one person, and by what kind of actor (`directory`: kept from one that was turned off)."""

    role: str
    origin: str


@dataclass(frozen=True, slots=True)
class Change:
    """What would be different from what is stored: the settings, and facts of single members by id.

    `granted` None: what was granted earlier lapses. `activated` were deactivated, and are active unless the directory
    says otherwise.
    """

    policy: Policy | None = None
    touched: frozenset[str] = frozenset()
    granted: Mapping[str, Grant | None] = field(default_factory=dict)
    suspended: Mapping[str, bool] = field(default_factory=dict)
    activated: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    signed_in: frozenset[str] = frozenset()
    #: Who becomes a member by it; their rows are among the `known` ones and may not be stored yet.
    joining: frozenset[str] = frozenset()
    #: Those of the `known` ones of whom something has changed already, as they were before.
    earlier_facts: Mapping[str, MemberFacts] = field(default_factory=dict)
    #: Directory user -> the member they are, where that is not stored yet.
    linked: Mapping[str, ListedUser] = field(default_factory=dict)

    @property
    def people(self) -> frozenset[str]:
        """Everyone whose standing may come out differently because of facts of their own."""
        by_hand = self.granted.keys() | self.suspended.keys() | self.activated | self.removed
        return self.touched | by_hand | self.signed_in


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change worked out but not written: who stands how before and after (without any hold), what the guard makes of
    it, and the settings that are in force then.
    """

    change: Change
    before: World
    after: World
    settlement: Settlement
    rows: Mapping[str, MemberFacts]
    policy: Policy

    @property
    def refused(self) -> Refused | None:
        """Why the guard does not allow it, if so."""
        return self.settlement.decision if isinstance(self.settlement.decision, Refused) else None

    @property
    def makes_administrators(self) -> bool:
        """Whether somebody can act as an administrator afterwards who could not before."""
        were = {person.member_id for person in self.before.people if _acts_as_admin(person)} - self.change.joining
        return any(_acts_as_admin(person) and person.member_id not in were for person in self.after.people)

    @property
    def proof(self) -> Mapping[str, str]:
        """The usable administrator that is left and their way in, where there is one."""
        return self.settlement.proof


def _acts_as_admin(person: Standing) -> bool:
    return person.holds_admin and person.is_present


def propose(
    unit: UnitOfWork,
    organization_id: str,
    *,
    policy: Policy,
    change: Change,
    by_person: bool,
    may_lift_own_hold: bool = False,
    known: Mapping[str, MemberFacts] | None = None,
) -> Proposal:
    """Work out `change` for those it touches and every administrator, and ask the guard. The organization is locked.

    A push that touches nobody who is an administrator before or after it is no business of the guard: no usable
    administrator comes or goes, so that nothing can be held or released, and the administrators are not even read.
    `known` are the members it touches, where they were read under the lock already.
    """
    unit.flush()
    connection = unit.connection
    after_policy = change.policy or policy
    rows = _touched(connection, organization_id, change, known)
    if not by_person and change.policy is None:
        no_proofs = dict.fromkeys(rows, _NO_PROOFS)
        before = World(policy.access, tuple(_stored(row, no_proofs) for row in _earlier(rows, change)))
        after = World(policy.access, _worked_out(connection, rows, change, policy, no_proofs))
        if not any(person.holds_admin for person in (*before.people, *after.people)):
            return Proposal(change, before, after, Settlement(Allowed(), after.people), rows, policy)
    rows = people.administrators(connection, organization_id) | rows
    proofs = _proofs(unit.connection, {policy.access.sso_revision, after_policy.access.sso_revision}, rows)
    proofs |= dict.fromkeys(change.joining & rows.keys(), _NO_PROOFS)  # whoever comes back has shown nothing yet
    before = World(policy.access, tuple(_stored(row, proofs) for row in _earlier(rows, change)))
    after = World(after_policy.access, _worked_out(connection, rows, change, after_policy, proofs))
    acting = None if may_lift_own_hold or not by_person else stands_for(unit.actor, before)
    settlement = told_to(unit.actor, settle(before, after, by_person=by_person, acting=acting))
    return Proposal(change, before, after, settlement, rows, after_policy)


def _earlier(rows: Mapping[str, MemberFacts], change: Change) -> Iterator[MemberFacts]:
    """The members as they stood; whoever joins stood nowhere, and is taken as what they were made of."""
    for member_id, row in rows.items():
        yield row if member_id in change.joining else change.earlier_facts.get(member_id, row)


def _touched(
    connection: Connection, organization_id: str, change: Change, known: Mapping[str, MemberFacts] | None
) -> dict[str, MemberFacts]:
    """Everyone the change is about who was not removed; `known` is who it is, where that was read already."""
    if known is None:
        return people.present(connection, organization_id, change.people)
    return {member_id: row for member_id, row in known.items() if row.removed_at is None}


def world(unit: UnitOfWork, organization_id: str, *, policy: Policy, member_ids: frozenset[str] = frozenset()) -> World:
    """Every administrator and these members as the guard sees them now. Reads only."""
    rows = people.administrators(unit.connection, organization_id)
    rows |= people.present(unit.connection, organization_id, member_ids)
    proofs = _proofs(unit.connection, {policy.access.sso_revision}, rows)
    return World(policy.access, tuple(_stored(row, proofs) for row in rows.values()))


def bystanders(unit: UnitOfWork, organization_id: str, proposal: Proposal) -> tuple[Standing, ...]:
    """Everybody else in the organization, as stored: their role stays, but the doors open to them may not. Nobody
    where the doors stay as they are. Reads only.
    """
    before, after = proposal.before.access, proposal.after.access
    if before == after:
        return ()
    everybody = people.everybody(unit.connection, organization_id)
    rows = {member_id: row for member_id, row in everybody.items() if member_id not in proposal.rows}
    proofs = _proofs(unit.connection, {before.sso_revision, after.sso_revision}, rows)
    return tuple(_stored(row, proofs) for row in rows.values())


@dataclass(frozen=True, slots=True)
class Standings:
    """Every administrator as stored, and as they would stand without any hold: to judge single changes with."""

    stored: World
    worked_out: World

    def would(self, changed: Standing) -> Decision:
        """What the guard would say to a person's change that leaves this administrator as `changed`."""
        others = (person for person in self.worked_out.people if person.member_id != changed.member_id)
        after = World(self.worked_out.access, (*others, changed))
        return settle(self.stored, after, by_person=True).decision


def standings(unit: UnitOfWork, organization_id: str) -> Standings:
    """How every administrator stands now, for reading only. Raises NotFoundError."""
    organization = organizations.find(unit.session, organization_id)
    if organization is None:
        raise NotFoundError("There is no such organization.")
    in_force = current(unit.session, organization)
    rows = people.administrators(unit.connection, organization_id)
    proofs = _proofs(unit.connection, {in_force.access.sso_revision}, rows)
    return Standings(
        World(in_force.access, tuple(_stored(row, proofs) for row in rows.values())),
        World(in_force.access, _worked_out(unit.connection, rows, Change(), in_force, proofs)),
    )


def would(unit: UnitOfWork, organization_id: str, *, policy: Policy, change: Change) -> Decision:
    """What the guard would say to a person's change, for showing it beforehand; writes nothing and takes no lock."""
    return propose(unit, organization_id, policy=policy, change=change, by_person=True).refused or Allowed()


def _worked_out(
    connection: Connection,
    rows: Mapping[str, MemberFacts],
    change: Change,
    policy: Policy,
    proofs: Mapping[str, frozenset[str]],
) -> tuple[Standing, ...]:
    listed_later = listings.listed_later(connection, policy.directory_id, rows) if policy.directory_id else dict
    groups = _groups(connection, rows, policy, change.linked)
    roles: dict[tuple[frozenset[GroupRef], str | None], EffectiveRole] = {}

    def role(row: MemberFacts) -> EffectiveRole:
        """Worked out once for all who are in the same groups: of 20,000 people that are most."""
        facts = groups[row.id], _granted(row, change)
        if facts not in roles:
            roles[facts] = effective_role(groups=facts[0], granted=facts[1], policy=policy.roles)
        return roles[facts]

    listed = listed_later()
    for user in change.linked.values():
        listed[str(user.member_id)] = listed.get(str(user.member_id), False) or user.active
    return tuple(
        Standing(
            member_id=row.id,
            email=row.email,
            state=state_listed(_state(row, change), listing_of(listed.get(row.id))),
            suspended=change.suspended.get(row.id, row.suspended),
            role=role(row),
            held=False,
            has_signed_in=row.first_signed_in_at is not None or row.id in change.signed_in,
            last_signed_in_at=row.last_signed_in_at,
            proofs=proofs[row.id],
            removed=row.id in change.removed,
            is_enrolled=row.enrolled_at is not None,
        )
        for row in rows.values()
    )


def _granted(row: MemberFacts, change: Change) -> str | None:
    if row.id not in change.granted:
        return row.granted_role
    grant = change.granted[row.id]
    return grant.role if grant is not None else None


def _state(row: MemberFacts, change: Change) -> MemberState:
    return MemberState.ACTIVE if row.id in change.activated else MemberState(row.state)


def _groups(
    connection: Connection, rows: Mapping[str, MemberFacts], policy: Policy, linked: Mapping[str, ListedUser]
) -> dict[str, frozenset[GroupRef]]:
    source = policy.roles.groups_from
    if policy.directory_id is None:
        return {row.id: frozenset(GroupRef(source, value) for value in row.sign_in_groups) for row in rows.values()}
    mapped = {rule.group.ref for rule in policy.roles.mappings if rule.group.source is GroupSource.DIRECTORY}
    found = listings.groups_of(connection, policy.directory_id, rows, among=mapped)
    for user_id, groups in listings.groups_of_users(connection, linked, among=mapped).items():
        member_id = str(linked[user_id].member_id)
        found[member_id] = found.get(member_id, frozenset()) | groups
    refs = {groups: frozenset(GroupRef(source, group) for group in groups) for groups in {_NONE, *found.values()}}
    return {id_: refs[found.get(id_, _NONE)] for id_ in rows}


def _stored(row: MemberFacts, proofs: Mapping[str, frozenset[str]]) -> Standing:
    return Standing(
        member_id=row.id,
        email=row.email,
        state=MemberState(row.state),
        suspended=row.suspended,
        role=EffectiveRole(row.role, RoleSource(row.role_source), row.role_mapping_id),
        held=row.held,
        has_signed_in=row.first_signed_in_at is not None,
        last_signed_in_at=row.last_signed_in_at,
        proofs=proofs[row.id],
        is_enrolled=row.enrolled_at is not None,
    )


def _proofs(
    connection: Connection, revisions: Collection[str | None], ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """Who came in through which of these revisions: the one in force before a change and the one after."""
    found = dict.fromkeys(ids, _NO_PROOFS)
    for revision_id in set(revisions) - {None}:
        for some in people.chunks(ids):
            for member_id in connections.proven_by(connection, str(revision_id), some):
                found[member_id] |= {str(revision_id)}
    return found


def listing_of(active: bool | None) -> Listing:
    """How the directory lists somebody, from whether it has them as active; None: it does not know them."""
    if active is None:
        return Listing.NOT_LISTED
    return Listing.ACTIVE if active else Listing.INACTIVE

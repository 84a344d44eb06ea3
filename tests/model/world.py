"""A small organization as a value: up to three people, two groups, two hosts and every switch, as the rules see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from app.rules import lockout
from app.rules.lockout import Access, Guests, Standing
from app.rules.members import Listing, MemberState, may_recover, state_listed
from app.rules.prerequisites import Recovery
from app.rules.roles import (
    ADMIN,
    ADMIN_PRIORITY,
    EffectiveRole,
    GroupRef,
    GroupSource,
    MappingRule,
    RolePolicy,
    RoleSource,
    effective_role,
)

NAMES = ("Ada", "Grace", "Edith")
GROUPS = ("Admins", "Staff")
HOSTS = ("acme.test", "elsewhere.test")
REVISION = "rev_in_force"
EDITOR, MEMBER, NO_ROLE = "editor", "member", ""
PRIORITIES = {ADMIN: ADMIN_PRIORITY, EDITOR: 10, MEMBER: 0}
BEGINNING = datetime(2026, 11, 23, tzinfo=UTC)

NOBODY, PRESENT, REMOVED = range(3)
ABSENT, LISTED, LISTED_INACTIVE = range(3)
UNTESTED, TESTED, TESTED_AS_ADMIN = range(3)
UNKNOWN = -1


class Person(NamedTuple):
    """One person: the member, how the directory lists them, and what their last sign-in said. Sets of groups are bits.

    `listed_host` is where their address in the directory is, `buried` whether a deleted directory user was theirs,
    `signed_in` the rank of their last sign-in, `tested` how a sign-in or test through the latest revision ended,
    `invited` the role that an invitation which they have not answered is for.
    """

    membership: int = NOBODY
    host: int = 0
    active: bool = True
    suspended: bool = False
    granted: str = NO_ROLE
    kept_from_directory: bool = False
    held: bool = False
    signed_in: int = 0
    proven: bool = False
    tested: int = UNTESTED
    sent: int = UNKNOWN
    listed: int = ABSENT
    listed_host: int = 0
    linked: bool = False
    buried: bool = False
    groups: int = 0
    confirmed: bool = False
    invited: str = NO_ROLE


class World(NamedTuple):
    """The organization. `alive` are the directory's groups that were not deleted, `verified` the verified hosts, as
    bits; `newer` is whether a revision waits behind the one in force.
    """

    people: tuple[Person, ...]
    mapped: tuple[str, ...] = (NO_ROLE, NO_ROLE)
    alive: int = 0b11
    directory_on: bool = False
    verified: int = 0
    sso_on: bool = False
    newer: bool = False
    guests_allowed: bool = False
    default: str = MEMBER
    codes: int = 0


class Settings(NamedTuple):
    """What of a world roles follow from."""

    mapped: tuple[str, ...]
    alive: int
    directory_on: bool
    default: str


def settings_of(world: World) -> Settings:
    return Settings(world.mapped, world.alive, world.directory_on, world.default)


def with_person(world: World, who: int, person: Person) -> World:
    people = world.people
    return world._replace(people=(*people[:who], person, *people[who + 1 :]))


def member_id(who: int) -> str:
    return f"mem_{who}"


@cache
def access(verified: int, sso_on: bool, guests_allowed: bool) -> Access:
    hosts = frozenset(host for place, host in enumerate(HOSTS) if verified >> place & 1)
    return Access(hosts, REVISION if sso_on else None, Guests.EMAIL_CODE if guests_allowed else Guests.REFUSE)


def access_of(world: World) -> Access:
    return access(world.verified, world.sso_on, world.guests_allowed)


@cache
def policy(settings: Settings) -> RolePolicy:
    source = GroupSource.DIRECTORY if settings.directory_on else GroupSource.SIGN_IN
    rules = tuple(
        MappingRule(f"map_{group}_{kind}", GroupRef(kind, str(group)), role)
        for group, role in enumerate(settings.mapped)
        for kind in GroupSource
        if role and (kind is GroupSource.SIGN_IN or settings.alive >> group & 1)
    )
    return RolePolicy(PRIORITIES, rules, settings.default, source)


@cache
def role(groups: int, granted: str, settings: Settings) -> EffectiveRole:
    """The role that counts for somebody in these groups."""
    in_force = policy(settings)
    refs = frozenset(GroupRef(in_force.groups_from, str(group)) for group in range(len(GROUPS)) if groups >> group & 1)
    return effective_role(groups=refs, granted=granted or None, policy=in_force)


def role_of(person: Person, settings: Settings) -> EffectiveRole:
    """The role that follows for this person, held or not."""
    seen = person.groups if settings.directory_on else max(person.sent, 0)
    if settings.directory_on and not person.linked:
        seen = 0
    return role(seen, person.granted, settings)


@cache
def stored(who: int, person: Person, settings: Settings) -> Standing:
    """A person as stored: what follows from the facts, and the hold."""
    counts = EffectiveRole(ADMIN, RoleSource.HELD) if person.held else role_of(person, settings)
    return _standing(who, person, counts, MemberState.ACTIVE if person.active else MemberState.DEACTIVATED)


@cache
def worked_out(who: int, person: Person, settings: Settings) -> Standing:
    """A person as the facts alone would have them, without any hold."""
    state = state_listed(MemberState.ACTIVE if person.active else MemberState.DEACTIVATED, listing(person, settings))
    return _standing(who, person._replace(held=False), role_of(person, settings), state)


def listing(person: Person, settings: Settings) -> Listing:
    """How the active directory lists them; a deleted user counts as inactive, a living one comes first."""
    if not settings.directory_on or not (person.linked or person.buried):
        return Listing.NOT_LISTED
    return Listing.ACTIVE if person.linked and person.listed == LISTED else Listing.INACTIVE


@cache
def newcomer(who: int, person: Person, default: str) -> Standing:
    """Somebody this very change makes a member, before anything is worked out for them."""
    counts = EffectiveRole(default, RoleSource.DEFAULT)
    return _standing(who, person, counts, MemberState.ACTIVE if person.active else MemberState.DEACTIVATED)


def _standing(who: int, person: Person, counts: EffectiveRole, state: MemberState) -> Standing:
    at = BEGINNING + timedelta(hours=person.signed_in) if person.signed_in else None
    return Standing(
        member_id=member_id(who),
        email=f"{NAMES[who].lower()}@{HOSTS[person.host]}",
        state=state,
        suspended=person.suspended,
        role=counts,
        held=person.held,
        has_signed_in=person.signed_in > 0,
        last_signed_in_at=at,
        proofs=frozenset({REVISION}) if person.proven else frozenset(),
        removed=person.membership == REMOVED,
    )


def standings(world: World) -> lockout.World:
    """The world as the guard sees it: every member as stored."""
    settings = settings_of(world)
    members = (stored(who, person, settings) for who, person in enumerate(world.people) if person.membership == PRESENT)
    return lockout.World(access_of(world), tuple(members))


def is_admin(world: World, who: int) -> bool:
    """Whether admin is the role that counts for this person, held or not."""
    person = world.people[who]
    return person.membership == PRESENT and stored(who, person, settings_of(world)).holds_admin


def has_session(world: World, who: int) -> bool:
    """Whether this person could be an administrator at work: an active one, also on hold."""
    person = world.people[who]
    return person.active and not person.suspended and is_admin(world, who)


def recovers(world: World, who: int) -> bool:
    """Whether recovery, by code or from the host, is for this person."""
    person = world.people[who]
    state = MemberState.ACTIVE if person.active else MemberState.DEACTIVATED
    return person.membership == PRESENT and may_recover(
        state=state, suspended=person.suspended, is_admin=is_admin(world, who), held=person.held
    )


def recovery(world: World) -> Recovery:
    """How many codes are left, and whether an administrator who is still there has confirmed them."""
    confirmed = any(person.confirmed and has_session(world, who) for who, person in enumerate(world.people))
    return Recovery(unused=world.codes, confirmed=confirmed)


def canonical(world: World) -> World:
    """The same world whoever is called what: people and groups are interchangeable."""
    return min(_sorted(world), _sorted(_groups_swapped(world)))


def _sorted(world: World) -> World:
    return world._replace(people=tuple(sorted(world.people)))


def _groups_swapped(world: World) -> World:
    people = tuple(
        person._replace(groups=_SWAPPED[person.groups], sent=_SWAPPED[person.sent])
        if person.groups or person.sent > 0
        else person
        for person in world.people
    )
    return world._replace(people=people, mapped=world.mapped[::-1], alive=_SWAPPED[world.alive])


#: The last entry is that of UNKNOWN.
_SWAPPED = (0b00, 0b10, 0b01, 0b11, UNKNOWN)

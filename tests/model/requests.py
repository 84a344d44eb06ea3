"""What persons and programs ask for in a small world: page, API and command line alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.rules import prerequisites
from app.rules.connections import ConnectionState
from app.rules.decisions import Refused
from app.rules.prerequisites import Acting, SignInProof
from app.rules.role_order import judge_order
from app.rules.roles import ADMIN, RoleSource, judge_default_role
from tests.model import world as model
from tests.model.following import follow_all
from tests.model.steps import Actor, Door, Step, decide
from tests.model.world import (
    ABSENT,
    EDITOR,
    GROUPS,
    HOSTS,
    LISTED,
    MEMBER,
    NAMES,
    NO_ROLE,
    PRESENT,
    REMOVED,
    TESTED_AS_ADMIN,
    UNTESTED,
    World,
    with_person,
)

_OPERATOR = Actor("the operator")


class _Asked(NamedTuple):
    """A change of facts that a person asks for: the world as it would be, before the guard was asked."""

    sentence: str
    facts: World


def requests(world: World) -> Iterator[Step]:
    """Everything a person or program may ask for, on a page, over the API or on the command line."""
    for actor in _actors(world):
        yield from _requests(world, actor)
    yield from _codes(world)


def _requests(world: World, actor: Actor) -> Iterator[Step]:
    for asked in (*_of_members(world), *_of_roles(world), *_of_settings(world)):
        yield _ask(world, asked, actor, actor.who)
    for wanted in (_directory_on(world), _sso_off(world), *_sso_on(world), *_vouching(world)):
        yield _ask(world, wanted, actor, actor.who)
    for wanted in _directory_off(world, actor):
        # Turning the directory off during a hold is what a recovery session is for.
        yield _ask(world, wanted, actor, None)


def _ask(world: World, wanted: _Asked | Refused, actor: Actor, acting: int | None) -> Step:
    """What becomes of it: a prerequisite that is missing refuses it, else the guard is asked."""
    if isinstance(wanted, Refused):
        return Step(Door.REQUEST, f"{actor.name} hears: {wanted.sentence}", world, wanted)
    after, refused = decide(world, wanted.facts, by_person=True, acting=acting)
    return Step(Door.REQUEST, f"{actor.name} {wanted.sentence}", after, refused, actor.who)


def _of_members(world: World) -> Iterator[_Asked]:
    settings = model.settings_of(world)
    for who, person in enumerate(world.people):
        if person.membership != PRESENT:
            continue
        name = NAMES[who]
        for slug in (ADMIN, MEMBER):
            decided = not person.held and model.role_of(person, settings).source is RoleSource.MAPPED
            if person.granted != slug and not decided:
                given = person._replace(granted=slug, kept_from_directory=False)
                yield _Asked(f"gives {name} the role {slug}", with_person(world, who, given))
        verb = "restores" if person.suspended else "suspends"
        turned = person._replace(suspended=not person.suspended)
        yield _Asked(f"{verb} {name}", with_person(world, who, turned))
        if not (world.directory_on and person.linked):
            gone = person._replace(membership=REMOVED)
            yield _Asked(f"removes {name}", with_person(world, who, gone))


def _of_roles(world: World) -> Iterator[_Asked]:
    for group, slug in enumerate(world.mapped):
        for other in (NO_ROLE,) if slug else (ADMIN, EDITOR):
            mapped = tuple(other if place == group else kept for place, kept in enumerate(world.mapped))
            said = f"maps {GROUPS[group]} to {other}" if other else f"removes the mapping of {GROUPS[group]}"
            yield _Asked(said, world._replace(mapped=mapped))
    for slug in (ADMIN, EDITOR, MEMBER):
        if slug != world.default and not isinstance(judge_default_role(slug), Refused):
            yield _Asked(f"makes {slug} the default role", world._replace(default=slug))
    if not isinstance(judge_order((EDITOR, ADMIN, MEMBER)), Refused):
        yield _Asked("puts another role above admin", world._replace(default=ADMIN))


def _of_settings(world: World) -> Iterator[_Asked]:
    said = "refuses guests" if world.guests_allowed else "lets guests use email codes"
    yield _Asked(said, world._replace(guests_allowed=not world.guests_allowed))
    for place, host in enumerate(HOSTS):
        removal = prerequisites.remove_domain(
            is_verified=True, sso_active=world.sso_on, directory_active=world.directory_on
        )
        if world.verified >> place & 1 and not isinstance(removal, Refused):
            yield _Asked(f"removes the domain {host}", world._replace(verified=world.verified & ~(1 << place)))
    if world.verified and not world.newer and any(person.tested for person in world.people):
        # Off: the settings are edited, and earlier tests are of no use. On: a revision waits behind the one in force.
        people = tuple(person._replace(tested=UNTESTED) for person in world.people)
        yield _Asked("edits the connection", world._replace(people=people, newer=world.sso_on))


def _vouching(world: World) -> Iterator[_Asked]:
    """Whoever is listed at the host becomes a member with it. The first domain is that of an administrator."""
    for place, host in enumerate(HOSTS):
        at_home = any(model.is_admin(world, who) and one.host == place for who, one in enumerate(world.people))
        if not world.verified >> place & 1 and (world.verified or at_home):
            facts = world._replace(verified=world.verified | 1 << place)
            yield _Asked(f"vouches for {host}", follow_all(facts) if world.directory_on else facts)


def _directory_on(world: World) -> _Asked | Refused:
    future = sum(
        1
        for person in world.people
        if person.listed == LISTED
        and world.verified >> person.listed_host & 1
        and any(_leads_to_admin(world, group) and person.groups >> group & 1 for group in range(len(GROUPS)))
    )
    decision = prerequisites.activate_directory(
        is_active=world.directory_on,
        another_active=False,
        set_up=prerequisites.set_up_directory(verified_hosts=model.access_of(world).verified_hosts),
        future_admins=future,
        recovery=model.recovery(world),
    )
    if isinstance(decision, Refused):
        return decision
    return _Asked("turns the directory on", follow_all(world._replace(directory_on=True)))


def _leads_to_admin(world: World, group: int) -> bool:
    return world.mapped[group] == ADMIN and bool(world.alive >> group & 1)


def _directory_off(world: World, actor: Actor) -> Iterator[_Asked | Refused]:
    held = any(person.held for person in world.people)
    frozen = _frozen(world)
    off = prerequisites.deactivate_directory(
        is_active=world.directory_on, anybody_held=held, may_lift_holds=actor.may_lift_holds
    )
    yield off if isinstance(off, Refused) else _Asked("turns the directory off", frozen)
    deletion = prerequisites.delete_directory(anybody_held=held, may_lift_holds=actor.may_lift_holds)
    blank = tuple(
        person._replace(listed=ABSENT, linked=False, buried=False, groups=0, listed_host=person.host)
        for person in frozen.people
    )
    gone = frozen._replace(people=blank, alive=0)
    yield deletion if isinstance(deletion, Refused) else _Asked("deletes the directory", gone)


def _frozen(world: World) -> World:
    """Everybody the directory managed keeps the role that counts now, as a grant."""
    if not world.directory_on:
        return world
    settings = model.settings_of(world)
    people = tuple(
        person._replace(granted=model.stored(who, person, settings).role.role, kept_from_directory=True)
        if person.membership == PRESENT and person.active and (person.linked or person.buried)
        else person
        for who, person in enumerate(world.people)
    )
    return world._replace(directory_on=False, people=people)


def _sso_on(world: World) -> Iterator[_Asked | Refused]:
    """Asked for by, or on behalf of, each administrator whose facts count; with a newer revision it is a swap."""
    hosts = model.access_of(world).verified_hosts
    for who, person in enumerate(world.people):
        if not model.has_session(world, who):
            continue
        tested = SignInProof(model.BEGINNING, person.tested == TESTED_AS_ADMIN) if person.tested else None
        decision = prerequisites.activate_sso(
            state=ConnectionState.ACTIVE if world.sso_on else ConnectionState.VALIDATING,
            in_force_is_latest=not world.newer,
            another_active=False,
            set_up=prerequisites.set_up_sso(verified_hosts=hosts, acting=Acting(HOSTS[person.host])),
            proof=tested,
            recovery=model.recovery(world),
            now=model.BEGINNING,
        )
        if isinstance(decision, Refused):
            yield decision
            continue
        people = tuple(one._replace(proven=one.tested != UNTESTED) for one in world.people)
        said = f"requires single sign-on as {NAMES[who]} tested it"
        yield _Asked(said, world._replace(people=people, sso_on=True, newer=False))


def _sso_off(world: World) -> _Asked | Refused:
    decision = prerequisites.deactivate_sso(state=ConnectionState.ACTIVE if world.sso_on else ConnectionState.INACTIVE)
    if isinstance(decision, Refused):
        return decision
    people = tuple(person._replace(proven=False) for person in world.people)
    return _Asked("turns single sign-on off", world._replace(people=people, sso_on=False, newer=False))


def _codes(world: World) -> Iterator[Step]:
    for who, person in enumerate(world.people):
        name = NAMES[who]
        if model.recovers(world, who) and world.codes:
            yield Step(Door.REQUEST, f"{name} spends a recovery code", world._replace(codes=world.codes - 1))
        if model.has_session(world, who) and world.codes and not person.confirmed:
            others = tuple(one._replace(confirmed=place == who) for place, one in enumerate(world.people))
            yield Step(Door.REQUEST, f"{name} confirms the recovery codes", world._replace(people=others))


def _actors(world: World) -> Iterator[Actor]:
    yield _OPERATOR
    for who, person in enumerate(world.people):
        if person.held and model.has_session(world, who):
            yield Actor(NAMES[who], who, may_lift_holds=False)
        if person.held and model.recovers(world, who):
            yield Actor(f"{NAMES[who]}, in a recovery session,", who)

"""What persons and programs ask for in a small world: page, API and command line alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.rules import prerequisites
from app.rules.connections import ConnectionState
from app.rules.decisions import Allowed, Decision, Refused
from app.rules.lockout import OWN_HOLD
from app.rules.members import may_activate
from app.rules.prerequisites import Acting, SignInProof
from app.rules.recovery import may_map, may_return
from app.rules.role_order import judge_order
from app.rules.roles import ADMIN, RoleSource, judge_default_role
from tests.model import world as model
from tests.model.following import follow_all
from tests.model.invited import refusal
from tests.model.steps import Action, Actor, Door, Step, decide
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
DIRECTORY_OFF: Action = ("directory_off",)
DIRECTORY_DELETED: Action = ("directory_deleted",)


class _Asked(NamedTuple):
    """A change that a person asks for: in a sentence, as an action, and the facts as they would be; a prerequisite may
    have refused it already.
    """

    sentence: str
    action: Action
    facts: World
    refused: Refused | None = None


def requests(world: World) -> Iterator[Step]:
    """Everything a person or program may ask for, on a page, over the API or on the command line."""
    for actor in _actors(world):
        yield from _requests(world, actor)
    yield from _codes(world)


def _requests(world: World, actor: Actor) -> Iterator[Step]:
    for asked in (
        *_of_members(world, actor),
        *_of_roles(world, actor),
        *_of_settings(world),
        *_of_directory(world, actor),
    ):
        yield _ask(world, asked, actor)
    for asked in (*_of_directory(world, actor), *_sso_on(world, actor), _sso_off(world)):
        yield _ask(world, asked, actor)
    for asked in (*_vouching(world), *_invitations(world, actor)):
        yield _ask(world, asked, actor)


def _ask(world: World, asked: _Asked, actor: Actor) -> Step:
    """What becomes of it: a prerequisite that is missing refuses it, else the guard is asked."""
    sentence = f"{actor.name} {asked.sentence}"
    if asked.refused is not None:
        return Step(Door.REQUEST, sentence, asked.action, world, asked.refused, actor, world)
    # Turning the directory off during a hold is what a recovery session is for, and coming back where nobody is left.
    is_meant = asked.action in {DIRECTORY_OFF, DIRECTORY_DELETED} or (asked.action[0] == "activate" and actor.recovers)
    acting = None if is_meant else actor.who
    after, refused = decide(world, asked.facts, by_person=True, acting=acting)
    return Step(Door.REQUEST, sentence, asked.action, after, refused, actor, world, asked.facts)


def _of_members(world: World, actor: Actor) -> Iterator[_Asked]:
    settings = model.settings_of(world)
    for who, person in enumerate(world.people):
        if person.membership != PRESENT:
            continue
        name = NAMES[who]
        for slug in (ADMIN, MEMBER):
            decided = not person.held and model.role_of(person, settings).source is RoleSource.MAPPED
            if person.granted != slug and not decided:
                given = person._replace(granted=slug, kept_from_directory=False)
                yield _Asked(f"gives {name} the role {slug}", ("grant", who, slug), with_person(world, who, given))
        verb = "restores" if person.suspended else "suspends"
        turned = person._replace(suspended=not person.suspended)
        action = ("suspend", who, not person.suspended)
        yield _Asked(f"{verb} {name}", action, with_person(world, who, turned))
        if not person.active:
            judged = _returns(world, who, actor) if actor.recovers else Allowed()
            if isinstance(judged, Allowed):
                judged = may_activate(name, model.listing(person, settings))
            back = person._replace(active=True, granted=NO_ROLE, kept_from_directory=False)
            facts = with_person(world, who, back)
            yield _Asked(f"makes {name} active again", ("activate", who), facts, _refused(judged))
        if not (world.directory_on and person.linked):
            gone = person._replace(membership=REMOVED)
            yield _Asked(f"removes {name}", ("remove", who), with_person(world, who, gone))


def _returns(world: World, who: int, actor: Actor) -> Decision:
    others = (one for other, one in enumerate(world.people) if other != who)
    others_active = any(one.membership == PRESENT and one.active and not one.suspended for one in others)
    return may_return(is_own=who == actor.who, others_active=others_active)


def _invitations(world: World, actor: Actor) -> Iterator[_Asked]:
    """Whoever is on hold, or in a recovery session, invites nobody as an administrator."""
    for who, person in enumerate(world.people):
        # Whoever was moved by a directory has two addresses, and invited to the old one would be somebody else.
        if person.membership == PRESENT or person.linked or person.listed_host != person.host:
            continue
        name = NAMES[who]
        if person.invited:
            revoked = with_person(world, who, person._replace(invited=NO_ROLE))
            yield _Asked(f"revokes the invitation of {name}", ("revoke", who), revoked)
            continue
        for slug in (ADMIN, MEMBER):
            own = OWN_HOLD if slug == ADMIN and actor.who is not None else None
            invited = with_person(world, who, person._replace(invited=slug))
            yield _Asked(f"invites {name} as {slug}", ("invite", who, slug), invited, own or refusal(world, who))


def _of_roles(world: World, actor: Actor) -> Iterator[_Asked]:
    for group, slug in enumerate(world.mapped):
        for other in (NO_ROLE,) if slug else (ADMIN, EDITOR):
            mapped = tuple(other if place == group else kept for place, kept in enumerate(world.mapped))
            said = f"maps {GROUPS[group]} to {other}" if other else f"removes the mapping of {GROUPS[group]}"
            judged = may_map(actor.as_rules_see, other)
            yield _Asked(said, ("map", group, other), world._replace(mapped=mapped), _refused(judged))
    for slug in (slug for slug in (ADMIN, EDITOR, MEMBER) if slug != world.default):
        judged = judge_default_role(slug)
        yield _Asked(
            f"makes {slug} the default role", ("default", slug), world._replace(default=slug), _refused(judged)
        )
    above = judge_order((EDITOR, ADMIN, MEMBER))
    yield _Asked("puts another role above admin", ("reorder",), world._replace(default=ADMIN), _refused(above))


def _of_settings(world: World) -> Iterator[_Asked]:
    said = "refuses guests" if world.guests_allowed else "lets guests use email codes"
    turned = world._replace(guests_allowed=not world.guests_allowed)
    yield _Asked(said, ("guests", turned.guests_allowed), turned)
    removal = prerequisites.remove_domain(
        is_verified=True, sso_active=world.sso_on, directory_active=world.directory_on
    )
    for place, host in enumerate(HOSTS):
        if world.verified >> place & 1:
            without = world._replace(verified=world.verified & ~(1 << place))
            yield _Asked(f"removes the domain {host}", ("remove_domain", place), without, _refused(removal))
    if world.verified and not world.newer and any(person.tested for person in world.people):
        # Off: the settings are edited, and earlier tests are of no use. On: a revision waits behind the one in force.
        people = tuple(person._replace(tested=UNTESTED) for person in world.people)
        yield _Asked("edits the connection", ("edit",), world._replace(people=people, newer=world.sso_on))


def _vouching(world: World) -> Iterator[_Asked]:
    """Whoever is listed at the host becomes a member with it. The first domain is that of an administrator."""
    for place, host in enumerate(HOSTS):
        at_home = any(model.is_admin(world, who) and one.host == place for who, one in enumerate(world.people))
        if not world.verified >> place & 1 and (world.verified or at_home):
            facts = world._replace(verified=world.verified | 1 << place)
            followed = follow_all(facts) if world.directory_on else facts
            yield _Asked(f"vouches for {host}", ("vouch", place), followed)


def _of_directory(world: World, actor: Actor) -> Iterator[_Asked]:
    decision = prerequisites.activate_directory(
        is_active=world.directory_on,
        another_active=False,
        set_up=prerequisites.set_up_directory(verified_hosts=model.access_of(world).verified_hosts),
        future_admins=_future_admins(world),
        recovery=model.recovery(world),
    )
    on = follow_all(world._replace(directory_on=True))
    yield _Asked("turns the directory on", ("directory_on",), on, _refused(decision))
    held = any(person.held for person in world.people)
    frozen, may_lift = _frozen(world), actor.may_lift_holds
    off = prerequisites.deactivate_directory(is_active=world.directory_on, anybody_held=held, may_lift_holds=may_lift)
    yield _Asked("turns the directory off", DIRECTORY_OFF, frozen, _refused(off))
    deletion = prerequisites.delete_directory(anybody_held=held, may_lift_holds=may_lift)
    yield _Asked("deletes the directory", DIRECTORY_DELETED, _blank(frozen), _refused(deletion))


def _future_admins(world: World) -> int:
    """How many active directory users at verified hosts are in a group mapped to admin."""
    groups = sum(1 << group for group, slug in enumerate(world.mapped) if slug == ADMIN) & world.alive
    return sum(
        person.listed == LISTED and bool(world.verified >> person.listed_host & 1) and bool(person.groups & groups)
        for person in world.people
    )


def _blank(world: World) -> World:
    """Without a directory, whose groups nobody is in any more."""
    people = tuple(
        person._replace(listed=ABSENT, linked=False, buried=False, groups=0, listed_host=person.host)
        for person in world.people
    )
    return world._replace(people=people, alive=0)


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


def _sso_on(world: World, actor: Actor) -> Iterator[_Asked]:
    """Asked for by each administrator whose facts count, or on their behalf; with a newer revision it is a swap."""
    hosts = model.access_of(world).verified_hosts
    people = tuple(person._replace(proven=person.tested != UNTESTED) for person in world.people)
    facts = world._replace(people=people, sso_on=True, newer=False)
    for who, person in enumerate(world.people):
        if actor.who not in (None, who) or not model.has_session(world, who):
            continue
        tested = SignInProof(model.BEGINNING, person.tested == TESTED_AS_ADMIN) if person.tested else None
        decision = prerequisites.activate_sso(
            state=ConnectionState.ACTIVE if world.sso_on else ConnectionState.VALIDATING,
            in_force_is_latest=not world.newer,
            set_up=prerequisites.set_up_sso(verified_hosts=hosts, acting=Acting(HOSTS[person.host])),
            proof=tested,
            recovery=model.recovery(world),
            now=model.BEGINNING,
        )
        said = f"requires single sign-on as {NAMES[who]} tested it"
        yield _Asked(said, ("sso_on", who), facts, _refused(decision))


def _sso_off(world: World) -> _Asked:
    decision = prerequisites.deactivate_sso(state=ConnectionState.ACTIVE if world.sso_on else ConnectionState.INACTIVE)
    people = tuple(person._replace(proven=False) for person in world.people)
    facts = world._replace(people=people, sso_on=False, newer=False)
    return _Asked("turns single sign-on off", ("sso_off",), facts, _refused(decision))


def _refused(decision: Decision) -> Refused | None:
    return decision if isinstance(decision, Refused) else None


def _codes(world: World) -> Iterator[Step]:
    for who, person in enumerate(world.people):
        name = NAMES[who]
        if model.recovers(world, who) and world.codes:
            spent = world._replace(codes=world.codes - 1)
            yield Step(Door.REQUEST, f"{name} spends a recovery code", ("spend", who), spent)
        if model.has_session(world, who) and world.codes and not person.confirmed:
            people = tuple(one._replace(confirmed=place == who) for place, one in enumerate(world.people))
            confirmed = world._replace(people=people)
            yield Step(Door.REQUEST, f"{name} confirms the recovery codes", ("confirm", who), confirmed)


def _actors(world: World) -> Iterator[Actor]:
    yield _OPERATOR
    for who, person in enumerate(world.people):
        if person.held and model.has_session(world, who):
            yield Actor(NAMES[who], who, may_lift_holds=False)
        if person.held and model.recovers(world, who):
            yield Actor(f"{NAMES[who]}, in a recovery session,", who)

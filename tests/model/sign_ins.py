"""Who signs in to a small world and how, and tests of its connection."""

from __future__ import annotations

from collections.abc import Iterator

from app.rules.roles import ADMIN
from tests.model import world as model
from tests.model.invited import accepted, refusal
from tests.model.steps import Door, Step, taken
from tests.model.world import GROUPS, NAMES, NOBODY, PRESENT, TESTED, TESTED_AS_ADMIN, UNKNOWN, World, with_person

_SENT = (UNKNOWN, 0b00, 0b01, 0b10, 0b11)


def sign_ins(world: World) -> Iterator[Step]:
    """Everybody who may comes in, by email code or through the provider."""
    for who, person in enumerate(world.people):
        at_home = bool(world.verified >> person.host & 1)
        if person.membership == PRESENT and not (person.active and not person.suspended):
            continue
        is_invited = bool(person.invited) and refusal(world, who) is None
        if not world.sso_on or (world.guests_allowed and not at_home):
            if person.membership == PRESENT:
                sentence = f"{NAMES[who]} signs in by email code"
                yield taken(Door.SIGN_IN, sentence, ("email", who), world, _signed_in(world, who))
            elif is_invited:
                facts = _signed_in(with_person(world, who, accepted(world, who)), who)
                yield taken(Door.SIGN_IN, f"{NAMES[who]} accepts by email code", ("email", who), world, facts)
        is_stranger = person.membership == NOBODY and not world.directory_on
        may_come = person.membership == PRESENT or (is_invited if person.invited else is_stranger)
        if world.sso_on and at_home and may_come:
            for sent in _SENT:
                yield _through_provider(world, who, sent)


def _through_provider(world: World, who: int, sent: int) -> Step:
    person = world.people[who]
    member = accepted(world, who) if person.invited else person
    latest = member.tested
    if not world.newer:
        is_admin = member.granted == ADMIN if person.invited else model.is_admin(world, who)
        latest = TESTED_AS_ADMIN if is_admin else TESTED
    proven = member._replace(membership=PRESENT, proven=True, tested=latest)
    came = proven if sent == UNKNOWN else proven._replace(sent=sent)
    before = with_person(world, who, proven) if person.membership == PRESENT else world
    sentence = f"{NAMES[who]} signs in through the provider, {_groups_said(sent)}"
    facts = _signed_in(with_person(world, who, came), who)
    return taken(Door.SIGN_IN, sentence, ("through_provider", who, sent), before, facts)


def _signed_in(world: World, who: int) -> World:
    """Their sign-in is the latest now; only the order of sign-ins counts."""
    others = sorted({one.signed_in for place, one in enumerate(world.people) if place != who} - {0})
    ranks = {0: 0} | {rank: place for place, rank in enumerate(others, 1)}
    people = tuple(
        one._replace(signed_in=len(others) + 1 if place == who else ranks[one.signed_in])
        for place, one in enumerate(world.people)
    )
    return world._replace(people=people)


def tests(world: World) -> Iterator[Step]:
    """Every administrator, also in a recovery session, tests the connection as themselves."""
    for who, person in enumerate(world.people):
        may_test = model.has_session(world, who) or model.recovers(world, who)
        if not (may_test and world.verified >> person.host & 1):
            continue
        for sent in (UNKNOWN,) if world.directory_on else _SENT:
            yield _tested(world, who, sent)


def _tested(world: World, who: int, sent: int) -> Step:
    person, settings = world.people[who], model.settings_of(world)
    seen = person if sent == UNKNOWN else person._replace(sent=sent)
    stays = model.is_admin(world, who) if world.directory_on else model.role_of(seen, settings).role == ADMIN
    in_force = world.sso_on and not world.newer
    tested = person._replace(tested=TESTED_AS_ADMIN if stays else TESTED, proven=person.proven or in_force)
    sentence = f"{NAMES[who]} tests the connection, {_groups_said(sent)}"
    facts = with_person(world, who, tested)
    action = ("test", who, sent)
    return (
        taken(Door.SIGN_IN, sentence, action, facts, facts) if in_force else Step(Door.SIGN_IN, sentence, action, facts)
    )


def _groups_said(sent: int) -> str:
    if sent == UNKNOWN:
        return "which says nothing of groups"
    named = [name for group, name in enumerate(GROUPS) if sent >> group & 1]
    return f"which sends {' and '.join(named) or 'no group'}"

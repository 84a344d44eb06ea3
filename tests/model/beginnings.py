"""Where searches begin: the first minute of an organization, and situations that take many steps to bring about."""

from __future__ import annotations

from collections.abc import Mapping

from app.rules.roles import ADMIN
from tests.model.world import LISTED, NO_ROLE, PRESENT, TESTED_AS_ADMIN, Person, World

_FOUNDER = Person(membership=PRESENT, granted=ADMIN, signed_in=1)
_CONFIRMED = _FOUNDER._replace(confirmed=True)
_MANAGED = _CONFIRMED._replace(granted=NO_ROLE, listed=LISTED, linked=True, groups=0b01)
_ON_HOLD = _MANAGED._replace(groups=0, held=True)


def _proven(person: Person) -> Person:
    return person._replace(proven=True, tested=TESTED_AS_ADMIN)


def _verified(person: Person) -> World:
    return World((person,), verified=0b01, codes=2)


def _provisioned(person: Person) -> World:
    return _verified(person)._replace(mapped=(ADMIN, NO_ROLE), directory_on=True)


def beginnings(people: int) -> Mapping[str, World]:
    """Each with this many people, most of whom are not there yet; a sentence says what each is."""
    return {sentence: _filled(world, people) for sentence, world in _WORLDS.items()}


def _filled(world: World, people: int) -> World:
    others = (Person(),) * (people - len(world.people))
    return world._replace(people=(*world.people, *others))


_WORLDS = {
    "Ada founded the organization through the start link.": World((_FOUNDER,)),
    "An operator made the organization for Ada, who never signed in.": World((_FOUNDER._replace(signed_in=0),)),
    "Ada's domain is verified, and she has stored recovery codes.": _verified(_CONFIRMED),
    "A directory makes Ada the only administrator.": _provisioned(_MANAGED),
    "Single sign-on is required, and Ada has come in through it.": _verified(_proven(_CONFIRMED))._replace(sso_on=True),
    "Single sign-on is required, and a directory makes Ada the only administrator.": _provisioned(
        _proven(_MANAGED)
    )._replace(sso_on=True),
    "A push took Ada's role, which is on hold.": _provisioned(_ON_HOLD),
}

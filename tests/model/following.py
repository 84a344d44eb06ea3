"""How members of a small world follow their directory users: who is tied to whom, and whose address moves."""

from __future__ import annotations

from collections.abc import Collection

from tests.model.world import ABSENT, LISTED, LISTED_INACTIVE, NO_ROLE, PRESENT, REMOVED, Person, World


def follow_all(world: World) -> World:
    """Let every member follow their directory user, as an active directory makes them."""
    return following(world, range(len(world.people)))


def following(world: World, whom: Collection[int]) -> World:
    """Let these members follow their directory users."""
    people = tuple(_follow(world, one) if who in whom else one for who, one in enumerate(world.people))
    return world._replace(people=people)


def _follow(world: World, person: Person) -> Person:
    """Tie a directory user to the member they are, existing or new; a tied one takes the address along."""
    if person.listed == ABSENT:
        return person
    verified = bool(world.verified >> person.listed_host & 1)
    if person.linked and person.membership == PRESENT:
        follows = verified and not person.held
        return _lapsed(person._replace(host=person.listed_host) if follows else person)
    untied = person._replace(linked=False)
    return _tied(untied) if verified else untied


def _tied(person: Person) -> Person:
    """The member this user is, or becomes: whoever was deleted or removed before comes back without earlier grants."""
    if person.membership == PRESENT:
        kept = _ungranted(person) if person.buried else _lapsed(person)
        return kept._replace(linked=True)
    moved = person.listed_host != person.host
    if person.membership == REMOVED and (person.buried if moved else person.listed == LISTED):
        return Person(
            membership=PRESENT,
            host=person.listed_host,
            active=False,
            suspended=person.suspended,
            confirmed=person.confirmed,
            listed=person.listed,
            listed_host=person.listed_host,
            linked=True,
            buried=person.buried,
            groups=person.groups,
        )
    if person.listed == LISTED_INACTIVE:
        return person
    return Person(
        membership=PRESENT,
        host=person.listed_host,
        listed=person.listed,
        listed_host=person.listed_host,
        linked=True,
        groups=person.groups,
    )


def _lapsed(person: Person) -> Person:
    """A role that was only kept from a directory counts no longer once a directory decides again."""
    return _ungranted(person) if person.kept_from_directory else person


def _ungranted(person: Person) -> Person:
    return person._replace(granted=NO_ROLE, kept_from_directory=False)

"""What a directory pushes into a small world, and what follows from it while the directory is on."""

from __future__ import annotations

from collections.abc import Iterator

from tests.model.following import following
from tests.model.steps import Action, Door, Step, taken
from tests.model.world import ABSENT, GROUPS, HOSTS, LISTED, LISTED_INACTIVE, NAMES, Person, World, with_person


def pushes(world: World) -> Iterator[Step]:
    """Everything a directory may push, on or off."""
    for who, person in enumerate(world.people):
        for said, verb, pushed in _of_user(person, NAMES[who]):
            yield _pushed(world, said, (verb, who), with_person(world, who, pushed))
    for group, name in enumerate(GROUPS):
        if world.alive >> group & 1:
            people = tuple(person._replace(groups=person.groups & ~(1 << group)) for person in world.people)
            gone = world._replace(people=people, alive=world.alive ^ 1 << group)
            yield _pushed(world, f"deletes the group {name}", ("delete_group", group), gone)
            yield from _of_group(world, group)


def _of_user(person: Person, name: str) -> Iterator[tuple[str, str, Person]]:
    if person.listed == ABSENT:
        for listed, word in ((LISTED, "active"), (LISTED_INACTIVE, "inactive")):
            created = person._replace(listed=listed, listed_host=person.host)
            yield f"creates {name}, {word}", f"create_{word}", created
        return
    turned, verb = (LISTED_INACTIVE, "deactivate") if person.listed == LISTED else (LISTED, "reactivate")
    yield f"{verb}s {name}", verb, person._replace(listed=turned)
    buried = person.buried or person.linked
    deleted = person._replace(listed=ABSENT, linked=False, buried=buried, groups=0, listed_host=person.host)
    yield f"deletes {name}", "delete", deleted
    if person.linked:
        elsewhere = 1 - person.listed_host
        yield f"moves {name}'s address to {HOSTS[elsewhere]}", "move", person._replace(listed_host=elsewhere)


def _of_group(world: World, group: int) -> Iterator[Step]:
    for who, person in enumerate(world.people):
        if person.listed == ABSENT:
            continue
        leaves = bool(person.groups >> group & 1)
        said = f"{'removes' if leaves else 'adds'} {NAMES[who]} {'from' if leaves else 'to'} {GROUPS[group]}"
        moved = person._replace(groups=person.groups ^ 1 << group)
        yield _pushed(world, said, ("leave" if leaves else "join", who, group), with_person(world, who, moved))


def _pushed(world: World, said: str, action: Action, facts: World) -> Step:
    sentence = f"the directory {said}"
    if not world.directory_on:
        return Step(Door.PUSH, sentence, action, facts)
    touched = [who for who, person in enumerate(facts.people) if person != world.people[who]]
    return taken(Door.PUSH, sentence, action, world, following(facts, touched))

"""What a directory pushes into a small world, and what follows from it while the directory is on."""

from __future__ import annotations

from collections.abc import Iterator

from tests.model.following import follow_all
from tests.model.steps import Door, Step, decide
from tests.model.world import ABSENT, GROUPS, HOSTS, LISTED, LISTED_INACTIVE, NAMES, Person, World, with_person


def pushes(world: World) -> Iterator[Step]:
    """Everything a directory may push, on or off."""
    for who, person in enumerate(world.people):
        for said, pushed in _of_user(person, NAMES[who]):
            yield _pushed(world, said, with_person(world, who, pushed))
    for group, name in enumerate(GROUPS):
        if world.alive >> group & 1:
            people = tuple(person._replace(groups=person.groups & ~(1 << group)) for person in world.people)
            yield _pushed(
                world, f"deletes the group {name}", world._replace(people=people, alive=world.alive ^ 1 << group)
            )
            yield from _of_group(world, group)


def _of_user(person: Person, name: str) -> Iterator[tuple[str, Person]]:
    if person.listed == ABSENT:
        for listed, word in ((LISTED, "active"), (LISTED_INACTIVE, "inactive")):
            yield f"creates {name}, {word}", person._replace(listed=listed, listed_host=person.host)
        return
    turned, verb = (LISTED_INACTIVE, "deactivates") if person.listed == LISTED else (LISTED, "reactivates")
    yield f"{verb} {name}", person._replace(listed=turned)
    buried = person.buried or person.linked
    deleted = person._replace(listed=ABSENT, linked=False, buried=buried, groups=0, listed_host=person.host)
    yield f"deletes {name}", deleted
    if person.linked:
        elsewhere = 1 - person.listed_host
        yield f"moves {name}'s address to {HOSTS[elsewhere]}", person._replace(listed_host=elsewhere)


def _of_group(world: World, group: int) -> Iterator[Step]:
    for who, person in enumerate(world.people):
        if person.listed == ABSENT:
            continue
        verb = "removes {} from" if person.groups >> group & 1 else "adds {} to"
        moved = person._replace(groups=person.groups ^ 1 << group)
        yield _pushed(world, f"{verb.format(NAMES[who])} {GROUPS[group]}", with_person(world, who, moved))


def _pushed(world: World, said: str, facts: World) -> Step:
    sentence = f"the directory {said}"
    if not world.directory_on:
        return Step(Door.PUSH, sentence, facts)
    after, refused = decide(world, follow_all(facts), by_person=False)
    if not refused and any(was.held and not now.held for was, now in zip(world.people, after.people, strict=True)):
        after = follow_all(after)  # an address that waited for the hold to end
    return Step(Door.PUSH, sentence, after, refused)

"""Breadth first through every world that can be reached, and the shortest way to one that breaks a promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.model.doors import steps
from tests.model.promises import broken
from tests.model.world import World, canonical


@dataclass(frozen=True)
class Counterexample:
    """A promise that is broken, and how one gets there: a sentence for each step."""

    promise: str
    beginning: str
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{place}. {sentence}" for place, sentence in enumerate(self.sentences, 1)]
        return "\n".join([self.promise, f"0. {self.beginning}", *lines])


@dataclass
class Search:
    """What was seen: how many worlds, how many new ones at each depth, how many steps were judged, what was broken."""

    states: int = 0
    steps: int = 0
    by_depth: list[int] = field(default_factory=list)
    counterexample: Counterexample | None = None


def search(beginnings: Mapping[str, World], *, depth: int, tell: Callable[[Search], None] | None = None) -> Search:
    """Every world within `depth` steps of a beginning; ends at the first broken promise, so that none is nearer."""
    came_from: dict[World, World | None] = {canonical(world): None for world in beginnings.values()}
    found, frontier = Search(states=len(came_from)), list(came_from)
    for _ in range(depth):
        following: list[World] = []
        for world in frontier:
            for step in steps(world):
                found.steps += 1
                for promise in broken(world, step):
                    trace = _path(came_from, world)
                    found.counterexample = _retold(beginnings, trace, promise)
                    return found
                reached = canonical(step.after)
                if reached not in came_from:
                    came_from[reached] = world
                    following.append(reached)
        found.states += len(following)
        found.by_depth.append(len(following))
        frontier = following
        if tell is not None:
            tell(found)
    return found


def _path(came_from: Mapping[World, World | None], world: World) -> list[World]:
    path: list[World] = []
    at: World | None = world
    while at is not None:
        path.append(at)
        at = came_from[at]
    return path[::-1]


def _retold(beginnings: Mapping[str, World], path: list[World], promise: str) -> Counterexample:
    """The same way in worlds as they are, so that everybody keeps their name from step to step."""
    name, world = next((name, world) for name, world in beginnings.items() if canonical(world) == path[0])
    sentences: list[str] = []
    for wanted in path[1:]:
        step = next(step for step in steps(world) if canonical(step.after) == wanted)
        sentences.append(step.sentence)
        world = step.after
    last, said = next((step, said) for step in steps(world) for said in broken(world, step))
    return Counterexample(said, name, (*sentences, last.sentence))

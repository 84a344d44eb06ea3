"""Changes that move everybody at once: `python -m bench.mass_change --people 20000 --database sqlite`.

A group of so many is mapped to a role, as an administrator does it: planned, then applied and held to its plan; the
mapping is removed again; the directory is turned off, and on. Prints for each, the best of some rounds, seconds and
processor time of this process and of the database; then, from one more round, the longest that a push of another
process to the same directory waited meanwhile.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TypeVar

from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.rules.plans import Plan
from app.rules.roles import GroupSource
from app.services import directories, event_positions, role_mappings, roles
from app.services.plans import Planned
from app.services.rows import Directory, RoleMapping
from app.services.unit_of_work import UnitOfWork
from bench.databases import KINDS, analyze, fresh_database, opened, postmaster, start_postgres, temporary_directory
from bench.measuring import processor_seconds
from bench.targets import fill
from config.garbage import collect_seldom
from tests.application import World
from tests.scenes import Provisioned, ScimClient, provisioned
from tests.servers.postgres import PostgresServer

T = TypeVar("T")
_ROLE = "editor"
_PAUSE_SECONDS = 0.02
_WARM_SECONDS = 1


@dataclass
class Step:
    """One change as it was measured: when it began and ended (`time.monotonic`), and seconds of processor time."""

    name: str
    began: float
    ended: float
    here: float
    of_database: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass
class Stopwatch:
    """Measures one change after the other."""

    server: PostgresServer | None
    steps: list[Step] = field(default_factory=list)

    def time(self, name: str, work: Callable[[], T]) -> T:
        here, there, began = time.process_time(), self._there(), time.monotonic()
        result = work()
        ended = time.monotonic()
        self.steps.append(Step(name, began, ended, time.process_time() - here, self._there() - there))
        return result

    def _there(self) -> float:
        return 0.0 if self.server is None else processor_seconds(postmaster(self.server))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.mass_change", description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--database", choices=KINDS, default=KINDS[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with temporary_directory() as directory:
        server = start_postgres(directory) if options.database == "postgresql" else None
        url = fresh_database(options.database, directory, server)
        with opened(url) as world:
            made = provisioned(world)
            group = _filled(made, options.people)
            if server is not None:
                analyze(url)
            collect_seldom()  # as in a worker of the server
            rounds = [_measured(made, group, server) for _ in range(options.rounds)]
            with _pushing_beside(url, made.scim, made.ada) as pushes:
                disturbed = _measured(made, group, server)
    _print(rounds, disturbed, pushes)


def _filled(made: Provisioned, people: int) -> str:
    """The id of a group of so many members of the organization."""
    world = made.organization.world
    group = fill(made, people).large
    with world.transactions.writing(OPERATOR) as unit:
        roles.to_add(unit, made.organization.id, slug=_ROLE, name="Editor").apply()
    while event_positions.give(world.transactions):
        pass
    return group


def _measured(made: Provisioned, group: str, server: PostgresServer | None) -> list[Step]:
    """Every change once; the last leaves everything as the first found it."""
    watch, world, organization_id = Stopwatch(server), made.organization.world, made.organization.id
    change = Changes(world, organization_id, made.directory_id, group)
    plan = watch.time("mapping, planned", lambda: _planned(world, change.map))
    mapping = watch.time("mapping, applied as planned", lambda: _applied(world, change.map, plan))
    watch.time("mapping, removed", lambda: _applied(world, lambda unit: change.unmap(unit, mapping.id)))
    watch.time("directory, off", lambda: _applied(world, change.turn_off))
    plan = watch.time("directory, on: planned", lambda: _planned(world, change.turn_on))
    watch.time("directory, on: applied as planned", lambda: _applied(world, change.turn_on, plan))
    return watch.steps


@dataclass(frozen=True)
class Changes:
    """What is changed, as it is asked for in a transaction."""

    world: World
    organization_id: str
    directory_id: str
    group: str

    def map(self, unit: UnitOfWork) -> Planned[RoleMapping]:
        source = GroupSource.DIRECTORY
        return role_mappings.to_add(unit, self.organization_id, source=source, group=self.group, role=_ROLE)

    def unmap(self, unit: UnitOfWork, mapping_id: str) -> Planned[None]:
        return role_mappings.to_remove(unit, self.organization_id, mapping_id)

    def turn_off(self, unit: UnitOfWork) -> Planned[Directory]:
        return directories.to_deactivate(unit, self.organization_id, self.directory_id)

    def turn_on(self, unit: UnitOfWork) -> Planned[Directory]:
        return directories.to_activate(unit, self.organization_id, self.directory_id)


def _planned(world: World, change: Callable[[UnitOfWork], Planned[T]]) -> Plan:
    with world.transactions.snapshot(OPERATOR) as unit:
        return change(unit).plan()


def _applied(world: World, change: Callable[[UnitOfWork], Planned[T]], plan: Plan | None = None) -> T:
    with world.transactions.writing(OPERATOR) as unit:
        outcome = change(unit).apply(shown=plan.hash if plan is not None else None)
    assert not isinstance(outcome, Refused), outcome
    return outcome


@contextmanager
def _pushing_beside(url: str, scim: ScimClient, user_id: str) -> Iterator[list[tuple[float, float]]]:
    """Another process that pushes one change after the other; when each began and ended, known afterwards."""
    pushes: list[tuple[float, float]] = []
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_push, args=(theirs, url, scim.base_url, scim.token, user_id), daemon=True)
    process.start()
    ours.recv()
    time.sleep(_WARM_SECONDS)
    try:
        yield pushes
    finally:
        ours.send("enough")
        pushes += ours.recv()
        process.join()


def _push(parent: Connection, url: str, base_url: str, token: str, user_id: str) -> None:
    pushes: list[tuple[float, float]] = []
    with opened(url) as world:
        scim = ScimClient(world, base_url, token)
        parent.send("ready")
        while not parent.poll(_PAUSE_SECONDS):
            began = time.monotonic()
            scim.patch(f"/Users/{user_id}", {"op": "replace", "path": "title", "value": str(began)})
            pushes.append((began, time.monotonic()))
    parent.send(pushes)


def _print(rounds: list[list[Step]], disturbed: list[Step], pushes: list[tuple[float, float]]) -> None:
    print("| | seconds | processor, here | processor, database | longest wait of a push |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for steps, beside in zip(zip(*rounds, strict=True), disturbed, strict=True):
        waited = (min(end, beside.ended) - max(begin, beside.began) for begin, end in pushes)
        figures = (
            min(step.seconds for step in steps),
            min(step.here for step in steps),
            min(step.of_database for step in steps),
            max(0.0, *waited),
        )
        print(f"| {beside.name} | {' | '.join(f'{figure:.2f}' for figure in figures)} |")
    print(f"\nload average {' '.join(f'{load:.1f}' for load in os.getloadavg())}")


if __name__ == "__main__":
    main()

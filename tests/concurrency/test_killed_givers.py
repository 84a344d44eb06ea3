"""Two processes give events their positions and are killed at any moment: whoever follows the feed misses nothing."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier
from threading import Event

from app.factory import create_program
from app.ports.clock import SystemClock
from app.rules.events import EventType
from app.services import event_positions
from tests.application import World, ports_for, settings_for
from tests.ports.fakes import Postbox, ZoneDns
from tests.services.test_event_positions import Reader, begun

ROUNDS = 2
EVENTS = 40
_SPAWN = multiprocessing.get_context("spawn")


def test_givers_that_are_killed_leave_no_event_out_and_give_no_position_twice(world: World, database_url: str) -> None:
    reader = begun(world)
    already = len(reader.seen)

    for number in range(ROUNDS):
        _write_while_givers_die(reader, database_url, number)
    while event_positions.give(world.transactions):
        pass
    reader.read()

    written = [f"{number}-{event}" for number in range(ROUNDS) for event in range(EVENTS)]
    assert reader.seen[already:] == written
    assert reader.positions == list(range(1, len(reader.seen) + 1))


def _write_while_givers_die(reader: Reader, database_url: str, number: int) -> None:
    """Both are at work before the first event is written, and gone before the last one is."""
    ready = _SPAWN.Barrier(3)
    givers = [_SPAWN.Process(target=_give_for_ever, args=(database_url, ready), daemon=True) for _ in range(2)]
    for giver in givers:
        giver.start()
    ready.wait(timeout=60)
    for event in range(EVENTS):
        with reader.organization.world.transactions.writing() as unit:
            unit.lock(reader.organization.id)
            name = f"{number}-{event}"
            unit.event(
                reader.organization.id, EventType.MEMBER_UPDATED, subject=reader.organization.admin_id, name=name
            )
        if event in {EVENTS // 3 + number, EVENTS // 2 + number}:
            givers.pop().kill()
        reader.read()


def _give_for_ever(database_url: str, ready: Barrier) -> None:
    program = create_program(settings_for(database_url), ports_for(SystemClock(), Postbox(), ZoneDns()))
    ready.wait(timeout=60)
    pause = Event()
    while not pause.wait(0.005):
        event_positions.give(program.transactions)

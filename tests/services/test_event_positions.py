"""Whoever follows the feed of events is shown each of them once, however writers, workers and commits fall together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event as Signal
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from app.ports.mail import Mail
from app.rules.errors import InvalidInputError
from app.rules.events import EventType
from app.rules.ids import Prefix
from app.services import event_positions, feeds, mailbox
from app.store import event_positions as rows
from app.store import events
from app.store.events import EVENTS
from tests.application import World
from tests.scenes import Organization, found_organization

_WAITS_AT_MOST = 30.0
TYPE = EventType.MEMBER_UPDATED


@dataclass
class Reader:
    """Somebody who follows the feed of one organization and remembers what they were shown."""

    organization: Organization
    seen: list[str] = field(default_factory=list)
    positions: list[int | None] = field(default_factory=list)
    _after: str = ""

    def read(self, limit: int = 3) -> list[str]:
        """Go on after the last event seen, to the end; the names that are new ("": another thing was told)."""
        new: list[str] = []
        while page := self._page(limit):
            new += [event.data.get("name", "") for event in page]
            self.positions += [event.position for event in page]
            self._after = page[-1].id
        self.seen += new
        return new

    def _page(self, limit: int) -> list[events.Event]:
        with self.organization.world.transactions.reading() as unit:
            return list(feeds.events(unit, self.organization.id, after=self._after, limit=limit))


def told(organization: Organization, name: str, *, id_: str = "") -> dict[str, Any]:
    """An event as it is written."""
    ports = organization.world.transactions.ports
    return {
        "id": id_ or ports.randomness.id(Prefix.EVENT),
        "organization_id": organization.id,
        "at": ports.clock.now(),
        "type": TYPE,
        "subject": organization.admin_id,
        "data": {"name": name},
    }


def tell(organization: Organization, *names: str) -> None:
    """One transaction with an event for each of these."""
    with organization.world.transactions.writing() as unit:
        for name in names:
            unit.event(organization.id, TYPE, subject=organization.admin_id, name=name)


def give(world: World) -> None:
    while event_positions.give(world.transactions):
        pass


def begun(world: World) -> Reader:
    """An organization, and a reader who has seen what there was."""
    reader = Reader(found_organization(world))
    give(world)
    reader.read()
    return reader


def test_event_is_shown_once_it_has_its_position(world: World) -> None:
    reader = begun(world)
    tell(reader.organization, "a", "b")

    before = reader.read()
    give(world)

    assert before == []
    assert reader.read() == ["a", "b"]
    assert reader.positions == list(range(1, len(reader.seen) + 1))


def test_positions_are_counted_for_each_organization(world: World) -> None:
    acme, other = begun(world), Reader(found_organization(world, "eve@other.test", "Other"))
    tell(other.organization, "x")
    tell(acme.organization, "a")
    give(world)

    acme.read(), other.read()

    assert (acme.seen[-1], other.seen[-1]) == ("a", "x")
    for reader in (acme, other):
        assert reader.positions == list(range(1, len(reader.seen) + 1))


def test_event_that_is_committed_behind_a_later_one_is_not_missed(world: World, database_url: str) -> None:
    """The earlier id, and the earlier number, become visible when the reader has passed the later one."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time; nothing is committed behind a later one")
    reader = begun(world)
    with world.transactions.writing() as slow:
        events.write(slow.connection, audited=(), told=[told(reader.organization, "slow")])
        _carry_out(slow.connection)
        tell(reader.organization, "quick")
        give(world)
        first = reader.read()
    give(world)

    assert (first, reader.read()) == (["quick"], ["slow"])
    assert reader.positions == list(range(1, len(reader.seen) + 1))


def test_order_is_that_of_writing_whatever_the_clocks_of_the_writers_say(world: World) -> None:
    """Two machines change one organization, one after the other; the clock of the first is ahead."""
    reader = begun(world)
    for name, id_ in (("first", "evt_zzzzzzzzzzzzzzzzzzzzzzzzzz"), ("second", "evt_00000000000000000000000000")):
        with world.transactions.writing() as unit:
            unit.lock(reader.organization.id)
            events.write(unit.connection, audited=(), told=[told(reader.organization, name, id_=id_)])
    give(world)

    assert reader.read(limit=1) == ["first", "second"]


def test_two_workers_that_give_positions_at_once_give_each_once(world: World) -> None:
    """The second waits for the first, and then counts on from what the first has given."""
    reader = begun(world)
    tell(reader.organization, "a", "b")
    with world.transactions.writing() as unit:
        assert rows.give(unit.connection) == 2
        second = Thread(target=give, args=(world,), daemon=True)
        second.start()
        second.join(0.5)
        assert second.is_alive(), "the second did not wait"
        assert reader.read() == []
        late = ["c"] if unit.connection.dialect.name != "sqlite" else []  # nobody else could write there
        if late:
            tell(reader.organization, *late)
    second.join(_WAITS_AT_MOST)

    assert reader.read() == ["a", "b", *late]
    assert reader.positions == list(range(1, len(reader.seen) + 1))


def test_worker_that_dies_in_the_middle_leaves_everything_to_the_next(world: World) -> None:
    reader = begun(world)
    tell(reader.organization, "a", "b")

    with pytest.raises(KeyboardInterrupt):
        _give_and_die(world)
    before = reader.read()
    give(world)

    assert (before, reader.read()) == ([], ["a", "b"])


def test_more_events_than_one_transaction_takes_keep_their_order(world: World) -> None:
    reader = begun(world)
    names = [str(number) for number in range(rows.BATCH + 5)]
    tell(reader.organization, *names)

    assert event_positions.give(world.transactions)
    assert reader.read(limit=500) == names[: rows.BATCH]
    assert not event_positions.give(world.transactions)
    assert reader.read() == names[rows.BATCH :]


def test_nothing_is_written_where_nothing_waits(world: World) -> None:
    begun(world)

    with world.transactions.writing():  # on SQLite nobody else could write now
        assert not event_positions.give(world.transactions)


def test_reader_misses_nothing_while_many_write_and_several_give_positions(world: World) -> None:
    reader = begun(world)
    already = len(reader.seen)
    done = Signal()
    names = [[f"{writer}-{number}" for number in range(40)] for writer in range(3)]

    def write(mine: list[str]) -> None:
        for first, second in zip(mine[::2], mine[1::2], strict=True):
            tell(reader.organization, first, second)

    def until_done(work: Callable[[], object]) -> None:
        while not done.is_set():
            work()

    with ThreadPoolExecutor(6) as pool:
        others = [pool.submit(until_done, lambda: give(world)) for _ in range(2)]
        others.append(pool.submit(until_done, reader.read))
        for writing in [pool.submit(write, mine) for mine in names]:
            writing.result(_WAITS_AT_MOST)
        done.set()
        for other in others:
            other.result(_WAITS_AT_MOST)
    give(world)
    reader.read()

    shown = reader.seen[already:]
    assert sorted(shown) == sorted(name for mine in names for name in mine)
    assert reader.positions == list(range(1, len(reader.seen) + 1))
    for mine in names:
        assert [name for name in shown if name in mine] == mine


@pytest.mark.parametrize("whose", ["nobody's", "another organization's", "without a position"])
def test_going_on_after_what_was_not_shown_is_refused(world: World, whose: str) -> None:
    reader, other = begun(world), Reader(found_organization(world, "eve@other.test", "Other"))
    give(world)
    other.read()
    after = {"nobody's": "evt_00000000000000000000000000", "another organization's": other._after}.get(whose, "")
    if not after:
        tell(reader.organization, "a")
        with world.transactions.reading() as unit:
            after = str(unit.connection.scalar(select(EVENTS.c.id).where(EVENTS.c.position.is_(None))))

    with world.transactions.reading() as unit, pytest.raises(InvalidInputError) as refused:
        feeds.events(unit, reader.organization.id, after=after, limit=10)

    assert refused.value.field == "after"


def _give_and_die(world: World) -> None:
    with world.transactions.writing() as unit:
        rows.give(unit.connection)
        raise KeyboardInterrupt


def _carry_out(connection: Connection) -> None:
    """Have the server carry out what waits in the pipeline."""
    connection.execute(update(EVENTS).where(EVENTS.c.id == "").values(subject=""))


def test_event_waits_for_one_mail_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = begun(world)
    with world.transactions.writing() as unit:
        for _ in range(3):
            mailbox.post(unit, Mail(to="ada@acme.test", subject="", text=""))
    shown_at_each_mail: list[list[str]] = []

    def send(_mail: Mail) -> None:
        shown_at_each_mail.append(reader.read())
        tell(reader.organization, f"during mail {len(shown_at_each_mail)}")

    monkeypatch.setattr(world.post, "send", send)
    world.work()

    assert shown_at_each_mail == [[], ["during mail 1"], ["during mail 2"]]

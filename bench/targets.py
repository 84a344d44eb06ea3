"""What is measured against what: Doorward on both databases, its floors, scim2-server in memory, chosen peers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from scim2_models import Context
from scim2_server.utils import load_default_resource_types

from app.services.directories import read as read_directory
from app.services.effects import endpoint_of
from bench import bare_rows, in_memory, noop
from bench.databases import KINDS, analyze, fresh_database, libpq_url, opened, postmaster, start_postgres
from bench.measuring import Target
from bench.operations import SEED, Client
from bench.peers.targets import peers
from bench.people import SMALL_GROUP, Population, group_body, user_body
from scim.provider import model_of, provider
from scim.storage import DirectoryStorage
from tests.application import SECRET_KEY
from tests.durability.serving import GunicornServer, serving
from tests.scenes import Provisioned, provisioned
from tests.servers.postgres import PostgresServer

NOOP = "Flask no-op"
IN_MEMORY = "scim2-server, in memory"
OURS = {"sqlite": "Doorward, SQLite", "postgresql": "Doorward, PostgreSQL"}
#: The floor of what stands on the same database.
BARE = {"sqlite": "bare rows, SQLite", "postgresql": "bare rows, PostgreSQL"}
_WORKERS = 2
#: Users written in one transaction while a target is filled.
_CHUNK = 500
#: A worker that is replaced in the middle would be measured starting, and the one in memory would forget everything;
#: it also takes its time to fill itself before it answers.
_ARGUMENTS = ("--max-requests", "0", "--timeout", "600")
_START_SECONDS = 600


@contextmanager
def all_targets(directory: Path, *, users: int, chosen: Sequence[str] = ()) -> Iterator[list[Target]]:
    """Every target and the chosen peers, filled, serving and warm."""
    with ExitStack() as stack:
        postgres = start_postgres(directory)
        targets = [stack.enter_context(_no_operation(directory))]
        targets += [stack.enter_context(_bare(kind, directory, postgres, users=users)) for kind in KINDS]
        targets += [stack.enter_context(ours(kind, directory, postgres, users=users)) for kind in KINDS]
        targets.append(stack.enter_context(_in_memory(directory, users=users)))
        targets += stack.enter_context(peers(chosen, directory, postgres, users=users))
        yield targets


@contextmanager
def _no_operation(directory: Path) -> Iterator[Target]:
    with _serving("bench.noop:application", directory, "noop", {}, path="/") as server:
        people = Population([f"user-{number}" for number in range(100)], "small", "large")
        yield Target(NOOP, server.port, "", _client(people), {}, [server.master], fixed=noop.ANSWER)


@contextmanager
def _in_memory(directory: Path, *, users: int) -> Iterator[Target]:
    ids = directory / "in_memory.json"
    environment = {"BENCH_USERS": str(users), "BENCH_IDS": str(ids), "DOORWARD_WORKERS": "1"}
    token = {"Authorization": f"Bearer {in_memory.TOKEN}"}
    path = "/v2/ServiceProviderConfig"
    with _serving("bench.in_memory:application", directory, "in_memory", environment, path=path) as server:
        people = Population(**json.loads(ids.read_text("ascii")))
        yield Target(IN_MEMORY, server.port, "/v2", _client(people), token, [server.master])


@contextmanager
def _bare(kind: str, directory: Path, postgres: PostgresServer, *, users: int) -> Iterator[Target]:
    url = str(directory / "bare.db") if kind == "sqlite" else libpq_url(postgres.create_database())
    people = bare_rows.fill(url, users)
    token = {"Authorization": f"Bearer {bare_rows.TOKEN}"}
    with _serving("bench.bare:application", directory, f"bare_{kind}", {"BENCH_BARE": url}, path="/ready") as server:
        processes = [server.master, *([postmaster(postgres)] if kind == "postgresql" else [])]
        yield Target(BARE[kind], server.port, "", _client(people), token, processes, database=kind)


@contextmanager
def ours(kind: str, directory: Path, postgres: PostgresServer | None, *, users: int) -> Iterator[Target]:
    """Doorward on a kind of database, with this many users beside its administrator."""
    url = fresh_database(kind, directory, postgres)
    with opened(url) as world:
        made = provisioned(world)
        people = fill(made, users)
        root = made.scim.base_url.removeprefix(world.transactions.ports.base_url)
    if postgres is not None and kind == "postgresql":
        analyze(url)
    token = {"Authorization": f"Bearer {made.scim.token}"}
    with _serving("wsgi:application", directory, kind, {"DOORWARD_DATABASE_URL": url}, path="/readyz") as server:
        processes = [server.master, *([postmaster(postgres)] if postgres is not None and kind == "postgresql" else [])]
        yield Target(OURS[kind], server.port, root, _client(people), token, processes, database=kind)


@contextmanager
def _serving(
    application: str, directory: Path, name: str, environment: Mapping[str, str], *, path: str
) -> Iterator[GunicornServer]:
    settings = {
        "DOORWARD_DATABASE_URL": f"sqlite:///{directory}/unused.db",
        "DOORWARD_SECRET_KEYS": SECRET_KEY,
        "DOORWARD_WORKERS": str(_WORKERS),
        "DOORWARD_LOG_FORMAT": "json",
        "DOORWARD_SCIM_REQUESTS_PER_SECOND": "0",
        **environment,
    }
    log = directory / f"{name}.log"
    with serving(
        application, environment=settings, log=log, arguments=_ARGUMENTS, path=path, seconds=_START_SECONDS
    ) as server:
        yield server


def _client(people: Population) -> Client:
    return Client(people, random.Random(SEED))


def fill(made: Provisioned, users: int) -> Population:
    """Push users and groups through the product's own storage, many in one transaction, while the directory decides."""
    with made.organization.world.transactions.reading() as unit:
        endpoint = endpoint_of(read_directory(unit, made.organization.id, made.directory_id))
    storage = DirectoryStorage(made.organization.world.transactions, endpoint, writes=True)
    ids: list[str] = []
    for start in range(0, users, _CHUNK):
        with provider(), storage.operation():
            ids += [_add(storage, "User", user_body(n)) for n in range(start, min(start + _CHUNK, users))]
    with provider(), storage.operation():
        small = _add(storage, "Group", group_body("Small", ids[:SMALL_GROUP]))
        large = _add(storage, "Group", group_body("Large", ids))
    return Population(ids, small, large)


def _add(storage: DirectoryStorage, name: str, body: dict[str, Any]) -> str:
    resource_type = load_default_resource_types()[name]
    resource = model_of(resource_type).model_validate(body, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    return storage.add(resource_type, resource).id

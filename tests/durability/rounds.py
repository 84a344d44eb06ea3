"""Pushes during which processes are killed at random moments, and what is left of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from tests.application import SECRET_KEY, World
from tests.durability import ledger
from tests.durability.pushing import Client, Push, pushing
from tests.durability.serving import GunicornServer, serving
from tests.scenes import provisioned

WORKERS = 2
#: The longest a kill waits after the acknowledgement that chose its moment: a few requests long, so that it falls
#: anywhere inside of one.
_SPREAD_SECONDS = 0.03
_PAGE = 100


@dataclass(frozen=True)
class Scene:
    """A database in which an active directory decides, before anybody is pushed."""

    database_url: str
    organization_id: str
    directory_id: str
    path: str
    token: str
    earlier: frozenset[str]

    @property
    def environment(self) -> dict[str, str]:
        """Settings of a server on this database, but for its address."""
        return {
            "DOORWARD_DATABASE_URL": self.database_url,
            "DOORWARD_SECRET_KEYS": SECRET_KEY,
            "DOORWARD_WORKERS": str(WORKERS),
            "DOORWARD_LOG_FORMAT": "json",
            "DOORWARD_SCIM_REQUESTS_PER_SECOND": "0",
        }

    def problems(self, acknowledged: Mapping[str, str]) -> list[str]:
        """What is lost or half done, seen in the database."""
        found = ledger.read(
            self.database_url,
            organization_id=self.organization_id,
            directory_id=self.directory_id,
            earlier=self.earlier,
        )
        return found.problems(acknowledged, directory_id=self.directory_id)


def scene(world: World, database_url: str) -> Scene:
    """Ada's organization with an active directory, made through the application."""
    made = provisioned(world)
    organization_id = made.organization.id
    earlier = ledger.earlier_ids(world.transactions.database.engine, made.directory_id, organization_id)
    path = made.scim.base_url.removeprefix(world.transactions.ports.base_url)
    return Scene(database_url, organization_id, made.directory_id, path, made.scim.token, earlier)


@dataclass
class Report:
    """What one push with kills left behind."""

    users: int
    kills: int = 0
    acknowledged: int = 0
    cut_off: int = 0
    carried_out: int = 0
    seconds: float = 0.0
    problems: tuple[str, ...] = ()


def kill_workers(scene: Scene, *, directory: Path, seed: int, users: int, kills: int) -> Report:
    """Push users; at each moment kill a worker that is being talked to. Gunicorn replaces it and the push goes on."""
    chance = random.Random(seed)

    def kill(server: GunicornServer, _push: Push) -> list[str]:
        server.kill_worker(chance)
        return []

    return _run(scene, kill, directory=directory, chance=chance, users=users, kills=kills)


def kill_master(scene: Scene, *, directory: Path, seed: int, users: int, kills: int) -> Report:
    """Push users; at each moment kill the master and its workers, look at the database, and start them again."""
    chance = random.Random(seed)

    def kill(server: GunicornServer, push: Push) -> list[str]:
        server.kill_everything()
        problems = scene.problems(push.acknowledged)
        server.start()
        return problems

    return _run(scene, kill, directory=directory, chance=chance, users=users, kills=kills)


def _run(
    scene: Scene,
    kill: Callable[[GunicornServer, Push], list[str]],
    *,
    directory: Path,
    chance: random.Random,
    users: int,
    kills: int,
) -> Report:
    report = Report(users=users)
    began = time.monotonic()
    with _served_push(scene, directory, users) as (server, push):
        problems: list[str] = []
        for moment in moments(chance, users=users, kills=kills):
            push.wait_for(moment)
            push.ended.wait(chance.uniform(0, _SPREAD_SECONDS))
            problems += kill(server, push)
            report.kills += 1
        acknowledged = push.finish()
        problems += scene.problems(acknowledged)
        problems += _unread(server.url + scene.path, scene.token, acknowledged)
    report.acknowledged, report.cut_off, report.carried_out = len(acknowledged), push.cut_off, push.carried_out
    report.problems, report.seconds = tuple(problems), time.monotonic() - began
    return report


@contextmanager
def _served_push(scene: Scene, directory: Path, users: int) -> Iterator[tuple[GunicornServer, Push]]:
    log = directory / "gunicorn.log"
    with (
        serving("wsgi:application", environment=scene.environment, log=log) as server,
        pushing(server.url + scene.path, scene.token, users=users, errors=directory / "push.log") as push,
    ):
        yield server, push


def moments(chance: random.Random, *, users: int, kills: int) -> list[int]:
    """After how many acknowledged users to kill: one random moment in each of as many equal parts of the push."""
    part = (users - 10) // kills  # the last users are left to show that the push was not over
    return [chance.randrange(number * part + 1, (number + 1) * part) for number in range(kills)]


def _unread(base_url: str, token: str, acknowledged: Mapping[str, str]) -> list[str]:
    """Read the directory page by page, as a client does; what does not agree with what was acknowledged."""
    read: dict[str, str] = {}
    total, start = 1, 1
    with closing(Client(base_url, token)) as client:
        while start <= total:
            status, page = client.request("GET", f"/Users?startIndex={start}&count={_PAGE}")
            if status != HTTPStatus.OK:
                return [f"a page was answered {status}: {page}"]
            total, start = page["totalResults"], start + _PAGE
            read |= {one["userName"]: one["id"] for one in page["Resources"]}
    missing = [name for name, id_ in acknowledged.items() if read.get(name) != id_]
    return [f"{name} was acknowledged and is not on any page" for name in missing]

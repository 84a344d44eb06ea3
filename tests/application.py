"""The application under test: the real factory on a fresh migrated database, SQLite and PostgreSQL alike."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from werkzeug.test import Client, TestResponse

from app.factory import Program, create_program
from app.ports.bundle import Ports
from app.ports.clock import Clock
from app.ports.http import Http
from app.ports.randomness import SystemRandomness
from app.ports.sealing import KeyringSealing
from app.rules.actor import OPERATOR
from app.rules.events import STATEMENTS, EventType
from app.services import recovery, worker
from app.services.unit_of_work import Transactions
from app.store import schema
from app.store.database import prepare_engine
from app.store.events import EVENTS
from config.settings import Settings, load_settings
from tests.ports.fakes import HandClock, NoHttp, OneKeyPair, Postbox, Switchboard, ZoneDns
from tests.servers.postgres import PostgresServer
from tests.servers.postgres_recycled import RecycledDatabase

BASE_URL = "https://id.doorward.test"
OPERATOR_TOKEN = "operator-token-for-tests-0123456789abcdef"
SECRET_KEY = "a-secret-key-for-tests-0123456789abcdef"
DATABASES = ("sqlite", "postgresql")
_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def sqlite_template() -> Iterator[Path]:
    """A migrated SQLite file that tests copy. In memory where there is a folder for that: no test pulls the plug, and
    most of the time of one would go into waiting for the disk.
    """
    with tempfile.TemporaryDirectory(prefix="doorward-tests-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        path = Path(folder, "template.db")
        _migrate(f"sqlite:///{path}")
        yield path


@pytest.fixture(scope="session")
def recycled_postgres(postgres: PostgresServer) -> RecycledDatabase:
    """A migrated PostgreSQL database that is emptied for each test."""
    url = postgres.create_database()
    _migrate(url)
    return RecycledDatabase(postgres, template=url.partition("@/")[2].partition("?")[0])


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database with the newest schema; every test that uses it runs on both kinds.

    It is where the last one of its kind was, so that the application of this process serves every test.
    """
    if request.param == "postgresql":
        recycled: RecycledDatabase = request.getfixturevalue("recycled_postgres")
        return recycled.fresh()
    template: Path = request.getfixturevalue("sqlite_template")
    for left in template.parent.glob("doorward.db*"):
        left.unlink()
    return f"sqlite:///{shutil.copy(template, template.with_name('doorward.db'))}"


@dataclass
class World:
    """An application with hands on its outside: clock, mail, DNS, and who answers on the network."""

    program: Program
    clock: HandClock
    post: Postbox
    dns: ZoneDns
    switchboard: Switchboard = field(default_factory=Switchboard)

    @property
    def transactions(self) -> Transactions:
        return self.program.transactions

    def browser(self) -> Browser:
        """A browser with cookies of its own."""
        return Browser(self.program.app.test_client(), self)

    def work(self) -> None:
        """Let the worker do everything that is due."""
        while worker.run_due(self.transactions, self.program.jobs):
            pass

    def deliver(self) -> None:
        """Let the worker send what mail there is, and nothing else."""
        while worker.send_mail(self.transactions):
            pass

    def check_events(self) -> None:
        """Everything that was told is as `rules.events` states it."""
        with self.transactions.reading() as unit:
            told = unit.connection.execute(select(EVENTS.c.type, EVENTS.c.subject, EVENTS.c.data)).all()
        for type_, subject, data in told:
            fault = STATEMENTS[EventType(type_)].fault(subject=subject, data=data)
            assert fault is None, f"{type_}: {fault}"

    def first_admin(self, address: str = "ada@acme.test", organization: str = "Acme") -> Browser:
        """A browser in which the first administrator has just signed in through the start link."""
        with self.program.transactions.writing(OPERATOR) as unit:
            token = recovery.make_link(unit, kind="start")
        browser = self.browser()
        browser.get(f"/start/{token}")
        browser.submit(f"/start/{token}", organization=organization, name="Ada Admin", email=address)
        browser.enter_code(address)
        return browser


@dataclass
class Browser:
    """Just enough of a browser: cookies, same-origin headers, and the form token of the page it is on."""

    client: Client
    world: World
    page: str = ""
    _form_token: str = field(default="", repr=False)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self._keep(
            self.client.get(path, base_url=BASE_URL, headers={"Sec-Fetch-Site": "same-origin", **headers})
        )

    def submit(self, path: str, **fields: str) -> TestResponse:
        """Post a form of the page this browser is on."""
        return self._post(path, {"form_token": self._form_token, **fields})

    def upload(self, path: str, file: str, document: bytes, **fields: str) -> TestResponse:
        """The same with a file that was chosen."""
        chosen = (BytesIO(document), "document.xml")
        return self._post(path, {"form_token": self._form_token, file: chosen, **fields})

    def _post(self, path: str, data: dict[str, Any]) -> TestResponse:
        answer = self.client.post(path, base_url=BASE_URL, data=data, headers={"Sec-Fetch-Site": "same-origin"})
        return self._keep(answer)

    def submit_as_planned(self, path: str, **fields: str) -> TestResponse:
        """Look at what a form would do, then post it from there; `confirm` is what is typed there."""
        typed = {name: fields.pop(name) for name in ("confirm",) if name in fields}
        shown = self.submit(f"{path}?dry_run=true", **fields)
        assert shown.status_code == 200, shown.text
        found = re.search(r'name="plan_hash" value="([^"]+)"', shown.text)
        return self.submit(path, plan_hash=found.group(1) if found else "", **fields, **typed)

    def enter_code(self, address: str, **fields: str) -> TestResponse:
        """Type the code that was mailed."""
        self.world.deliver()
        action = re.findall(r'action="(/sign-in/code[^"]*)"', self.page)[-1]
        return self.submit(action, code=self.world.post.code_for(address), **fields)

    def sign_in(self, address: str) -> TestResponse:
        """Sign in by email code."""
        self.get("/sign-in")
        self.submit("/sign-in", email=address)
        return self.enter_code(address)

    def _keep(self, answer: TestResponse) -> TestResponse:
        if answer.headers.get("Location", "").startswith("/sign-in/continue"):
            return self.get(answer.headers["Location"])  # where a sign-in asks for more
        if answer.mimetype == "text/html":
            self.page = answer.text
            found = re.search(r'name="form_token" value="([^"]+)"', self.page)
            self._form_token = found.group(1) if found else self._form_token
        return answer


def led_to(answer: TestResponse) -> str:
    """Where an answer leads, but for the audit entry that the page there can show."""
    return re.sub(r"&entry=aud_[a-z0-9]{26}", "", answer.headers["Location"])


def settings_for(database_url: str, **changes: object) -> Settings:
    """Settings as an operator would set them, for one database."""
    environment = {
        "DOORWARD_DATABASE_URL": database_url,
        "DOORWARD_BASE_URL": BASE_URL,
        "DOORWARD_SECRET_KEYS": SECRET_KEY,
        "DOORWARD_OPERATOR_TOKEN": OPERATOR_TOKEN,
        "DOORWARD_SMTP_URL": "smtp://127.0.0.1:9",
    }
    return load_settings(environment | {f"DOORWARD_{key.upper()}": str(value) for key, value in changes.items()})


@dataclass
class Installed:
    """The applications of this process, one for each kind of database: making one costs more than most tests."""

    worlds: dict[str, World] = field(default_factory=dict)

    def on(self, database_url: str) -> World:
        """The application on a database that is new, with hands that have done nothing yet."""
        if database_url not in self.worlds:
            self.worlds[database_url] = _install(database_url)
        world = self.worlds[database_url]
        world.clock.time = HandClock().time
        world.post.mails.clear()
        world.dns.records.clear()
        world.dns.servers.clear()
        world.switchboard.end = NoHttp()
        return world


def _install(database_url: str) -> World:
    clock, post, dns, switchboard = HandClock(), Postbox(), ZoneDns(), Switchboard()
    ports = ports_for(clock, post, dns, http=switchboard)
    return World(create_program(settings_for(database_url), ports), clock, post, dns, switchboard)


@pytest.fixture(scope="session")
def installed() -> Iterator[Installed]:
    """Every application that tests have asked for."""
    made = Installed()
    yield made
    for world in made.worlds.values():
        world.program.close()


@pytest.fixture
def world(database_url: str, installed: Installed) -> Iterator[World]:
    """The application on a fresh database, on both kinds."""
    made = installed.on(database_url)
    try:
        yield made
        made.check_events()
    finally:
        # What it knows of this database ends with the test: records that wait, connections.
        made.program.request_log.flush()
        made.transactions.database.engine.dispose()


def ports_for(clock: Clock, post: Postbox, dns: ZoneDns, http: Http | None = None) -> Ports:
    """The outside world of a test."""
    return Ports(
        clock=clock,
        randomness=SystemRandomness(),
        dns=dns,
        http=http or NoHttp(),
        post=post,
        sealing=KeyringSealing([SECRET_KEY]),
        key_pairs=OneKeyPair(),
        base_url=BASE_URL,
    )


def _migrate(url: str) -> None:
    engine = prepare_engine(create_engine(url))
    schema.upgrade(engine)
    engine.dispose()

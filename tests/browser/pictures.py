"""The pictures of the documentation: `python -m tests.browser.pictures` takes them from the real pages."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import create_engine

from app.factory import create_program
from app.rules.actor import OPERATOR
from app.services import sessions
from app.store import schema
from app.store.database import prepare_engine
from tests.application import World, ports_for, settings_for
from tests.ports.fakes import HandClock, Postbox, ZoneDns
from tests.scenes import ADA, HOST
from tests.servers.chromium import ARGUMENTS, executable
from tests.servers.doorward import served
from tests.web.settings.scenes import Desk, desk

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PEOPLE = ("grace", "alan", "edsger", "barbara", "donald")


def take_pictures() -> None:
    """Furnish an organization, serve it, and photograph the settings page in both themes."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        url = f"sqlite:///{directory / 'doorward.db'}"
        token = furnish(url)
        with served(directory, url, smtp_url="smtp://127.0.0.1:9") as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
            for theme in ("light", "dark"):
                photograph(browser, server.base_url, token, theme=theme)
            browser.close()


def furnish(url: str) -> str:
    """An organization as it looks after a good day of setting up; the token of its administrator's session."""
    engine = prepare_engine(create_engine(url))
    schema.upgrade(engine)
    engine.dispose()
    clock, post, dns = HandClock(), Postbox(), ZoneDns()  # the forged responses are of that day
    program = create_program(settings_for(url), ports_for(clock, post, dns))
    scene = desk(World(program, clock, post, dns))
    scene.require_single_sign_on()
    clock.time = datetime.now(UTC)
    provision(scene)
    with program.transactions.writing(OPERATOR) as unit:
        token = sessions.open_session(unit, scene.organization.member(ADA), opened_by="single_sign_on")
    program.transactions.database.engine.dispose()
    return token


def provision(scene: Desk) -> None:
    """A directory with a few people and groups, mapped and active."""
    directory_id, scim = scene.organization.add_directory()
    ada = scim.add_user(ADA)
    others = [scim.add_user(f"{name}@{HOST}") for name in PEOPLE]
    scene.organization.map_group(scim.add_group("Doorward Admins", ada, others[0]))
    scim.add_group("Engineering", *others)
    scene.organization.activate_directory(directory_id)


def photograph(browser: Browser, base_url: str, token: str, *, theme: str) -> None:
    """One picture of the whole page."""
    context = browser.new_context(
        base_url=base_url,
        viewport={"width": 1280, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
    )
    cookie = {"name": "__Host-doorward", "value": token, "domain": "127.0.0.1", "path": "/", "secure": True}
    context.add_cookies([cookie])  # type: ignore[list-item]  # Playwright's TypedDict has more optional keys
    page = context.new_page()
    page.goto("/settings/authentication")
    name = "authentication.png" if theme == "light" else "authentication-dark.png"
    page.screenshot(path=IMAGES / name, full_page=True)
    context.close()


if __name__ == "__main__":
    take_pictures()
